// SPDX-License-Identifier: Apache-2.0
#include "drivers/protocol/image.hpp"

#include <gtest/gtest.h>

namespace hilltop::drivers {
namespace {

const std::vector<MemoryRange> map{{"flash", 0x0, 0x1000, MemoryRange::Kind::flash},
                                   {"more", 0x1000, 0x1000, MemoryRange::Kind::flash},
                                   {"uicr", 0x10001000, 0x400, MemoryRange::Kind::absent},
                                   {"ram", 0x20000000, 0x1000, MemoryRange::Kind::ram}};

Image image(std::string name, std::vector<Segment> segments) { return Image{std::move(name), std::move(segments), {}}; }

TEST(Arranged, SortsAndJoinsWhatTouches) {
  const auto got = arranged(image("a", {{4, "ef"}, {0, "abcd"}, {9, ""}, {16, "z"}}));
  ASSERT_TRUE(got);
  EXPECT_EQ(got->segments, (std::vector<Segment>{{0, "abcdef"}, {16, "z"}}));
  EXPECT_EQ(got->size(), 7u);
}

TEST(Arranged, RefusesOverlapsAndTheEndOfTheAddressSpace) {
  EXPECT_FALSE(arranged(image("a", {{0, "abcd"}, {3, "x"}})));
  EXPECT_FALSE(arranged(image("a", {{~0ull, "ab"}})));
  EXPECT_FALSE(arranged(image("a", {})));
}

TEST(CheckFit, TakesImagesBesideEachOtherAndAcrossTouchingMemories) {
  EXPECT_TRUE(check_fit({image("a", {{0xff0, std::string(0x20, 'x')}}), image("b", {{0x20000000, "y"}})}, map));
}

TEST(CheckFit, NamesBothImagesThatOverlap) {
  const auto fit = check_fit({image("secure.hex", {{0, "abcd"}}), image("nonsecure.hex", {{3, "x"}})}, map);
  ASSERT_FALSE(fit);
  EXPECT_EQ(fit.error().code, Errc::bad_input);
  EXPECT_EQ(fit.error().blame, Blame::job);
  EXPECT_EQ(fit.error().text, "images secure.hex and nonsecure.hex overlap at 0x3");
}

TEST(CheckFit, NamesTheAddressAndTheBoardsMemory) {
  const auto fit = check_fit({image("a.elf", {{0x1ff0, std::string(0x20, 'x')}})}, map);
  ASSERT_FALSE(fit);
  EXPECT_TRUE(fit.error().text.contains("no memory at 0x2000")) << fit.error().text;
  EXPECT_TRUE(fit.error().text.contains("flash 0x0-0xfff")) << fit.error().text;
}

TEST(WithoutAbsent, DropsOnlyWhatTheEmulatorHasNot) {
  const auto kept = without_absent({image("a", {{0xffe, "abcd"}, {0x10001000, "uicr"}, {0x20000000, "r"}})}, map);
  EXPECT_EQ(kept.front().segments, (std::vector<Segment>{{0xffe, "ab"}, {0x1000, "cd"}, {0x20000000, "r"}}));
}

TEST(ReadRaw, NeedsBytes) {
  EXPECT_FALSE(read_raw("", 0, "empty.bin"));
  EXPECT_EQ(read_raw("ab", 8, "x")->segments.front(), (Segment{8, "ab"}));
}

}  // namespace
}  // namespace hilltop::drivers
