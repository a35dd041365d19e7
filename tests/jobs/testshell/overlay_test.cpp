// SPDX-License-Identifier: Apache-2.0
#include "jobs/testshell/overlay.hpp"

#include <archive.h>
#include <archive_entry.h>
#include <gmock/gmock.h>

#include <algorithm>

#include "drivers/core/process.hpp"
#include "jobs/action/unpack.hpp"
#include "jobs/testshell/overlay_delivery.hpp"
#include "tests/drivers/run_task.hpp"
#include "tests/support/pipeline_bench.hpp"

namespace hilltop::jobs::testshell {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string content(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// An overlay with a fetched repository in it.
class Overlays : public ::testing::Test {
 protected:
  Overlays() {
    definition_.name = "smoke";
    definition_.path = "smoke.yaml";
    definition_.parameters = {{"WHO", "it's me"}};
    fs::create_directories(scratch_.path / "repo/.git/objects");
    fs::create_directories(scratch_.path / "repo/automated");
    scratch_.write("repo/.git/HEAD", "ref: refs/heads/main\n");
    scratch_.write("repo/automated/run", "#!/bin/sh\necho automated\n");
    scratch_.write("repo/big", std::string(300'001, 'b'));
    fs::permissions(scratch_.path / "repo/automated/run", fs::perms::owner_all);
    fs::create_symlink("automated/run", scratch_.path / "repo/link");
    Suite suite;
    suite.definition = &definition_;
    suite.script.name = "smoke";
    suite.script.steps = {"lava-test-case a --shell true"};
    suite.script.text = "metadata: {}\n";
    suite.id = "0_smoke";
    suite.uuid = "42_1.1";
    suite.repository = scratch_.path / "repo";
    input_ = {"/lava-42", {{"LAVA_JOB_ID", "42"}, {"CITY", "New York"}}, {{"TOKEN", "a'b"}}, {{suite}}};
  }
  Overlay overlay() { return build_overlay(input_).value(); }
  static const OverlayEntry* find(const Overlay& in, const std::string& path) {
    const auto found = std::ranges::find(in.entries, path, &OverlayEntry::path);
    return found == in.entries.end() ? nullptr : &*found;
  }

  test::ScratchDir scratch_;
  TestDefinition definition_;
  OverlayInput input_;
};

TEST_F(Overlays, HaveEverythingInItsPlace) {
  const auto tree = overlay();
  ASSERT_NE(find(tree, "lava-42/0/lava-test-runner.conf"), nullptr);
  EXPECT_EQ(find(tree, "lava-42/0/lava-test-runner.conf")->bytes, "/lava-42/0/tests/0_smoke\n");
  EXPECT_EQ(find(tree, "lava-42/environment")->bytes, "export LAVA_JOB_ID=42\nexport CITY='New York'\n");
  EXPECT_EQ(find(tree, "lava-42/secrets")->bytes, "TOKEN='a'\\''b'\n");
  EXPECT_EQ(find(tree, "lava-42/secrets")->mode, 0600U);
  EXPECT_EQ(find(tree, "lava-42/bin/lava-test-case")->mode, 0755U);
  EXPECT_EQ(find(tree, "lava-42/0/tests/0_smoke/uuid")->bytes, "42_1.1\n");
  EXPECT_EQ(find(tree, "lava-42/0/tests/0_smoke/automated/run")->mode, 0755U);
  EXPECT_EQ(find(tree, "lava-42/0/tests/0_smoke/link")->kind, OverlayEntry::Kind::link);
  EXPECT_EQ(find(tree, "lava-42/0/tests/0_smoke/install.sh"), nullptr);
  EXPECT_NE(find(tree, "lava-42/0/tests/0_smoke/.git/HEAD"), nullptr);
  EXPECT_THAT(find(tree, "lava-42/0/tests/0_smoke/run.sh")->bytes, HasSubstr("WHO='it'\\''s me'\n"));
  std::set<std::string> seen{""};
  for (const auto& entry : tree.entries) {
    const auto slash = entry.path.rfind('/');
    EXPECT_TRUE(seen.contains(slash == std::string::npos ? "" : entry.path.substr(0, slash))) << entry.path;
    seen.insert(entry.path);
  }
}

TEST_F(Overlays, LeaveHistoryOutWhenAsked) {
  definition_.history = false;
  EXPECT_EQ(find(overlay(), "lava-42/0/tests/0_smoke/.git/HEAD"), nullptr);
}

TEST_F(Overlays, ATarFileUnpacksToTheSame) {
  const auto tree = overlay();
  for (const auto compression : {Compression::none, Compression::gz, Compression::zstd}) {
    const auto to = scratch_.path / "overlay.tar";
    ASSERT_TRUE(write_overlay_tar(tree, to, compression, Deadline::after(20s)));
    const auto root = scratch_.path / "root";
    fs::remove_all(root);
    ASSERT_TRUE(unpack_tar(to, compression, root, UnpackLimits{}, Deadline::after(20s)));
    EXPECT_EQ(content(root / "lava-42/0/tests/0_smoke/big"), std::string(300'001, 'b'));
    EXPECT_EQ(fs::read_symlink(root / "lava-42/0/tests/0_smoke/link"), "automated/run");
    EXPECT_EQ(content(root / "lava-42/environment"), find(tree, "lava-42/environment")->bytes);
  }
}

/// Reads a cpio archive as libarchive does. Value: "path mode size" of its members.
std::vector<std::string> members(const fs::path& path) {
  std::vector<std::string> out;
  archive* a = archive_read_new();
  archive_read_support_format_cpio(a);
  archive_read_support_filter_gzip(a);
  EXPECT_EQ(archive_read_open_filename(a, path.c_str(), 4096), ARCHIVE_OK);
  for (archive_entry* entry = nullptr; archive_read_next_header(a, &entry) == ARCHIVE_OK;)
    out.push_back(archive_entry_pathname(entry));
  archive_read_free(a);
  return out;
}

TEST_F(Overlays, ACpioSegmentHoldsAllOfIt) {
  const auto tree = overlay();
  const auto to = scratch_.path / "overlay.cpio";
  ASSERT_TRUE(write_overlay_cpio(tree, to, Deadline::after(20s)));
  std::vector<std::string> wanted;
  for (const auto& entry : tree.entries) wanted.push_back(entry.path);
  EXPECT_EQ(members(to), wanted);
  EXPECT_EQ(fs::file_size(to) % 4, 0U);
}

TEST_F(Overlays, ARamdiskIsLeftAsItIsAndGetsASegment) {
  const auto tree = overlay();
  const auto segment = scratch_.path / "segment";
  ASSERT_TRUE(write_overlay_cpio(tree, segment, Deadline::after(20s)));
  const auto ramdisk = scratch_.write("ramdisk", std::string("\x1f\x8b") + "compressed, 21 bytes");
  const auto to = scratch_.path / "with";
  ASSERT_TRUE(append_overlay_cpio(tree, ramdisk, to, Compression::none, Deadline::after(20s)));
  const auto all = content(to);
  EXPECT_TRUE(all.starts_with(content(ramdisk)));
  EXPECT_EQ(all.substr(24), content(segment));  // 22 bytes, and two zeros: the kernel looks at multiples of four
  ASSERT_TRUE(append_overlay_cpio(tree, ramdisk, to, Compression::gz, Deadline::after(20s)));
  EXPECT_EQ(content(to).substr(24, 2), "\x1f\x8b");
  const auto lz4 = scratch_.write("lz4", std::string("\x02\x21\x4c\x18") + "blocks");
  ASSERT_TRUE(append_overlay_cpio(tree, lz4, to, Compression::gz, Deadline::after(20s)));
  EXPECT_TRUE(content(to).starts_with(content(segment)));
  const auto image = scratch_.write("uImage", "\x27\x05\x19\x56 legacy");
  const auto refused = append_overlay_cpio(tree, image, to, Compression::none, Deadline::after(20s));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().blame, Blame::job);
}

TEST_F(Overlays, GoIntoAFileSystemWithoutMountingIt) {
  tests::Worker worker;
  const auto image = scratch_.path / "root.ext4";
  ASSERT_TRUE(worker.run(
      run_tool_checked(Command({"mke2fs", "-q", "-F", "-t", "ext4", image.string(), "16M"}), Deadline::after(20s))));
  const auto tree = std::make_shared<const Overlay>(overlay());
  const auto done = worker.run(inject_overlay_ext4(tree, image, 0, scratch_.path / "stage", Deadline::after(60s)));
  ASSERT_TRUE(done) << done.error().text;
  const auto stat = worker.run(run_tool_checked(
      Command({"debugfs", "-R", "stat /lava-42/bin/lava-test-case", image.string()}), Deadline::after(20s)));
  ASSERT_TRUE(stat);
  EXPECT_THAT(stat->text, HasSubstr("Mode:  0755"));
  const auto check = worker.run(run_tool(Command({"e2fsck", "-fn", image.string()}), Deadline::after(20s)));
  ASSERT_TRUE(check);
  EXPECT_EQ(check->status, 0) << check->text;
}

TEST_F(Overlays, GoIntoAPartitionOfADiskImage) {
  tests::Worker worker;
  const auto part = scratch_.path / "part";
  ASSERT_TRUE(worker.run(
      run_tool_checked(Command({"mke2fs", "-q", "-F", "-t", "ext4", part.string(), "16M"}), Deadline::after(20s))));
  std::string mbr(1 << 20, '\0');
  mbr[446 + 4] = '\x83';
  mbr[446 + 9] = 8;          // from sector 2048 ...
  mbr[446 + 13] = '\x80';  // ... 32768 of them
  mbr[510] = '\x55', mbr[511] = '\xaa';
  const auto disk = scratch_.write("disk", mbr + content(part));
  EXPECT_EQ(partition_offset(disk, 1).value(), 1U << 20);
  EXPECT_FALSE(partition_offset(disk, 2));
  const auto tree = std::make_shared<const Overlay>(overlay());
  const auto done = worker.run(inject_overlay_ext4(tree, disk, 1, scratch_.path / "stage", Deadline::after(60s)));
  ASSERT_TRUE(done) << done.error().text;
  const auto none = worker.run(inject_overlay_ext4(tree, disk, 0, scratch_.path / "stage", Deadline::after(60s)));
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().blame, Blame::job);
}

TEST_F(Overlays, AFullFileSystemIsTheJobsMistake) {
  tests::Worker worker;
  const auto image = scratch_.path / "small.ext4";
  ASSERT_TRUE(worker.run(
      run_tool_checked(Command({"mke2fs", "-q", "-F", "-t", "ext2", image.string(), "150k"}), Deadline::after(20s))));
  const auto tree = std::make_shared<const Overlay>(overlay());
  const auto done = worker.run(inject_overlay_ext4(tree, image, 0, scratch_.path / "stage", Deadline::after(60s)));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().blame, Blame::job) << done.error().text;
}

TEST_F(Overlays, ADriveOfItsOwnHasThemAtItsRoot) {
  tests::Worker worker;
  const auto image = scratch_.path / "drive";
  const auto tree = std::make_shared<const Overlay>(overlay());
  const auto done = worker.run(make_overlay_drive(tree, image, scratch_.path / "stage", Deadline::after(60s)));
  ASSERT_TRUE(done) << done.error().text;
  const auto list =
      worker.run(run_tool_checked(Command({"debugfs", "-R", "ls -p /", image.string()}), Deadline::after(20s)));
  ASSERT_TRUE(list);
  EXPECT_THAT(list->text, HasSubstr("/environment/"));
}

TEST(ShellWords, AreQuotedWhereTheyHaveToBe) {
  EXPECT_EQ(shell_quoted("plain-1.0/x"), "plain-1.0/x");
  EXPECT_EQ(shell_quoted(""), "''");
  EXPECT_EQ(shell_quoted("a b$c"), "'a b$c'");
  EXPECT_EQ(shell_quoted("it's"), "'it'\\''s'");
}

}  // namespace
}  // namespace hilltop::jobs::testshell
