// SPDX-License-Identifier: Apache-2.0
#include "web/ws/console_feed.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace hilltop::web {
namespace {

constexpr std::uint32_t poll_ms = 5000;

FramePtr shared(std::string bytes) { return std::make_shared<const std::string>(std::move(bytes)); }

}  // namespace

std::string gap_text(std::uint64_t from, std::uint64_t to) {
  return fmt::format(R"({{"gap":{{"bytes":{},"from":{},"to":{}}}}})", to - from, from, to);
}

ConsoleFeed::ConsoleFeed(asio::any_io_executor io, Read read, std::shared_ptr<boards::BatchSender> sender,
                         Options options)
    : io_(io),
      read_(std::move(read)),
      sender_(std::move(sender)),
      options_(options),
      window_(options.window),
      changed_(io),
      scope_(io, "console feed") {}

void ConsoleFeed::start() { scope_.spawn("read", run(shared_from_this())); }

Task<> ConsoleFeed::stop(std::shared_ptr<ConsoleFeed> feed) {
  co_await ignore_cancellation();
  feed->scope_.cancel_all();
  co_await feed->scope_.join();
  feed->read_ = nullptr;
  co_return ok();
}

Task<> ConsoleFeed::run(std::shared_ptr<ConsoleFeed> feed) {
  auto ended = co_await follow(feed);
  if (!ended && ended.error().code == Errc::canceled) co_return ended;
  feed->ended_ = ended ? Error(Errc::unavailable, Blame::infrastructure, "the console has ended") : ended.error();
  feed->changed_.notify();
  co_return ok();
}

/// Reads on and on. Bytes are read where the last ones ended: none comes twice.
Task<> ConsoleFeed::follow(std::shared_ptr<ConsoleFeed> feed) {
  HILLTOP_CO_TRY(const auto first, co_await feed->read_(UINT64_MAX, feed->options_.frame_bytes, 0));
  feed->end_ = first.offset;
  feed->ready_ = true;
  feed->changed_.notify();
  if (!first.bytes.empty()) feed->publish(first.offset, first.bytes);
  for (;;) {
    HILLTOP_CO_TRY(const auto reply, co_await feed->read_(feed->end_, feed->options_.frame_bytes, poll_ms));
    if (reply.bytes.empty()) continue;
    const auto next_frame = FeedFrame::Clock::now() + feed->options_.frame_clock;
    feed->publish(reply.offset, reply.bytes);
    // A full frame: there is more, and it is not held back.
    const bool more = reply.bytes.size() >= feed->options_.frame_bytes;
    if (!more) HILLTOP_CO_CHECK(co_await sleep_for(next_frame - FeedFrame::Clock::now()));
  }
}

void ConsoleFeed::publish(std::uint64_t offset, std::string_view bytes) {
  FeedFrame frame{offset, offset + bytes.size(), FeedFrame::Clock::now(), shared(make_frame(Opcode::binary, bytes))};
  end_ = frame.end;
  has_frames_ = true;
  window_.push(frame);
  send_to_all(frame);
}

/// Whose line is idle and who has everything before `frame` gets it in one batch; the others as their lines allow.
void ConsoleFeed::send_to_all(const FeedFrame& frame) {
  items_.clear();
  direct_.clear();
  for (const auto& subscriber : subscribers_) {
    const int descriptor = subscriber->cursor == frame.offset ? subscriber->socket->direct_descriptor() : -1;
    if (descriptor < 0) {
      advance(*subscriber);
      continue;
    }
    items_.push_back({descriptor, *frame.wire, 0});
    direct_.push_back(subscriber.get());
  }
  sender_->send(items_);
  for (std::size_t i = 0; i < direct_.size(); ++i) {
    direct_[i]->cursor = frame.end;
    direct_[i]->socket->sent_directly(frame.wire, items_[i].sent);
  }
}

/// Gives what there is until the line is busy, or over.
void ConsoleFeed::advance(Subscriber& subscriber) {
  auto& cursor = subscriber.cursor;
  while (subscriber.socket->is_idle()) {
    const auto* frame = window_.next(cursor);
    if (frame == nullptr) return;
    auto wire = frame->wire;
    const auto from = std::max(cursor, frame->offset);
    if (from > cursor) {
      wire = shared(make_frame(Opcode::text, gap_text(cursor, from)));
    } else if (from > frame->offset) {
      wire = shared(make_frame(Opcode::binary, frame->bytes().substr(static_cast<std::size_t>(from - frame->offset))));
    }
    const auto next = from > cursor ? from : frame->end;
    if (!subscriber.socket->offer(std::move(wire))) return;
    cursor = next;
  }
}

ConsoleFeed::SubscriberPtr ConsoleFeed::attach(std::shared_ptr<WebSocket> socket, std::uint64_t cursor) {
  auto subscriber = std::make_shared<Subscriber>(std::move(socket), cursor);
  subscribers_.push_back(subscriber);
  subscriber->socket->when_idle([feed = weak_from_this(), weak = std::weak_ptr(subscriber)] {
    const auto self = feed.lock();
    const auto place = weak.lock();
    if (self && place) self->advance(*place);
  });
  advance(*subscriber);
  return subscriber;
}

void ConsoleFeed::detach(const SubscriberPtr& subscriber) {
  subscriber->socket->when_idle({});
  std::erase(subscribers_, subscriber);
}

Task<> ConsoleFeed::until_ready(std::shared_ptr<ConsoleFeed> feed) {
  while (!feed->ready_ && !feed->ended_) HILLTOP_CO_CHECK(co_await feed->changed_.wait(Deadline::never()));
  if (!feed->ready_) co_return *feed->ended_;
  co_return ok();
}

Task<> ConsoleFeed::until_end(std::shared_ptr<ConsoleFeed> feed) {
  while (!feed->ended_) HILLTOP_CO_CHECK(co_await feed->changed_.wait(Deadline::never()));
  co_return *feed->ended_;
}

std::size_t ConsoleFeed::behind() const {
  return static_cast<std::size_t>(std::ranges::count_if(
      subscribers_, [&](const auto& one) { return one->cursor != end_ || !one->socket->is_idle(); }));
}

ConsoleFeedPtr ConsoleFeeds::join(const Key& key, ConsoleFeed::Read read) {
  auto& feed = feeds_[key];
  if (!feed || feed->has_ended()) {
    if (!sender_) sender_ = boards::BatchSender::make();
    feed = std::make_shared<ConsoleFeed>(io_, std::move(read), sender_, ConsoleFeed::Options{});
    feed->start();
  }
  ++users_[feed.get()];
  return feed;
}

Task<> ConsoleFeeds::leave(std::shared_ptr<ConsoleFeeds> feeds, Key key, ConsoleFeedPtr feed) {
  co_await ignore_cancellation();
  if (--feeds->users_[feed.get()] > 0) co_return ok();
  feeds->users_.erase(feed.get());
  if (const auto found = feeds->feeds_.find(key); found != feeds->feeds_.end() && found->second == feed)
    feeds->feeds_.erase(found);
  co_return co_await ConsoleFeed::stop(std::move(feed));
}

}  // namespace hilltop::web
