// SPDX-License-Identifier: Apache-2.0
#include "web/ws/console_feed.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <nlohmann/json.hpp>
#include <random>
#include <set>

namespace hilltop::web {
namespace {

using nlohmann::json;

/// A line with room for so many bytes, which grows when the test says so.
class SlowSocket final : public WebSocket {
 public:
  explicit SlowSocket(std::size_t room) : room_(room) {}

  Task<Message> read() override { co_return Error(Errc::unavailable, Blame::infrastructure, "nobody"); }
  Task<> write(std::string, bool) override { co_return ok(); }
  Task<> close(std::string) override { co_return ok(); }
  void drop() override {}
  [[nodiscard]] bool is_idle() const override { return !current_; }
  bool offer(FramePtr frame) override {
    if (current_) return false;
    frames.push_back(frame);
    current_ = std::move(frame);
    at_ = 0;
    go_on();
    return true;
  }
  [[nodiscard]] int direct_descriptor() const override { return -1; }
  void sent_directly(FramePtr, std::int64_t) override {}
  void when_idle(std::function<void()> idle) override { idle_ = std::move(idle); }

  void drain(std::size_t bytes) {
    room_ += bytes;
    const bool was_busy = current_ != nullptr;
    go_on();
    if (was_busy && !current_ && idle_) idle_();
  }

  std::string wire;  ///< what the client has
  std::vector<std::weak_ptr<const std::string>> frames;

 private:
  void go_on() {
    if (!current_) return;
    const auto n = std::min(room_, current_->size() - at_);
    wire.append(*current_, at_, n);
    at_ += n;
    room_ -= n;
    if (at_ == current_->size()) current_.reset();
  }
  std::size_t room_;
  FramePtr current_;
  std::size_t at_ = 0;
  std::function<void()> idle_;
};

/// What a client makes of it: the bytes by their offsets, and what it was told is missing.
struct Received {
  std::map<std::uint64_t, std::string> pieces;
  std::uint64_t at = 0, missing = 0, gaps = 0;

  static Received of(std::string_view wire, std::uint64_t from) {
    Received out;
    out.at = from;
    while (wire.size() >= 2) {
      std::size_t size = static_cast<unsigned char>(wire[1]);
      const std::size_t octets = size == 126 ? 2 : size == 127 ? 8 : 0;
      if (wire.size() < 2 + octets) break;
      if (octets > 0) size = 0;
      for (std::size_t i = 0; i < octets; ++i) size = size << 8 | static_cast<unsigned char>(wire[2 + i]);
      if (wire.size() < 2 + octets + size) break;  // half a frame
      out.take(wire[0] == '\x82', std::string(wire.substr(2 + octets, size)));
      wire.remove_prefix(2 + octets + size);
    }
    return out;
  }
  void take(bool binary, std::string data) {
    if (binary) {
      pieces[at] = data;
      at += data.size();
      return;
    }
    const auto gap = json::parse(data).at("gap");
    EXPECT_EQ(gap.at("from"), at);
    EXPECT_EQ(gap.at("bytes"), gap.at("to").get<std::uint64_t>() - at);
    missing += gap.at("to").get<std::uint64_t>() - at;
    at = gap.at("to");
    ++gaps;
  }
  /// Every piece is what `text` has there.
  [[nodiscard]] bool agrees_with(std::string_view text) const {
    return std::ranges::all_of(
        pieces, [&](const auto& one) { return text.substr(one.first, one.second.size()) == one.second; });
  }
};

class ConsoleFeedTest : public ::testing::Test {
 protected:
  ~ConsoleFeedTest() override {
    if (!feed_) return;
    scope_.spawn("stop", ConsoleFeed::stop(feed_));
    run();
  }
  void begin(ConsoleFeed::Options options) {
    auto read = [this](std::uint64_t from, std::uint32_t max, std::uint32_t wait_ms) {
      return read_text(this, from, max, wait_ms);
    };
    feed_ = std::make_shared<ConsoleFeed>(io_.get_executor(), read, boards::BatchSender::plain(), options);
    feed_->start();
    run();
  }
  static ConsoleFeed::Options at_once(std::uint64_t window = 1 << 20) {
    ConsoleFeed::Options options;
    options.frame_clock = 0ns;
    options.window.bytes = window;
    options.window.age = 1h;
    return options;
  }
  void say(std::string_view bytes) {
    text_ += bytes;
    grown_.notify();
    run();
  }
  void run() {
    io_.restart();
    while (io_.poll() > 0) {
    }
  }
  std::shared_ptr<SlowSocket> look(std::size_t room, std::uint64_t from = 0) {
    auto socket = std::make_shared<SlowSocket>(room);
    places_.push_back(feed_->attach(socket, from));
    return socket;
  }
  std::string noise(std::size_t bytes) {
    std::string out(bytes, '\0');
    for (auto& c : out) c = static_cast<char>(random_());
    return out;
  }
  static Task<controller::WorkerReply> read_text(ConsoleFeedTest* self, std::uint64_t from, std::uint32_t max,
                                                 std::uint32_t wait_ms) {
    controller::WorkerReply reply;
    if (from == UINT64_MAX) from = self->text_.size();
    while (wait_ms > 0 && self->text_.size() <= from && !self->broken_)
      HILLTOP_CO_CHECK(co_await self->grown_.wait(Deadline::never()));
    if (self->broken_) co_return *self->broken_;
    reply.offset = std::max(from, self->oldest_);
    if (reply.offset < self->text_.size()) reply.bytes = self->text_.substr(reply.offset, max);
    co_return reply;
  }

  asio::io_context io_{1};
  TaskScope scope_{io_.get_executor(), "test"};
  Event grown_{io_.get_executor()};
  std::string text_;
  std::uint64_t oldest_ = 0;
  std::optional<Error> broken_;
  std::shared_ptr<ConsoleFeed> feed_;
  std::vector<ConsoleFeed::SubscriberPtr> places_;
  std::mt19937 random_{11};
};

TEST_F(ConsoleFeedTest, AFrameIsMadeOnceForAll) {
  begin(at_once());
  auto a = look(1000), b = look(1000);
  const auto keep = std::make_shared<SlowSocket>(3);
  places_.push_back(feed_->attach(keep, 0));
  say("hello");
  EXPECT_EQ(a->wire, "\x82\x05hello");
  EXPECT_EQ(keep->wire, "\x82\x05h");
  EXPECT_EQ(a->frames[0].lock(), b->frames[0].lock());
  EXPECT_EQ(a->frames[0].lock(), keep->frames[0].lock());
}

TEST_F(ConsoleFeedTest, ReadersOfAnySpeedGetEveryByteWhileTheWindowHoldsIt) {
  begin(at_once(1 << 24));
  std::vector<std::shared_ptr<SlowSocket>> sockets;
  std::vector<std::uint64_t> from;
  for (int round = 0; round < 400; ++round) {
    if (round % 10 == 0) {  // somebody comes, from somewhere that the window has
      from.push_back(text_.empty() ? 0 : random_() % text_.size());
      sockets.push_back(look(random_() % 3000, from.back()));
    }
    say(noise(1 + random_() % 2000));
    for (auto& socket : sockets)
      if (random_() % 3 == 0) socket->drain(random_() % 9000);
  }
  for (auto& socket : sockets) socket->drain(1 << 24);
  EXPECT_EQ(feed_->behind(), 0U);
  for (std::size_t i = 0; i < sockets.size(); ++i) {
    const auto got = Received::of(sockets[i]->wire, from[i]);
    EXPECT_EQ(got.at, text_.size());
    EXPECT_EQ(got.missing, 0U);
    EXPECT_TRUE(got.agrees_with(text_));
  }
}

TEST_F(ConsoleFeedTest, WhoIsTooSlowIsToldWhatIsMissing) {
  begin(at_once(8000));
  std::vector<std::shared_ptr<SlowSocket>> sockets;
  for (std::size_t i = 0; i < 30; ++i) sockets.push_back(look(500));
  const auto fast = look(1 << 30);
  for (int round = 0; round < 500; ++round) {
    say(noise(1 + random_() % 1500));
    for (std::size_t i = 0; i < sockets.size(); ++i) sockets[i]->drain(random_() % (100 * (i + 1)));
  }
  EXPECT_EQ(Received::of(fast->wire, 0).missing, 0U);
  EXPECT_EQ(Received::of(fast->wire, 0).at, text_.size());
  std::uint64_t gaps = 0;
  for (auto& socket : sockets) {
    socket->drain(1 << 24);
    const auto got = Received::of(socket->wire, 0);
    EXPECT_EQ(got.at, text_.size()) << "it goes on to the end";
    EXPECT_TRUE(got.agrees_with(text_));
    std::uint64_t bytes = 0;
    for (const auto& [offset, piece] : got.pieces) bytes += piece.size();
    EXPECT_EQ(bytes + got.missing, text_.size()) << "no byte comes twice";
    gaps += got.gaps;
  }
  EXPECT_GT(gaps, 30U);
}

TEST_F(ConsoleFeedTest, WhoFellBehindGoesOnWithTheNewest) {
  begin(at_once(100));
  const auto slow = look(4);
  for (const auto* word : {"first", "second"}) say(word);
  say(std::string(60, 'x'));
  say(std::string(60, 'y'));
  slow->drain(1000);
  EXPECT_EQ(slow->wire,
            "\x82\x05"
            "first" +
                make_frame(Opcode::text, gap_text(5, 71)) + "\x82\x3c" + std::string(60, 'y'));
}

TEST_F(ConsoleFeedTest, OneThatStopsCostsAFrameAndNobodyAnything) {
  auto options = at_once(64 * 1024);
  begin(options);
  std::vector<std::shared_ptr<SlowSocket>> stopped;
  for (int i = 0; i < 8; ++i) stopped.push_back(look(static_cast<std::size_t>(i) * 100));
  const auto watcher = look(1 << 30);
  for (int i = 0; i < 2000; ++i) say(noise(4096));
  std::set<const std::string*> alive;
  std::size_t bytes = 0;
  for (const auto& socket : {stopped[0], stopped[7], watcher})
    for (const auto& frame : socket->frames)
      if (const auto kept = frame.lock(); kept && alive.insert(kept.get()).second) bytes += kept->size();
  EXPECT_LE(bytes, options.window.bytes + stopped.size() * 5000) << "of 8 MB that were said";
  EXPECT_EQ(Received::of(watcher->wire, 0).at, text_.size());
  EXPECT_EQ(Received::of(watcher->wire, 0).missing, 0U);
  EXPECT_EQ(feed_->behind(), stopped.size());
}

TEST_F(ConsoleFeedTest, WhatTheFeedItselfMissedIsAGapForAll) {
  begin(at_once());
  const auto a = look(1000), b = look(3);
  say("one");
  oldest_ = 5;  // the console's window has gone on
  say("twothree");
  b->drain(1000);
  const auto wanted =
      "\x82\x03"
      "one" +
      make_frame(Opcode::text, gap_text(3, 5)) +
      "\x82\x06"
      "othree";
  EXPECT_EQ(a->wire, wanted);
  EXPECT_EQ(b->wire, wanted);
}

TEST_F(ConsoleFeedTest, WhoComesInTheMiddleOfAFrameBeginsThere) {
  begin(at_once());
  say("hello");
  EXPECT_TRUE(feed_->covers(0));
  EXPECT_TRUE(feed_->covers(3));
  const auto late = look(1000, 3);
  EXPECT_EQ(late->wire, "\x82\x02lo");
  say("!");
  EXPECT_EQ(late->wire, "\x82\x02lo\x82\x01!");
}

TEST_F(ConsoleFeedTest, WhatWasSaidBeforeItBeganIsNotItsToTell) {
  text_ = "long ago";
  begin(at_once());
  EXPECT_EQ(feed_->end(), 8U);
  EXPECT_FALSE(feed_->covers(7));
  EXPECT_TRUE(feed_->covers(8));
  say("now");
  EXPECT_FALSE(feed_->covers(7));
  EXPECT_TRUE(feed_->covers(8));
}

TEST_F(ConsoleFeedTest, AConsoleThatTalksOnComesInTheFramesOfItsClock) {
  auto options = at_once();
  options.frame_clock = 50ms;
  options.frame_bytes = 1 << 30;  // a full frame would be sent at once
  begin(options);
  const auto socket = look(1 << 20);
  const auto begun = std::chrono::steady_clock::now();
  std::chrono::steady_clock::duration lasted{};
  for (int i = 0; i < 1'000'000 && lasted < 220ms; ++i) {
    say("x");
    lasted = std::chrono::steady_clock::now() - begun;
  }
  EXPECT_LE(socket->frames.size(), static_cast<std::size_t>(lasted / 50ms) + 1);
  EXPECT_GE(socket->frames.size(), 2U);
}

TEST_F(ConsoleFeedTest, ItsEndIsEverybodys) {
  begin(at_once());
  std::vector<std::string> ends;
  const auto wait = [](std::shared_ptr<ConsoleFeed> feed, std::vector<std::string>* out) -> Task<> {
    const auto ended = co_await ConsoleFeed::until_end(feed);
    out->push_back(ended ? "" : ended.error().text);
    co_return ok();
  };
  scope_.spawn("a", wait(feed_, &ends));
  scope_.spawn("b", wait(feed_, &ends));
  run();
  broken_ = Error(Errc::not_found, Blame::job, "the board is gone");
  say("x");
  EXPECT_EQ(ends, (std::vector<std::string>{"the board is gone", "the board is gone"}));
  EXPECT_TRUE(feed_->has_ended());
}

TEST_F(ConsoleFeedTest, IsThereWhileSomebodyLooks) {
  auto feeds = std::make_shared<ConsoleFeeds>(io_.get_executor());
  const ConsoleFeeds::Key key{"b", "main"};
  const auto read = [this](std::uint64_t from, std::uint32_t max, std::uint32_t wait_ms) {
    return read_text(this, from, max, wait_ms);
  };
  auto a = feeds->join(key, read), b = feeds->join(key, read), other = feeds->join({"b", "uart1"}, read);
  EXPECT_EQ(a, b);
  EXPECT_NE(a, other);
  EXPECT_EQ(feeds->size(), 2U);
  for (const auto& feed : {a, b}) {
    EXPECT_EQ(feeds->size(), 2U);
    scope_.spawn("leave", ConsoleFeeds::leave(feeds, key, feed));
    run();
  }
  EXPECT_EQ(feeds->size(), 1U);
  broken_ = Error(Errc::not_found, Blame::job, "gone");
  grown_.notify();
  run();
  EXPECT_TRUE(other->has_ended());
  const auto again = feeds->join({"b", "uart1"}, read);
  EXPECT_NE(again, other) << "who comes later asks again";
  for (const auto& feed : {other, again}) scope_.spawn("leave", ConsoleFeeds::leave(feeds, {"b", "uart1"}, feed));
  run();
  EXPECT_EQ(feeds->size(), 0U);
  EXPECT_EQ(scope_.running(), 0U);
}

}  // namespace
}  // namespace hilltop::web
