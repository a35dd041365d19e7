// SPDX-License-Identifier: Apache-2.0
#include "web/cli/event_feed.hpp"

#include <poll.h>

#include <algorithm>
#include <sstream>

namespace hilltop::cli {

EventFeed::EventFeed(Context& context, Api& api, int wake_fd, std::chrono::seconds patience)
    : context_(context), api_(api), wake_fd_(wake_fd), patience_(patience) {}

void EventFeed::lost(const Error& error) {
  socket_.reset();
  if (was_lost_) return;
  was_lost_ = true;
  gives_up_ = Deadline::after(patience_);
  backoff_ = std::chrono::milliseconds(100);
  context_.note("connection lost (" + printable(error.text.substr(0, error.text.find('\n'))) + "): trying again");
}

/// Sleeps until `deadline`, or until the caller's descriptor has input.
EventFeed::Wake EventFeed::pause(Deadline deadline) {
  pollfd wanted{wake_fd_, POLLIN, 0};
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline.left());
  const auto ms = static_cast<int>(std::min<std::chrono::milliseconds>(left, 60s).count());
  return ::poll(&wanted, wake_fd_ >= 0 ? 1 : 0, ms) == 1 ? Wake::signal : Wake::quiet;
}

Result<EventFeed::Wake> EventFeed::connect(Deadline deadline) {
  // A server that takes connections and drops them at once must not keep us busy.
  if (was_lost_ && pause(deadline.at_most(backoff_)) == Wake::signal) return Wake::signal;
  auto made = api_.socket("/events/ws" + query_of({{"after", after_}}), Deadline::after(10s));
  if (made) {
    socket_ = *std::move(made);
    if (was_lost_) context_.note("connected again");
    was_lost_ = false;
    return Wake::look_again;
  }
  if (!is_unreachable(made.error())) {
    // No event stream here (an old server, a proxy without WebSocket): asking twice a second does as well.
    polls_ = made.error().code != Errc::denied;
    if (polls_) return Wake::look_again;
    return std::move(made).error();
  }
  lost(made.error());
  if (gives_up_.passed()) return std::move(made).error();
  backoff_ = std::min(backoff_ * 2, std::chrono::milliseconds(2000));
  return Wake::quiet;
}

void EventFeed::take(const std::string& text) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    auto event = Json::parse(line, nullptr, false);
    if (!event.is_object()) continue;
    if (const auto seq = text_at(event, "seq"); !seq.empty()) after_ = seq;
    events_.push_back(std::move(event));
  }
}

Result<EventFeed::Wake> EventFeed::wait(Deadline deadline) {
  events_.clear();
  if (polls_) {
    const auto woken = pause(deadline.at_most(std::chrono::milliseconds(500)));
    return woken == Wake::quiet ? Wake::look_again : woken;
  }
  if (!socket_) return connect(deadline);
  auto message = socket_->next(deadline, wake_fd_);
  if (!message) {
    lost(message.error());
    return Wake::quiet;
  }
  switch (message->kind) {
    case web::WsMessage::Kind::text:
    case web::WsMessage::Kind::binary:
      take(message->data);
      return Wake::event;
    case web::WsMessage::Kind::closed:
      lost(Error(Errc::unavailable, Blame::infrastructure, "the server said goodbye: " + message->data));
      return Wake::quiet;
    case web::WsMessage::Kind::readable:
      return Wake::signal;
    case web::WsMessage::Kind::timeout:
      break;
  }
  return Wake::quiet;
}

}  // namespace hilltop::cli
