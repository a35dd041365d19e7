// SPDX-License-Identifier: Apache-2.0
// Partition tables as sfdisk writes them.
#include "drivers/protocol/partitions.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "drivers/core/process.hpp"
#include "tests/drivers/run_task.hpp"

namespace hilltop::drivers {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::uint64_t disk_bytes = 16 << 20;

/// The first bytes of a disk that sfdisk has partitioned.
std::string partitioned(std::string_view script) {
  const tests::TemporaryDir dir;
  const auto disk = dir.path() / "disk.img";
  std::ofstream(disk).close();
  std::filesystem::resize_file(disk, disk_bytes);
  std::ofstream(dir.path() / "script") << script;
  tests::Worker worker;
  // sfdisk reads its standard input, and tools are run without one: `sh` is this test's way to give it a file.
  Command command({"sh", "-c", "PATH=$PATH:/sbin:/usr/sbin sfdisk -q \"$0\" <\"$1\"", disk, dir.path() / "script"});
  const auto ran = worker.run(run_tool_checked(std::move(command), Deadline::after(std::chrono::seconds(20))));
  EXPECT_TRUE(ran) << ran.error().text;
  std::string head(partition_table_bytes, '\0');
  std::ifstream(disk, std::ios::binary).read(head.data(), static_cast<std::streamsize>(head.size()));
  return head;
}

TEST(Partitions, OfAnMbr) {
  const auto found =
      read_partitions(partitioned("label: dos\nstart=2048,size=4096,type=c\nstart=8192,type=83\n"), disk_bytes);
  ASSERT_TRUE(found) << found.error().text;
  ASSERT_EQ(found->size(), 2u);
  EXPECT_EQ((*found)[0].number, 1);
  EXPECT_EQ((*found)[0].start, 1u << 20);
  EXPECT_EQ((*found)[0].size, 2u << 20);
  EXPECT_EQ((*found)[0].type, "0c");
  EXPECT_EQ((*found)[1].start + (*found)[1].size, disk_bytes);
}

constexpr auto gpt = R"(label: gpt
start=2048,size=4096,type=C12A7328-F81F-11D2-BA4B-00C93EC93B04,name=EFI
start=8192,size=8192,type=0FC63DAF-8483-4772-8E79-3D69D8477DE4,name="root file system"
)";

TEST(Partitions, OfAGpt) {
  const auto found = read_partitions(partitioned(gpt), disk_bytes);
  ASSERT_TRUE(found) << found.error().text;
  ASSERT_EQ(found->size(), 2u);
  EXPECT_EQ((*found)[0].type, "C12A7328-F81F-11D2-BA4B-00C93EC93B04");
  EXPECT_EQ((*found)[0].name, "EFI");
  EXPECT_EQ((*found)[1].name, "root file system");
  EXPECT_EQ((*found)[1].start, 4u << 20);
  EXPECT_EQ((*found)[1].size, 4u << 20);
}

TEST(Partitions, ADamagedGptIsToldFromNone) {
  const auto whole = partitioned(gpt);
  const auto text_with = [&](std::size_t at) {
    auto broken = whole;
    broken[at] = static_cast<char>(broken[at] ^ 1);
    const auto found = read_partitions(broken, disk_bytes);
    return found ? std::string() : found.error().text;
  };
  EXPECT_THAT(text_with(512 + 40), HasSubstr("header does not agree"));
  EXPECT_THAT(text_with(1024 + 40), HasSubstr("entries does not agree"));
  EXPECT_THAT(text_with(512), HasSubstr("the GPT is missing"));
  EXPECT_THAT(read_partitions(whole, 1 << 20).error().text, HasSubstr("and the disk 2048"));
}

TEST(Partitions, AnMbrWhosePartitionsAreWrong) {
  auto head = partitioned("label: dos\nstart=2048,size=4096,type=c\nstart=8192,type=83\n");
  EXPECT_THAT(read_partitions(head, 2 << 20).error().text, HasSubstr("partition 1 ends beyond the disk"));
  head[446 + 16 + 9] = 0x08;  // the second one begins at 0x800
  EXPECT_THAT(read_partitions(head, disk_bytes).error().text, HasSubstr("overlap"));
}

TEST(Partitions, NoTableIsNoError) {
  for (const auto& head :
       {std::string(), std::string(partition_table_bytes, '\0'), std::string(partition_table_bytes, 'x')}) {
    const auto found = read_partitions(head, disk_bytes);
    ASSERT_TRUE(found);
    EXPECT_THAT(*found, IsEmpty());
  }
}

}  // namespace
}  // namespace hilltop::drivers
