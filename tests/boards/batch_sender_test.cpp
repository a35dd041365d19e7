// SPDX-License-Identifier: Apache-2.0
#include "boards/batch_sender.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <utility>
#include <vector>

namespace hilltop::boards {
namespace {

/// Two ends of a stream.
struct Pair {
  Pair() { EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0); }
  ~Pair() {
    for (const int fd : ends)
      if (fd >= 0) ::close(fd);
  }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;
  [[nodiscard]] std::string receive() const {
    std::string out(1 << 20, '\0');
    const auto n = ::recv(ends[1], out.data(), out.size(), MSG_DONTWAIT);
    out.resize(n < 0 ? 0 : static_cast<std::size_t>(n));
    return out;
  }
  std::array<int, 2> ends{-1, -1};
};

class BatchSenderTest : public ::testing::TestWithParam<bool> {
 protected:
  std::unique_ptr<BatchSender> sender_ = GetParam() ? BatchSender::make() : BatchSender::plain();
};

TEST_P(BatchSenderTest, EveryoneGetsItsBytes) {
  std::vector<Pair> pairs(300);  // more than go into one call
  const std::string text = "encoded once";
  for (int round = 0; round < 3; ++round) {
    std::vector<BatchSender::Item> items;
    for (std::size_t i = 0; i < pairs.size(); ++i)
      items.push_back({pairs[i].ends[0], std::string_view(text).substr(0, 1 + i % text.size()), -1});
    sender_->send(items);
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      ASSERT_EQ(items[i].sent, static_cast<std::int64_t>(items[i].bytes.size()));
      ASSERT_EQ(pairs[i].receive(), items[i].bytes);
    }
  }
}

TEST_P(BatchSenderTest, AFullSocketTakesAPartAndIsNotWaitedFor) {
  std::vector<Pair> pairs(8);
  const std::string much(4 << 20, 'x');
  std::vector<BatchSender::Item> items;
  for (auto& pair : pairs) items.push_back({pair.ends[0], "short", 0});
  items[3].bytes = much;
  sender_->send(items);
  EXPECT_GT(items[3].sent, 0);
  EXPECT_LT(items[3].sent, static_cast<std::int64_t>(much.size()));
  sender_->send(items);
  EXPECT_EQ(items[3].sent, 0) << "no room";
  EXPECT_EQ(items[4].sent, 5);
}

TEST_P(BatchSenderTest, AnErrorIsOfItsItemAlone) {
  std::vector<Pair> pairs(6);
  ::close(std::exchange(pairs[1].ends[1], -1));
  std::vector<BatchSender::Item> items;
  for (auto& pair : pairs) items.push_back({pair.ends[0], "x", 0});
  sender_->send(items);  // a SIGPIPE would end the test
  for (std::size_t i = 0; i < items.size(); ++i) EXPECT_EQ(items[i].sent, i == 1 ? -EPIPE : 1) << i;
}

INSTANTIATE_TEST_SUITE_P(Ways, BatchSenderTest, ::testing::Bool(),
                         [](const auto& way) -> std::string { return way.param ? "AsTheKernelOffers" : "Plain"; });

}  // namespace
}  // namespace hilltop::boards
