// SPDX-License-Identifier: Apache-2.0
#include "web/http/frame_line.hpp"

#include <sys/socket.h>

#include <cerrno>

namespace hilltop::web {
namespace {

Error over() { return {Errc::unavailable, Blame::infrastructure, "WebSocket: the connection is over"}; }

FramePtr shared(std::string bytes) { return std::make_shared<const std::string>(std::move(bytes)); }

}  // namespace

FrameLine::FrameLine(AnyStream stream, std::atomic<std::uint64_t>& bytes_sent)
    : stream_(std::move(stream)), bytes_sent_(bytes_sent), progress_(stream_.get_executor()) {}

bool FrameLine::offer(FramePtr frame) {
  if (!is_idle() || closing_) return false;
  begin(std::move(frame), 0);
  go_on();
  return true;
}

void FrameLine::sent_directly(FramePtr frame, std::int64_t sent) {
  if (sent < 0) return drop();
  begin(std::move(frame), static_cast<std::size_t>(sent));
  bytes_sent_ += static_cast<std::uint64_t>(sent);
  go_on();
}

void FrameLine::ping() {
  if (closing_) return;
  ping_ = make_frame(Opcode::ping, "");
  go_on();
}

void FrameLine::pong(std::string_view data) {
  if (closing_) return;
  pong_ = make_frame(Opcode::pong, data);
  go_on();
}

void FrameLine::goodbye(std::string close_frame) {
  if (closing_) return;
  closing_ = true;
  goodbye_ = std::move(close_frame);
  go_on();
}

void FrameLine::drop() {
  if (std::exchange(ended_, true)) return;
  stream_.close();  // whoever reads learns of it
  current_.reset();
  next_.reset();
  idle_ = nullptr;
  progress_.notify();
}

void FrameLine::begin(FramePtr frame, std::size_t done) {
  current_ = std::move(frame);
  at_ = done;
}

FramePtr FrameLine::take_next() {
  if (!pong_.empty()) return shared(std::exchange(pong_, {}));
  if (!ping_.empty()) return shared(std::exchange(ping_, {}));
  if (next_) return std::exchange(next_, nullptr);
  return goodbye_.empty() ? nullptr : shared(std::exchange(goodbye_, {}));
}

/// Sends what waits, frame after frame, until the kernel takes no more.
void FrameLine::go_on() {
  bool finished = false;
  while (!writing_ && !ended_) {
    if (current_ && at_ == current_->size()) {
      current_.reset();
      finished = true;
    }
    if (!current_) begin(take_next(), 0);
    if (!current_) break;
    write_now();
  }
  if (finished) progress_.notify();
}

/// As much as the kernel takes without waiting; the rest follows, or the connection is over.
void FrameLine::write_now() {
  const int descriptor = stream_.plain_descriptor();
  while (descriptor >= 0 && at_ < current_->size()) {
    const auto n = ::send(descriptor, current_->data() + at_, current_->size() - at_, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
    if (n < 0) return drop();
    at_ += static_cast<std::size_t>(n);
    bytes_sent_ += static_cast<std::uint64_t>(n);
  }
  if (at_ < current_->size()) write_later();
}

void FrameLine::write_later() {
  writing_ = true;
  stream_.async_write_some(
      asio::const_buffer(current_->data() + at_, current_->size() - at_),
      [self = shared_from_this(), keep = current_](error_code ec, std::size_t n) { self->on_written(ec, n); });
}

void FrameLine::on_written(error_code ec, std::size_t bytes) {
  writing_ = false;
  if (ended_) return;
  if (ec) return drop();
  at_ += bytes;
  bytes_sent_ += bytes;
  go_on();
  if (!is_idle() || !idle_) return;
  const auto idle = idle_;  // it may end the line, and with it what is called
  idle();
}

Task<> FrameLine::send(std::shared_ptr<FrameLine> line, FramePtr frame) {
  if (co_await is_canceled()) co_return canceled_error("WebSocket");
  if (line->ended_ || line->closing_) co_return over();
  line->next_ = frame;
  line->go_on();
  // Gone from both places: it is sent, or the connection has ended.
  while (line->next_ == frame || line->current_ == frame)
    HILLTOP_CO_CHECK(co_await line->progress_.wait(Deadline::never()));
  if (line->ended_) co_return over();
  co_return ok();
}

Task<> FrameLine::flush(std::shared_ptr<FrameLine> line, Deadline deadline) {
  while (!line->ended_ && (line->current_ || line->next_ || !line->goodbye_.empty()))
    HILLTOP_CO_CHECK(co_await line->progress_.wait(deadline));
  co_return line->ended_ ? Result<>(over()) : ok();
}

}  // namespace hilltop::web
