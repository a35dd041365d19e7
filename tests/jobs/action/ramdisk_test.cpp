// SPDX-License-Identifier: Apache-2.0
// Ramdisks on their way to a board, held against cpio, gzip, xz and tar.
#include "jobs/action/ramdisk.hpp"

#include <gmock/gmock.h>

#include <fstream>

#include "tests/support/pipeline_bench.hpp"
#include "tests/support/tools.hpp"

namespace hilltop::jobs {
namespace {

namespace fs = std::filesystem;
using test::read_file;
using test::sh;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class Ramdisks : public ::testing::Test {
 protected:
  Ramdisks() {
    sh("mkdir -p root/usr/lib root/etc && ln -s usr/lib root/lib && echo kept > root/etc/name && "
       "cd root && find . | sort | busybox cpio -o -H newc 2>/dev/null > ../rd.cpio");
    sh("mkdir -p mods/lib/modules/6.1 && echo ko > mods/lib/modules/6.1/a.ko && ln -s /usr/src/linux "
       "mods/lib/modules/6.1/build && tar -C mods -cJf modules.tar.xz ./lib");
    testshell::Overlay tree{"/lava-1", {}};
    tree.entries.push_back({.path = "lava-1", .kind = testshell::OverlayEntry::Kind::folder, .mode = 0755});
    tree.entries.push_back({.path = "lava-1/environment", .bytes = "export A=1\n", .size = 11});
    overlay = std::make_shared<const testshell::Overlay>(std::move(tree));
  }

  std::string sh(const std::string& script) { return test::sh(dir.path, script); }
  Ramdisk ramdisk(const std::string& name, Compression compression) {
    Ramdisk out;
    out.file = dir.path / name;
    out.compression = compression;
    return out;
  }
  /// The names that `cpio` finds in what follows the first `skip` bytes.
  std::string names_after(const fs::path& file, std::uint64_t skip, const std::string& unpack = "cat") {
    return sh("tail -c +" + std::to_string(skip + 1) + " " + file.string() + " | " + unpack +
              " | busybox cpio -it 2>/dev/null");
  }
  static std::uint64_t padded(std::uint64_t size) { return (size + 3) / 4 * 4; }

  test::ScratchDir dir;
  std::shared_ptr<const testshell::Overlay> overlay;
};

TEST_F(Ramdisks, ACompressedOneStaysAsItIsAndGetsArchivesBehindIt) {
  for (const auto& [packer, compression] :
       std::vector<std::pair<std::string, Compression>>{{"gzip", Compression::gz},
                                                        {"bzip2", Compression::bz2},
                                                        {"zstd -q", Compression::zstd},
                                                        {"xz --check=crc32", Compression::xz}}) {
    SCOPED_TRACE(packer);
    sh(packer + " -c < rd.cpio > rd.packed");
    const auto before = read_file(dir.path / "rd.packed");
    auto rd = ramdisk("rd.packed", compression);
    rd.overlay = overlay;
    const auto done = make_ramdisk(rd, Deadline::never());
    ASSERT_TRUE(done) << done.error().text;
    EXPECT_THAT(read_file(rd.file), StartsWith(before));
    EXPECT_EQ(names_after(rd.file, padded(before.size())), "lava-1\nlava-1/environment\n");
  }
}

TEST_F(Ramdisks, ModulesGoWhereTheLinkInTheRootLeads) {
  sh("gzip -n < rd.cpio > rd.gz");
  const auto before = read_file(dir.path / "rd.gz");
  auto rd = ramdisk("rd.gz", Compression::gz);
  rd.modules = dir.path / "modules.tar.xz";
  rd.modules_compression = Compression::xz;
  const auto done = make_ramdisk(rd, Deadline::never());
  ASSERT_TRUE(done) << done.error().text;
  EXPECT_THAT(*done, ElementsAre(HasSubstr("modules added: 4 files")));
  const auto names = names_after(rd.file, padded(before.size()), "gzip -dc");
  EXPECT_EQ(names, "usr/lib/modules\nusr/lib/modules/6.1\nusr/lib/modules/6.1/a.ko\nusr/lib/modules/6.1/build\n");
  // As a kernel does: one archive over the other.
  sh("mkdir out && (cd out && busybox cpio -idm 2>/dev/null < ../rd.cpio && tail -c +" +
     std::to_string(padded(before.size()) + 1) + " ../rd.gz | gzip -dc | busybox cpio -idmu 2>/dev/null)");
  EXPECT_EQ(sh("cat out/lib/modules/6.1/a.ko && readlink out/lib/modules/6.1/build out/lib"),
            "ko\n/usr/src/linux\nusr/lib\n");
}

TEST_F(Ramdisks, FoldersThatTheModulesNeedAreMade) {
  sh("tar -C mods -cf flat.tar lib/modules/6.1/a.ko && "
     "mkdir bare && cd bare && echo | busybox cpio -o -H newc 2>/dev/null > ../bare.cpio");
  auto rd = ramdisk("bare.cpio", Compression::none);
  const auto before = read_file(rd.file);
  rd.modules = dir.path / "flat.tar";
  const auto done = make_ramdisk(rd, Deadline::never());
  ASSERT_TRUE(done) << done.error().text;
  EXPECT_EQ(names_after(rd.file, padded(before.size())), "lib\nlib/modules\nlib/modules/6.1\nlib/modules/6.1/a.ko\n");
}

TEST_F(Ramdisks, AnXzCheckThatNoKernelKnowsIsTakenOff) {
  sh("xz --check=crc64 -c < rd.cpio > rd.xz");
  auto rd = ramdisk("rd.xz", Compression::xz);
  const auto done = make_ramdisk(rd, Deadline::never());
  ASSERT_TRUE(done) << done.error().text;
  EXPECT_THAT(*done, ElementsAre(HasSubstr("unpacked")));
  EXPECT_EQ(read_file(rd.file), read_file(dir.path / "rd.cpio"));
}

TEST_F(Ramdisks, WhatTheJobSaysOfItsCompressionIsHeldAgainstIt) {
  auto rd = ramdisk("rd.cpio", Compression::gz);
  const auto done = make_ramdisk(rd, Deadline::never());
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().blame, Blame::job);
  EXPECT_THAT(done.error().text, HasSubstr("not compressed in the way that the job says"));
}

TEST_F(Ramdisks, ABadArchiveOfModulesIsTheJobsMistake) {
  auto rd = ramdisk("rd.cpio", Compression::none);
  rd.modules = dir.path / "rd.cpio";
  rd.modules_compression = Compression::xz;
  const auto done = make_ramdisk(rd, Deadline::never());
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().blame, Blame::job);
  EXPECT_THAT(done.error().text, StartsWith("modules: "));
}

TEST_F(Ramdisks, UbootsHeaderIsTakenOffAndPutOnAgain) {
  sh("gzip -n < rd.cpio > rd.gz");
  const auto inner = read_file(dir.path / "rd.gz");
  ASSERT_TRUE(add_legacy_header(dir.path / "rd.gz", dir.path / "rd.uboot", LegacyArch::arm64, Deadline::never()));
  auto rd = ramdisk("rd.uboot", Compression::gz);
  rd.overlay = overlay;
  rd.arch = LegacyArch::arm64;
  const auto done = make_ramdisk(rd, Deadline::never());
  ASSERT_TRUE(done) << done.error().text;
  const auto now = read_file(rd.file);
  EXPECT_TRUE(is_legacy_header(now));
  EXPECT_THAT(now.substr(legacy_header_bytes), StartsWith(inner));
  EXPECT_EQ(names_after(rd.file, legacy_header_bytes + padded(inner.size())), "lava-1\nlava-1/environment\n");
}

TEST_F(Ramdisks, OneThatNothingIsAddedToIsLeftAlone) {
  dir.write("any", "neither cpio nor anything");
  const auto done = make_ramdisk(ramdisk("any", Compression::none), Deadline::never());
  EXPECT_TRUE(done) << done.error().text;
  EXPECT_EQ(read_file(dir.path / "any"), "neither cpio nor anything");
}

}  // namespace
}  // namespace hilltop::jobs
