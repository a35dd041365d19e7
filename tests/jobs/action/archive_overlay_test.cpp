// SPDX-License-Identifier: Apache-2.0
// What jobs lay over images: tar files and single files, into file systems, archives and partitions, read back by tar,
// debugfs, e2fsck and zip's own writers.
#include "jobs/action/archive_overlay.hpp"

#include <gmock/gmock.h>

#include "jobs/action/sparse_image.hpp"
#include "tests/support/tools.hpp"
#include "tests/support/uboot_board.hpp"

namespace hilltop::jobs {
namespace {

namespace fs = std::filesystem;
using test::read_file;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testshell::OverlayEntry;

class ArchiveOverlays : public ::testing::Test {
 protected:
  std::string sh(const std::string& script) { return test::sh(dir.path, script); }
  Result<testshell::Overlay> read_tar(const std::string& name, const std::string& below = "/",
                                      Compression compression = Compression::none) {
    return overlay_of_tar(dir.path / name, compression, below, dir.path / "members", {}, Deadline::never());
  }
  static std::vector<std::string> paths(const testshell::Overlay& overlay) {
    std::vector<std::string> out;
    for (const auto& entry : overlay.entries) out.push_back(entry.path);
    return out;
  }
  test::ScratchDir dir;
};

TEST_F(ArchiveOverlays, ATarFileIsReadAsItIs) {
  sh("mkdir -p t/bin && echo one > t/bin/a && chmod 4755 t/bin/a && ln t/bin/a t/bin/b && ln -s /absolute t/bin/c && "
     "tar -C t -czf t.tar.gz .");
  const auto overlay = read_tar("t.tar.gz", "/usr/", Compression::gz);
  ASSERT_TRUE(overlay) << overlay.error().text;
  EXPECT_THAT(paths(*overlay), ElementsAre("usr", "usr/bin", "usr/bin/a", "usr/bin/b", "usr/bin/c"));
  EXPECT_EQ(overlay->entries[2].mode, 04755U);
  EXPECT_EQ(read_file(overlay->entries[2].from), "one\n");
  EXPECT_EQ(read_file(overlay->entries[3].from), "one\n");
  EXPECT_EQ(overlay->entries[4].bytes, "/absolute");
}

TEST_F(ArchiveOverlays, AMemberThatLeadsOutIsRefused) {
  sh("mkdir t && echo x > outside && tar -C t -P -cf t.tar ../outside");
  const auto overlay = read_tar("t.tar", "/opt");
  ASSERT_FALSE(overlay);
  EXPECT_EQ(overlay.error().code, Errc::denied);
  EXPECT_EQ(overlay.error().blame, Blame::job);
  sh("mkfifo fifo && tar -cf f.tar fifo");
  EXPECT_FALSE(read_tar("f.tar"));
}

TEST_F(ArchiveOverlays, AnotherTarFileGrowsByThem) {
  for (const char* format : {"gnu", "pax", "ustar"}) {
    SCOPED_TRACE(format);
    sh("rm -rf t o && mkdir -p t/etc && echo old > t/etc/name && echo stays > t/etc/other && "
       "head -c 70000 /dev/urandom > t/big && tar --format=" +
       std::string(format) + " -C t -cf image.tar .");
    dir.write("new", "new\n");
    const auto overlay = overlay_of_file(dir.path / "new", "/etc/name");
    ASSERT_TRUE(overlay);
    const auto done = append_overlay_tar(*overlay, dir.path / "image.tar", Deadline::never());
    ASSERT_TRUE(done) << done.error().text;
    EXPECT_EQ(sh("mkdir o && tar -C o -xf image.tar && cat o/etc/name o/etc/other && cmp t/big o/big"), "new\nstays\n");
  }
  const auto tar = read_file(dir.path / "image.tar");
  for (const auto& bytes : {std::string(2000, 'x'), tar.substr(0, tar.size() / 2), tar.substr(0, 700), std::string()}) {
    dir.write("no.tar", bytes);
    const auto wrong = append_overlay_tar({"", {}}, dir.path / "no.tar", Deadline::never());
    ASSERT_FALSE(wrong);
    EXPECT_EQ(wrong.error().blame, Blame::job);
    EXPECT_EQ(read_file(dir.path / "no.tar"), bytes) << "it is as it was";
  }
}

TEST_F(ArchiveOverlays, AFileGoesToItsPathOrFolder) {
  dir.write("tool.sh", "x");
  EXPECT_EQ(overlay_of_file(dir.path / "tool.sh", "/usr/bin/")->entries[0].path, "usr/bin/tool.sh");
  EXPECT_EQ(overlay_of_file(dir.path / "tool.sh", "/usr/bin/tool")->entries[0].path, "usr/bin/tool");
}

std::string little(std::uint64_t value, int bytes) {
  std::string out;
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i) & 0xff);
  return out;
}
std::string chunk(std::uint16_t kind, std::uint32_t blocks, const std::string& data) {
  return little(kind, 2) + little(0, 2) + little(blocks, 4) + little(12 + data.size(), 4) + data;
}
std::string sparse(std::uint32_t blocks, std::uint32_t chunks, const std::string& rest, std::uint32_t block = 4096) {
  return little(0xed26ff3a, 4) + little(1, 2) + little(0, 2) + little(28, 2) + little(12, 2) + little(block, 4) +
         little(blocks, 4) + little(chunks, 4) + little(0, 4) + rest;
}

TEST_F(ArchiveOverlays, ASparseImageBecomesTheRawOne) {
  const std::string data(8192, 'd');
  const auto file = dir.write("s.img", sparse(6, 4,
                                              chunk(0xcac1, 2, data) + chunk(0xcac2, 1, "abcd") + chunk(0xcac3, 3, "") +
                                                  chunk(0xcac4, 0, "....")));
  const auto was = expand_sparse_image(file, Deadline::never());
  ASSERT_TRUE(was) << was.error().text;
  EXPECT_TRUE(*was);
  std::string filled;
  while (filled.size() < 4096) filled += "abcd";
  EXPECT_EQ(read_file(file), data + filled + std::string(3 * 4096, '\0'));
  EXPECT_FALSE(*expand_sparse_image(file, Deadline::never())) << "it is raw now";
}

TEST_F(ArchiveOverlays, ADamagedSparseImageIsTheJobsMistake) {
  for (const auto& text : {sparse(1, 1, ""), sparse(1, 1, chunk(0xcac1, 2, std::string(8192, 'x'))),
                           sparse(2, 1, chunk(0xcac1, 1, std::string(4096, 'x'))), sparse(1, 1, chunk(0xbad, 1, "")),
                           sparse(0xffffffff, 1, chunk(0xcac3, 0xffffffff, "")), sparse(0, 0, "").substr(0, 20),
                           sparse(1, 1, chunk(0xcac2, 1, "abcd"), 0xfffffffc)}) {
    const auto file = dir.write("s.img", text);
    const auto was = expand_sparse_image(file, Deadline::never());
    ASSERT_FALSE(was);
    EXPECT_EQ(was.error().code, Errc::bad_input);
    EXPECT_EQ(was.error().blame, Blame::job);
    EXPECT_EQ(read_file(file), text) << "it is as it was";
  }
}

TEST_F(ArchiveOverlays, AZipFileHoldsOneFile) {
  sh("echo inside > a && cp a b && python3 -m zipfile -c one.zip a && python3 -m zipfile -c two.zip a b");
  const auto to = dir.path / "out";
  ASSERT_TRUE(decompress(dir.path / "one.zip", Compression::zip, to, {}, Deadline::never()));
  EXPECT_EQ(read_file(to), "inside\n");
  EXPECT_FALSE(decompress(dir.path / "two.zip", Compression::zip, to, {}, Deadline::never()));
  EXPECT_FALSE(decompress(dir.path / "a", Compression::zip, to, {}, Deadline::never()));
}

/// A disk as Debian's are: a GPT, a small first partition, and a root with /lib -> usr/lib.
class DiskImages : public ::testing::Test {
 protected:
  DiskImages() {
    Diagnostics ignored;
    bench.board->own_type().drivers = read_yaml("{emulator: {drives: {disk: {interface: virtio}}}}", "type", ignored);
    bench.artifacts.files["http://lab/disk"] = bench.dir.path / "disk.img";
    sh("mkdir -p root/usr/lib/modules root/etc root/tmp && chmod 1777 root/tmp && ln -s usr/lib root/lib && "
       "echo old > root/etc/hostname && truncate -s 12M fs.img && mke2fs -q -t ext4 -d root fs.img && "
       "truncate -s 20M disk.img && printf 'label: gpt\\nstart=2048,size=2048\\nstart=6144,size=24576\\n' | "
       "sfdisk -q disk.img && dd if=fs.img of=disk.img bs=512 seek=6144 conv=notrunc status=none");
    sh("mkdir -p m/lib/modules/6.1 && echo ko > m/lib/modules/6.1/a.ko && tar -C m -cJf m.tar.xz lib && echo new > "
       "name");
    bench.artifacts.files["http://lab/m.tar.xz"] = bench.dir.path / "m.tar.xz";
    bench.artifacts.files["http://lab/name"] = bench.dir.path / "name";
  }
  std::string sh(const std::string& script) { return test::sh(bench.dir.path, script); }
  /// `more` are keys of the image `disk`.
  Outcome deploy(const std::string& more) {
    return bench.run(
        "- deploy:\n    to: tmpfs\n    images:\n      disk:\n        url: http://lab/disk\n        format: ext4\n" +
        more +
        "        overlays:\n          modules: {url: 'http://lab/m.tar.xz', format: tar, compression: xz, path: /}\n"
        "          hostname: {url: 'http://lab/name', format: file, path: /etc/hostname}\n"
        "          deep: {url: 'http://lab/name', format: file, path: /opt/a/b/}\n");
  }
  /// What debugfs says of the partition's file system in the image that the board gets.
  std::string debugfs(const std::string& request, const std::string& image = "job/common/disk/disk") {
    return sh("debugfs -R '" + request + "' '" + image + "?offset=3145728' 2>/dev/null");
  }
  test::UbootBench bench;
};

TEST_F(DiskImages, FilesGoIntoAPartitionAndTheFileSystemStaysSound) {
  const auto out = deploy("        partition: 1\n");
  EXPECT_EQ(out.verdict, Verdict::pass) << out.reason;
  EXPECT_EQ(debugfs("cat /usr/lib/modules/6.1/a.ko"), "ko\n");
  EXPECT_EQ(debugfs("cat /etc/hostname"), "new\n");
  EXPECT_EQ(debugfs("cat /opt/a/b/name"), "new\n");
  EXPECT_THAT(debugfs("stat /lib"), HasSubstr("Type: symlink"));
  EXPECT_THAT(debugfs("stat /tmp"), HasSubstr("Mode:  01777"));
  sh("dd if=job/common/disk/disk of=part.img bs=512 skip=6144 count=24576 status=none && e2fsck -fn part.img");
}

TEST_F(DiskImages, ALinkCannotGiveOrdersToDebugfs) {
  sh("printf secret > s && ln -s \"$(printf 'x\\nwrite %s /stolen\\nx' $PWD/s)\" m/evil && tar -C m -cJf m.tar.xz "
     "evil");
  const auto out = deploy("        partition: 1\n");
  EXPECT_EQ(out.blame, Blame::job);
  EXPECT_THAT(out.reason, HasSubstr("a name or a link's target has a line end in it"));
  EXPECT_EQ(debugfs("cat /stolen"), "");
}

TEST_F(DiskImages, AQcow2ImageStaysOne) {
  sh("qemu-img convert -O qcow2 disk.img disk.qcow2 && mv disk.qcow2 disk.img");
  const auto out = deploy("        partition: 1\n");
  EXPECT_EQ(out.verdict, Verdict::pass) << out.reason;
  sh("qemu-img info job/common/disk/disk | grep -q 'file format: qcow2' && "
     "qemu-img convert -O raw job/common/disk/disk back.img");
  EXPECT_EQ(debugfs("cat /etc/hostname", "back.img"), "new\n");
}

TEST_F(DiskImages, AnImageThatNamesOtherFilesIsRefused) {
  sh("echo secret > /dev/null; mv disk.img base.img && qemu-img create -q -f qcow2 -F raw -b $PWD/base.img disk.img");
  const auto out = deploy("        partition: 1\n");
  EXPECT_EQ(out.blame, Blame::job);
  EXPECT_THAT(out.reason, HasSubstr("disk: the qcow2 image refers to another file"));
}

TEST_F(DiskImages, AWrongPartitionIsSaidWithThoseThatThereAre) {
  for (const auto& [partition, why] : std::vector<std::pair<std::string, std::string>>{
           {"", "the image is a disk and no file system: say which `partition` (counted from 0, it has 0, 1)"},
           {"        partition: 0\n",
            "disk: partition 0 (at byte 1048576) has no ext2, ext3 or ext4 file system; the image has the partitions "
            "0, 1"},
           {"        partition: 2\n", "the image has no partition 2: counted from 0, it has 0, 1"}}) {
    const auto out = deploy(partition);
    EXPECT_EQ(out.verdict, Verdict::incomplete);
    EXPECT_EQ(out.blame, Blame::job);
    EXPECT_THAT(out.reason, HasSubstr(why));
  }
}

TEST_F(DiskImages, AFullFileSystemIsTheJobsMistake) {
  sh("head -c 14000000 /dev/urandom > name");
  const auto out = deploy("        partition: 1\n");
  EXPECT_EQ(out.verdict, Verdict::incomplete);
  EXPECT_EQ(out.blame, Blame::job);
  EXPECT_THAT(out.reason, HasSubstr("disk: the image's file system is full"));
}

}  // namespace
}  // namespace hilltop::jobs
