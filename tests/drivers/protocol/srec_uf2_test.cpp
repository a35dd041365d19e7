// SPDX-License-Identifier: Apache-2.0
// S-records beside binutils, UF2 beside blocks that are put together here as the specification has them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <random>
#include <sstream>

#include "drivers/core/process.hpp"
#include "drivers/protocol/intel_hex.hpp"
#include "drivers/protocol/srec.hpp"
#include "drivers/protocol/uf2.hpp"
#include "tests/drivers/run_task.hpp"

namespace hilltop::drivers {
namespace {

using testing::HasSubstr;

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in) << path;
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

std::string random_bytes(std::size_t size) {
  std::mt19937 random(size);
  std::string out(size, '\0');
  for (auto& c : out) c = static_cast<char>(random());
  return out;
}

/// What objcopy makes of `bytes` at `address`, with more options.
std::string objcopied(const std::string& bytes, std::string_view format, const std::string& address,
                      std::vector<std::string> options = {}) {
  const tests::TemporaryDir dir;
  const auto in = dir.path() / "in.bin";
  const auto out = dir.path() / "out";
  std::ofstream(in, std::ios::binary) << bytes;
  Command command({"arm-none-eabi-objcopy", "-I", "binary", "-O", std::string(format), "--change-addresses", address});
  command.argv.insert(command.argv.end(), options.begin(), options.end());
  command.argv.insert(command.argv.end(), {in, out});
  tests::Worker worker;
  const auto ran = worker.run(run_tool_checked(std::move(command), Deadline::after(std::chrono::seconds(20))));
  EXPECT_TRUE(ran) << ran.error().text;
  return read_file(out);
}

TEST(Srec, ReadsWhatObjcopyWritesInEachAddressWidth) {
  for (const auto* address : {"0x100", "0x123456", "0x8000000"}) {
    const auto bytes = random_bytes(5000);
    const auto image = read_srec(objcopied(bytes, "srec", address), "x.srec");
    ASSERT_TRUE(image) << image.error().text;
    ASSERT_EQ(image->segments.size(), 1u) << address;
    EXPECT_EQ(image->segments[0].address, std::stoul(address, nullptr, 16));
    EXPECT_EQ(image->segments[0].bytes, bytes);
  }
}

TEST(Srec, AndIntelHexOfTheSameBytesAreTheSameImage) {
  const auto bytes = random_bytes(70'000);
  const auto srec = read_srec(objcopied(bytes, "srec", "0x1000", {"--srec-forceS3"}), "x");
  const auto hex = read_intel_hex(objcopied(bytes, "ihex", "0x1000"), "x");
  ASSERT_TRUE(srec);
  ASSERT_TRUE(hex);
  EXPECT_EQ(srec->segments, hex->segments);
}

TEST(Srec, TellsTheLineAndWhatIsWrongWithIt) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"S1050010AABB85\nS9030000FC\n", ""},
      {"S1050010AABB86\nS9030000FC\n", "x:1: the checksum does not agree"},
      {"S1060010AABB84\nS9030000FC\n", "x:1: the record's length does not agree with its length field"},
      {"S0030000FC\r\nS4030000FC\r\n", "x:2: record type S4 is not known"},
      {"S1050010AABB85\nS5030002FA\nS9030000FC\n", "x:2: it counts 2 data records, and 1 are there"},
      {"S1050010AABB85\n", "the end record (S7, S8 or S9) is missing"},
      {"S1050010AABB85\nS9030000FC\nS0030000FC\n", "x:3: something follows the end record"},
      {"S1050010AABB85\nS1050011AABB84\nS9030000FC\n", "x: the data for 0x11 is there twice"},
      {"S9030000FC\n", "x: holds no data"},
      {"hello\n", "x:1: a record begins with 'S'"},
  };
  for (const auto& [text, complaint] : cases) {
    const auto image = read_srec(text, "x");
    EXPECT_EQ(image.has_value(), complaint.empty()) << text;
    if (!image) EXPECT_THAT(image.error().text, HasSubstr(complaint)) << text;
  }
}

TEST(Srec, EntryIsTheAddressOfTheEndRecord) {
  EXPECT_EQ(read_srec("S1050010AABB85\nS9030010EC\n", "x")->entry, 0x10u);
  EXPECT_FALSE(read_srec("S1050010AABB85\nS9030000FC\n", "x")->entry);
}

void append_le(std::string& out, std::uint32_t value) {
  for (int i = 0; i < 4; ++i) out += static_cast<char>(value >> 8 * i & 0xff);
}

struct Uf2Block {
  std::uint32_t flags = 0x2000;
  std::uint32_t address = 0x10000000;
  std::uint32_t length = 256;
  std::uint32_t number = 0;
  std::uint32_t count = 1;
  std::uint32_t family = 0xe48bff56;  // RP2040
  char fill = 'a';

  [[nodiscard]] std::string bytes() const {
    std::string out;
    for (const auto word : {0x0A324655u, 0x9E5D5157u, flags, address, length, number, count, family})
      append_le(out, word);
    out.resize(508, fill);
    append_le(out, 0x0AB16F30u);
    return out;
  }
};

TEST(Uf2, JoinsItsBlocksInWhateverOrderTheyAre) {
  const auto file =
      Uf2Block{.address = 0x10000100, .number = 1, .count = 2, .fill = 'b'}.bytes() + Uf2Block{.count = 2}.bytes();
  const auto image = read_uf2(file, "x.uf2");
  ASSERT_TRUE(image) << image.error().text;
  ASSERT_EQ(image->segments.size(), 1u);
  EXPECT_EQ(image->segments[0].address, 0x10000000u);
  EXPECT_EQ(image->segments[0].bytes, std::string(256, 'a') + std::string(256, 'b'));
  EXPECT_EQ(image->name, "x.uf2");
  EXPECT_TRUE(is_uf2(file));
}

TEST(Uf2, OneFamilyOfSeveralMustBeNamed) {
  const auto file = Uf2Block{}.bytes() + Uf2Block{.family = 0xada52840, .fill = 'n'}.bytes();
  const auto none = read_uf2(file, "x");
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().text, HasSubstr("0xada52840, 0xe48bff56"));
  const auto nordic = read_uf2(file, "x", 0xada52840);
  ASSERT_TRUE(nordic);
  EXPECT_EQ(nordic->segments[0].bytes, std::string(256, 'n'));
  EXPECT_EQ(read_uf2(file, "x", 1).error().code, Errc::not_found);
}

TEST(Uf2, LeavesOutWhatIsNotForTheMainFlash) {
  const auto file =
      Uf2Block{.count = 2}.bytes() + Uf2Block{.flags = 0x2001, .address = 0x10000100, .number = 1, .count = 2}.bytes();
  EXPECT_EQ(read_uf2(file, "x")->size(), 256u);
}

TEST(Uf2, RefusesWhatIsNotWhole) {
  auto broken = Uf2Block{}.bytes();
  broken[511] = 0;
  const std::pair<std::string, std::string_view> cases[] = {
      {"", "no whole number of 512-byte blocks"},
      {Uf2Block{}.bytes().substr(0, 511), "no whole number of 512-byte blocks"},
      {broken, "x: block 0: its magic numbers are missing"},
      {Uf2Block{.count = 2}.bytes(), "the file is cut off"},
      {Uf2Block{.count = 2}.bytes() + Uf2Block{.count = 2}.bytes(), "x: block 1: number 0 is there twice"},
      {Uf2Block{.length = 477}.bytes(), "it claims 477 bytes"},
      {Uf2Block{.number = 1}.bytes(), "it is number 1 of 1"},
      {Uf2Block{.flags = 0x1000}.bytes(), "it holds files"},
      {Uf2Block{.count = 2}.bytes() + Uf2Block{.address = 0x10000080, .number = 1, .count = 2}.bytes(),
       "is there twice"},
  };
  for (const auto& [file, complaint] : cases) {
    const auto image = read_uf2(file, "x");
    ASSERT_FALSE(image) << complaint;
    EXPECT_THAT(image.error().text, HasSubstr(complaint));
  }
}

TEST(Images, OfDifferentFormatsThatOverlapAreFoundBeforeAnythingIsTouched) {
  const auto boot = read_srec("S1050010AABB85\nS9030000FC\n", "boot.srec");
  const auto application = read_uf2(Uf2Block{.address = 0x11}.bytes(), "application.uf2");
  ASSERT_TRUE(boot && application);
  const std::vector<MemoryRange> memories{{.name = "flash", .start = 0, .size = 0x1000}};
  EXPECT_EQ(check_fit({*boot, *application}, memories).error().text,
            "images boot.srec and application.uf2 overlap at 0x11");
}

}  // namespace
}  // namespace hilltop::drivers
