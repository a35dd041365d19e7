// SPDX-License-Identifier: Apache-2.0
#include "controller/scheduler.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <random>

namespace hilltop::controller {
namespace {

Slot slot(std::string name, std::string type = "t", std::vector<std::string> tags = {}) {
  Slot out;
  out.name = std::move(name);
  out.type = std::move(type);
  out.worker = "local";
  out.tags = std::move(tags);
  out.state = BoardState::idle;
  out.health = BoardHealth::good;
  return out;
}

Request request(std::uint64_t id, std::uint32_t priority = 50, std::vector<std::string> tags = {},
                std::string type = "t") {
  Request out;
  out.id = id;
  out.type = std::move(type);
  out.tags = std::move(tags);
  out.priority = priority;
  return out;
}

void set_state(Scheduler& s, const std::string& board, BoardState state) {
  auto changed = *s.board(board);
  changed.state = state;
  s.put(changed);
}

using Grants = std::vector<Grant>;

TEST(Scheduler, GrantsByPriorityThenAge) {
  Scheduler s;
  s.add(request(1, 10));
  s.add(request(2, 50));
  s.add(request(3, 50));
  EXPECT_TRUE(s.grant().empty());
  s.put(slot("b"));
  EXPECT_EQ(s.grant(), (Grants{{2, "b"}}));
  EXPECT_TRUE(s.grant().empty()) << "a leased board is not granted again";
  set_state(s, "b", BoardState::idle);
  EXPECT_EQ(s.grant(), (Grants{{3, "b"}}));
  set_state(s, "b", BoardState::idle);
  EXPECT_EQ(s.grant(), (Grants{{1, "b"}}));
}

TEST(Scheduler, TagsMustAllBeThere) {
  Scheduler s;
  s.put(slot("plain"));
  s.add(request(1, 50, {"usb", "can"}));
  EXPECT_TRUE(s.grant().empty());
  s.put(slot("both", "t", {"can", "usb", "x"}));
  EXPECT_EQ(s.grant(), (Grants{{1, "both"}}));
}

TEST(Scheduler, LeavesTheSpecialBoardForThoseWhoNeedIt) {
  Scheduler s;
  s.put(slot("a-special", "t", {"can"}));
  s.put(slot("b-plain"));
  s.add(request(1));
  s.add(request(2, 50, {"can"}));
  EXPECT_EQ(s.grant(), (Grants{{1, "b-plain"}, {2, "a-special"}}));
}

TEST(Scheduler, APinnedBoardIsWaitedFor) {
  Scheduler s;
  s.put(slot("b1"));
  set_state(s, "b1", BoardState::leased);
  s.put(slot("b2"));
  auto pinned = request(1);
  pinned.board = "b1";
  s.add(pinned);
  EXPECT_TRUE(s.grant().empty());
  set_state(s, "b1", BoardState::idle);
  EXPECT_EQ(s.grant(), (Grants{{1, "b1"}}));
}

TEST(Scheduler, AnAvoidedBoardIsTakenWhenThereIsNoOther) {
  Scheduler s;
  s.put(slot("b1"));
  s.put(slot("b2"));
  set_state(s, "b2", BoardState::leased);
  auto again = request(1);
  again.avoid = "b1";
  s.add(again);
  EXPECT_TRUE(s.grant().empty()) << "b2 will fall free";
  auto broken = *s.board("b2");
  broken.health = BoardHealth::bad;
  s.put(broken);
  EXPECT_EQ(s.grant(), (Grants{{1, "b1"}}));
}

TEST(Scheduler, UnfitBoardsAreNotGranted) {
  for (const auto health : {BoardHealth::suspect, BoardHealth::bad, BoardHealth::maintenance, BoardHealth::retired}) {
    Scheduler s;
    auto unfit = slot("b");
    unfit.health = health;
    unfit.reason = "no echo";
    s.put(unfit);
    s.add(request(1));
    EXPECT_TRUE(s.grant().empty()) << to_string(health);
    if (health != BoardHealth::retired)
      EXPECT_NE(s.waiting_for(1).find("no echo"), std::string::npos) << s.waiting_for(1);
  }
}

TEST(Scheduler, SaysWhatIsWaitedFor) {
  Scheduler s;
  auto busy = slot("b1", "t", {"usb"});
  busy.state = BoardState::leased;
  busy.holder = "ann";
  busy.busy_until = *from_rfc3339("2026-11-20T14:05:00Z");
  s.put(busy);
  s.add(request(1, 50, {"usb"}));
  EXPECT_EQ(s.waiting_for(1), "a board of type t with tag usb: b1 leased by ann until 14:05 UTC");
  EXPECT_EQ(s.waiting_for(2), "");
}

TEST(Scheduler, SaysWhatIsMissing) {
  Scheduler s;
  s.put(slot("b1", "t", {"usb"}));
  EXPECT_TRUE(s.can_ever_run(request(1, 50, {"usb"})));
  const auto tags = s.can_ever_run(request(1, 50, {"can"}));
  ASSERT_FALSE(tags);
  EXPECT_EQ(tags.error().text, "the lab has no board of type t with tag can; it has b1 [usb]");
  EXPECT_EQ(s.can_ever_run(request(1, 50, {}, "u")).error().text, "the lab has no such board: a board of type u");
  auto retired = *s.board("b1");
  retired.health = BoardHealth::retired;
  s.put(retired);
  EXPECT_NE(s.can_ever_run(request(1)).error().text.find("retired"), std::string::npos);
}

/// A random farm under random events, against what must always hold.
class SchedulerProperties : public ::testing::TestWithParam<unsigned> {};

TEST_P(SchedulerProperties, OneLeaseABoardInOrderAndNobodyStarves) {
  std::mt19937 random(GetParam());
  const auto upto = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  const std::vector<std::string> all_tags = {"a", "b"};
  Scheduler s;
  std::map<std::string, std::uint64_t> holder;  // board -> request
  std::map<std::uint64_t, Request> waiting;
  for (int i = 0; i < 5; ++i) {
    std::vector<std::string> tags;
    for (const auto& tag : all_tags)
      if (upto(2)) tags.push_back(tag);
    s.put(slot("b" + std::to_string(i), upto(2) ? "t" : "u", tags));
  }
  const auto suits = [&](const Slot& board, const Request& r) {
    return board.type == r.type && std::ranges::all_of(r.tags, [&](const auto& t) {
             return std::ranges::find(board.tags, t) != board.tags.end();
           });
  };
  std::uint64_t next = 1;
  for (int step = 0; step < 2000; ++step) {
    switch (upto(4)) {
      case 0:
      case 1: {
        auto r = request(next++, static_cast<std::uint32_t>(upto(3)), {}, upto(2) ? "t" : "u");
        if (upto(3) == 0) r.tags.push_back(all_tags[static_cast<std::size_t>(upto(2))]);
        waiting[r.id] = r;
        s.add(r);
        break;
      }
      case 2:
        if (!holder.empty()) {
          const auto board = std::next(holder.begin(), upto(static_cast<int>(holder.size())))->first;
          holder.erase(board);
          set_state(s, board, BoardState::idle);
        }
        break;
      default:
        if (!waiting.empty() && upto(4) == 0) {
          const auto gone = std::next(waiting.begin(), upto(static_cast<int>(waiting.size())))->first;
          waiting.erase(gone);
          s.remove(gone);
        }
    }
    for (const auto& grant : s.grant()) {
      ASSERT_FALSE(holder.contains(grant.board)) << "two leases of one board";
      ASSERT_TRUE(waiting.contains(grant.request));
      const auto granted = waiting.at(grant.request);
      ASSERT_TRUE(suits(*s.board(grant.board), granted));
      for (const auto& [id, other] : waiting)
        if (suits(*s.board(grant.board), other) && other.priority == granted.priority && id < granted.id) {
          // An older equal may only be passed over when it got another board in the same round.
          ASSERT_FALSE(s.waits(id)) << id << " was passed over by " << granted.id;
        } else if (suits(*s.board(grant.board), other) && other.priority > granted.priority) {
          ASSERT_FALSE(s.waits(id)) << id << " has the higher priority than " << granted.id;
        }
      holder[grant.board] = grant.request;
      waiting.erase(grant.request);
    }
    for (int i = 0; i < 5; ++i) {
      const auto& board = *s.board("b" + std::to_string(i));
      if (board.state != BoardState::idle) continue;
      for (const auto& [id, r] : waiting)
        ASSERT_FALSE(suits(board, r)) << "board " << board.name << " idles while " << id << " waits";
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, SchedulerProperties, ::testing::Range(1U, 21U));

TEST(Scheduler, TenThousandWaitWithoutHarm) {
  Scheduler s;
  for (int i = 0; i < 100; ++i) {
    s.put(slot("b" + std::to_string(i), "t" + std::to_string(i % 10)));
    set_state(s, "b" + std::to_string(i), BoardState::leased);
  }
  for (std::uint64_t id = 1; id <= 10'000; ++id) s.add(request(id, 50, {}, "t" + std::to_string(id % 10)));
  EXPECT_TRUE(s.grant().empty());
  const auto begin = std::chrono::steady_clock::now();
  std::size_t granted = 0;
  for (int round = 0; round < 1000; ++round) {
    set_state(s, "b" + std::to_string(round % 100), BoardState::idle);
    granted += s.grant().size();
  }
  EXPECT_EQ(granted, 1000U);
  // 10 ms is what a freed board may take; a thousand of them take far less than that each, even on a loaded machine.
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(10));
}

}  // namespace
}  // namespace hilltop::controller
