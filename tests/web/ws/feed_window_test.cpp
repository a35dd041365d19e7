// SPDX-License-Identifier: Apache-2.0
#include "web/ws/feed_window.hpp"

#include <gtest/gtest.h>

namespace hilltop::web {
namespace {

using namespace std::chrono_literals;

constexpr FeedFrame::Clock::time_point epoch{};

FeedFrame frame(std::uint64_t offset, std::size_t bytes, std::chrono::nanoseconds at = 0s) {
  return {offset, offset + bytes, epoch + at,
          std::make_shared<const std::string>(make_frame(Opcode::binary, std::string(bytes, 'x')))};
}

/// The offset of the next frame, or nothing.
std::optional<std::uint64_t> next(const FeedWindow& window, std::uint64_t cursor) {
  const auto* found = window.next(cursor);
  return found == nullptr ? std::nullopt : std::optional(found->offset);
}

TEST(FeedWindow, FindsTheFrameOfAByte) {
  FeedWindow window({1000, 2s});
  EXPECT_EQ(next(window, 0), std::nullopt);
  EXPECT_TRUE(window.covers(0));
  for (const std::uint64_t at : {100, 110, 120}) window.push(frame(at, 10));
  EXPECT_EQ(next(window, 100), 100U);
  EXPECT_EQ(next(window, 109), 100U);
  EXPECT_EQ(next(window, 110), 110U);
  EXPECT_EQ(next(window, 129), 120U);
  EXPECT_EQ(next(window, 130), std::nullopt);
  EXPECT_TRUE(window.covers(100));
  EXPECT_FALSE(window.covers(99));
}

TEST(FeedWindow, WhoIsBehindGoesOnWithTheNewest) {
  FeedWindow window({1000, 2s});
  for (const std::uint64_t at : {100, 110, 120}) window.push(frame(at, 10));
  EXPECT_EQ(next(window, 99), 120U);
}

TEST(FeedWindow, BytesThatNeverCameAreSteppedOver) {
  FeedWindow window({1000, 2s});
  window.push(frame(100, 10));
  window.push(frame(150, 10));
  window.push(frame(160, 10));
  EXPECT_EQ(next(window, 110), 150U);
}

TEST(FeedWindow, KeepsSoManyBytes) {
  FeedWindow window({25, 2s});
  for (const std::uint64_t at : {100, 110, 120}) window.push(frame(at, 10));
  EXPECT_FALSE(window.covers(100));
  EXPECT_TRUE(window.covers(110));
  window.push(frame(130, 50));
  EXPECT_TRUE(window.covers(130)) << "the newest stays, however long it is";
  EXPECT_FALSE(window.covers(129));
}

TEST(FeedWindow, KeepsThemForSoLong) {
  FeedWindow window({1000, 2s});
  window.push(frame(100, 10, 0s));
  window.push(frame(110, 10, 1s));
  window.push(frame(120, 10, 2s));
  EXPECT_TRUE(window.covers(100));
  window.push(frame(130, 10, 2500ms));
  EXPECT_FALSE(window.covers(100));
  EXPECT_TRUE(window.covers(110));
  window.push(frame(140, 10, 60s));
  EXPECT_FALSE(window.covers(139));
  EXPECT_TRUE(window.covers(140));
}

TEST(FeedWindow, AFrameKnowsItsBytes) {
  for (const std::size_t n : {1U, 125U, 126U, 65535U, 65536U}) EXPECT_EQ(frame(7, n).bytes(), std::string(n, 'x'));
}

}  // namespace
}  // namespace hilltop::web
