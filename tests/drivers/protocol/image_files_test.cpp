// SPDX-License-Identifier: Apache-2.0
// The readers of image files, beside binutils: what objcopy makes of a file must be what is read from it.
#include <gtest/gtest.h>

#include <fstream>
#include <random>
#include <sstream>

#include "drivers/core/process.hpp"
#include "drivers/protocol/elf.hpp"
#include "drivers/protocol/intel_hex.hpp"
#include "tests/drivers/run_task.hpp"

namespace hilltop::drivers {
namespace {

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in) << path;
  std::ostringstream out;
  out << in.rdbuf();
  return out.str();
}

void write_file(const std::filesystem::path& path, std::string_view bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

/// The bytes from the first to the last address, gaps filled with zeros: what `objcopy -O binary` makes.
std::string flat(const Image& image) {
  const auto start = image.segments.front().address;
  std::string out;
  for (const auto& segment : image.segments) {
    out.resize(segment.address - start, '\0');
    out += segment.bytes;
  }
  return out;
}

void run_tool(std::vector<std::string> argv) {
  tests::Worker worker;
  Command command(std::move(argv));
  const auto ran = worker.run(run_tool_checked(std::move(command), Deadline::after(std::chrono::seconds(20))));
  ASSERT_TRUE(ran) << ran.error().text;
}

void objcopy(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "arm-none-eabi-objcopy");
  run_tool(std::move(arguments));
}

const std::string micropython = "/usr/share/firmware-microbit-micropython/firmware.hex";

TEST(IntelHex, ReadsMicroPythonAsObjcopyDoes) {
  const tests::TemporaryDir dir;
  const auto image = read_intel_hex(read_file(micropython), "firmware.hex");
  ASSERT_TRUE(image) << image.error().text;
  const auto binary = dir.path() / "out.bin";
  // Without the UICR, which is far away from the flash: the flat file would have 256 MiB.
  auto code = *image;
  ASSERT_EQ(code.segments.back().address, 0x100010c0u);
  code.segments.pop_back();
  objcopy({"-I", "ihex", "-O", "binary", "--remove-section=.sec5", micropython, binary.string()});
  EXPECT_EQ(flat(code), read_file(binary));
  EXPECT_GT(code.size(), 200'000u);
}

TEST(IntelHex, ReadsWhatObjcopyWritesAtRandomAddresses) {
  const tests::TemporaryDir dir;
  std::mt19937 random(3);
  for (const std::uint32_t base : {0x0u, 0xfff0u, 0x08000000u, 0x1000fff8u, 0x20000001u}) {
    std::string bytes;
    for (unsigned n = 1 + random() % 70'000; n > 0; --n) bytes += static_cast<char>(random());
    write_file(dir.path() / "in.bin", bytes);
    objcopy({"-I", "binary", "-O", "ihex", "--change-addresses=" + std::to_string(base), dir.path() / "in.bin",
             dir.path() / "out.hex"});
    const auto image = read_intel_hex(read_file(dir.path() / "out.hex"), "out.hex");
    ASSERT_TRUE(image) << image.error().text;
    ASSERT_EQ(image->segments.size(), 1u);
    EXPECT_EQ(image->segments.front().address, base);
    EXPECT_EQ(image->segments.front().bytes, bytes);
  }
}

TEST(IntelHex, SaysWhatIsWrongAndWhere) {
  const auto error = [](std::string_view text) {
    const auto image = read_intel_hex(text, "x.hex");
    EXPECT_FALSE(image);
    return image ? std::string() : image.error().text;
  };
  EXPECT_EQ(error(":0100000041BE\n"), "x.hex: the end-of-file record is missing: the file is cut off");
  EXPECT_EQ(error("\n:0100000041BF\n:00000001FF\n"), "x.hex:2: the checksum does not agree");
  EXPECT_EQ(error("hello\n"), "x.hex:1: a record begins with ':'");
  EXPECT_EQ(error(":01000000zz\n"), "x.hex:1: this is not hexadecimal");
  EXPECT_EQ(error(":0200000041BD\n"), "x.hex:1: the record's length does not agree with its length field");
  EXPECT_EQ(error(":00000006FA\n"), "x.hex:1: record type 06 is not known");
  EXPECT_EQ(error(":00000001FF\n:0100000041BE\n"), "x.hex:2: something follows the end-of-file record");
  EXPECT_EQ(error(":0100000041BE\n:0100000042BD\n:00000001FF\n"), "x.hex: the data for 0x0 is there twice");
  EXPECT_EQ(error(":00000001FF\n"), "x.hex: holds no data");
}

TEST(IntelHex, TakesAnyLineEndAndExtendedSegments) {
  for (const auto* end : {"\n", "\r\n", "\r"}) {
    std::string text;
    for (const auto* line : {":020000021000EC", ":0100000041BE", ":0400000500000009EE", "", ":00000001FF"})
      text += std::string(line) + end;
    const auto image = read_intel_hex(text, "x.hex");
    ASSERT_TRUE(image) << image.error().text;
    EXPECT_EQ(image->segments, (std::vector<Segment>{{0x10000, "A"}}));
    EXPECT_EQ(image->entry, 9u);
  }
}

TEST(Elf, ReadsWhatTheLinkerMadeAsObjcopyDoes) {
  const tests::TemporaryDir dir;
  const auto source = dir.path() / "f.c";
  // .data runs in RAM and waits in flash: its physical address counts.
  write_file(source,
             "int data[4] = {1, 2, 3, 4}; const char text[] = \"text\"; int zero[100]; int main(void) { return data[0] "
             "+ text[0] + zero[1]; }\n");
  write_file(dir.path() / "f.ld",
             "ENTRY(main) MEMORY { flash (rx) : ORIGIN = 0x8000, LENGTH = 64K  ram (rw) : ORIGIN = 0x20000000, LENGTH "
             "= 64K }\n"
             "SECTIONS { .text : { *(.text*) *(.rodata*) } > flash .data : { *(.data*) } > ram AT> flash .bss : { "
             "*(.bss*) } > ram }\n");
  const auto elf = (dir.path() / "f.elf").string();
  run_tool({"arm-none-eabi-gcc", "-mcpu=cortex-m3", "-mthumb", "-nostdlib", "-ffreestanding", "-Wl,--build-id=none",
            "-Wl,--no-warn-rwx-segments", "-T", dir.path() / "f.ld", "-o", elf, source});
  const auto image = read_elf(read_file(elf), "f.elf");
  ASSERT_TRUE(image) << image.error().text;
  objcopy({"-O", "binary", elf, dir.path() / "f.bin"});
  EXPECT_EQ(image->segments.front().address, 0x8000u);
  EXPECT_EQ(flat(*image), read_file(dir.path() / "f.bin"));
}

TEST(Elf, Reads64Bit) {
  // This very program is one, linked at no fixed address.
  const auto image = read_elf(read_file("/proc/self/exe"), "self");
  ASSERT_TRUE(image) << image.error().text;
  EXPECT_TRUE(
      image->segments.front().bytes.starts_with("\x7f"
                                                "ELF"));
}

TEST(Elf, RefusesGarbageWithClearText) {
  const auto whole = read_file("/proc/self/exe").substr(0, 4096);
  const auto error = [](std::string bytes) {
    const auto image = read_elf(bytes, "x.elf");
    EXPECT_FALSE(image);
    return image ? std::string() : image.error().text;
  };
  EXPECT_EQ(error("hello"), "x.elf: this is no ELF file");
  EXPECT_TRUE(error(whole).contains("cut off"));
  auto big = whole;
  big[5] = 2;
  EXPECT_EQ(error(big), "x.elf: big-endian ELF files are not supported");
  auto object = whole;
  object[16] = 1;
  EXPECT_EQ(error(object), "x.elf: ELF type 1 is not an executable");
}

/// No mutation of a file does more than fail: the sanitizers watch.
TEST(ImageFiles, SurviveDamage) {
  std::mt19937 random(11);
  const auto elf = read_file("/bin/true");
  const auto hex = read_file(micropython).substr(0, 4000);
  for (int round = 0; round < 500; ++round) {
    auto damaged = round % 2 == 0 ? elf : hex;
    for (unsigned n = 1 + random() % 8; n > 0; --n)
      damaged[random() % std::min<std::size_t>(damaged.size(), 1024)] = static_cast<char>(random());
    damaged.resize(1 + random() % damaged.size());
    const auto image = round % 2 == 0 ? read_elf(damaged, "x") : read_intel_hex(damaged, "x");
    if (image) EXPECT_FALSE(image->segments.empty());
    if (!image) EXPECT_FALSE(image.error().text.empty());
  }
}

}  // namespace
}  // namespace hilltop::drivers
