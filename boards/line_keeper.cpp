// SPDX-License-Identifier: Apache-2.0
#include "boards/line_keeper.hpp"

#include <sys/ioctl.h>

#include <boost/asio/post.hpp>
#include <utility>

#include "drivers/core/log.hpp"

namespace hilltop::boards {
namespace {

constexpr auto between_counts = std::chrono::seconds(1);
constexpr auto time_to_open = std::chrono::seconds(10);
/// A USB port is back within a second of being plugged in; a server may take its time.
constexpr auto first_pause = std::chrono::milliseconds(50);
constexpr auto longest_pause = std::chrono::milliseconds(1000);

LineErrors to_engine(const drivers::LineErrors& from) {
  LineErrors out;
  out.overruns = from.overruns;
  out.framing = from.framing;
  out.parity = from.parity;
  out.breaks = from.breaks;
  out.buffer_overruns = from.buffer_overruns;
  return out;
}

}  // namespace

LineKeeper::LineKeeper(asio::any_io_executor executor, ConsoleEngine& engine, std::string board, std::string name,
                       drivers::ByteStream& stream)
    : executor_(executor),
      engine_(engine),
      board_(std::move(board)),
      name_(std::move(name)),
      stream_(stream),
      changed_(std::move(executor)) {}

ConsoleEngine::OnEnded LineKeeper::ended_handler() {
  if (!stream_.reopens()) return {};
  return [weak = weak_from_this(), executor = executor_](const Error& why) {
    asio::post(executor, [weak, text = why.text] {
      const auto self = weak.lock();
      if (!self) return;
      self->gone_ = true;
      self->why_ = text;
      self->changed_.notify();
    });
  };
}

Task<> LineKeeper::open(std::shared_ptr<LineKeeper> self, Deadline deadline) {
  HILLTOP_CO_TRY(self->fd_, co_await self->stream_.open(deadline));
  HILLTOP_CO_TRY(self->console_, self->engine_.add(self->board_, self->name_, self->fd_, self->ended_handler()));
  co_return ok();
}

void LineKeeper::stop() {
  if (std::exchange(stopped_, true)) return;
  if (console_) engine_.close(board_, name_);
  stream_.close();
  fd_ = -1;
}

bool LineKeeper::has_unread_bytes() const {
  int unread = 0;
  return fd_ >= 0 && !gone_ && ::ioctl(fd_, FIONREAD, &unread) == 0 && unread > 0;
}

void LineKeeper::note_errors() {
  if (const auto errors = stream_.take_errors(); errors.any()) engine_.note(board_, name_, to_engine(errors));
}

/// Whether the line is there again. Errors: canceled.
Task<bool> LineKeeper::try_again(std::shared_ptr<LineKeeper> self) {
  self->stream_.close();
  const auto fd = co_await self->stream_.open(Deadline::after(time_to_open));
  if (self->stopped_ || (!fd && fd.error().code == Errc::canceled)) co_return canceled_error("console");
  if (!fd) {
    self->why_ = fd.error().text;
    co_return false;
  }
  self->fd_ = *fd;
  self->gone_ = false;  // before the engine looks: the line may go at once
  if (auto replaced = self->engine_.replace(self->board_, self->name_, self->fd_); !replaced) {
    self->gone_ = true;
    self->why_ = replaced.error().text;
    co_return false;
  }
  co_return true;
}

Task<> LineKeeper::bring_back(std::shared_ptr<LineKeeper> self) {
  const auto gone_at = std::chrono::steady_clock::now();
  log::warn("board {}: console {}: the line has gone; waiting for it to come back", self->board_, self->name_);
  self->note_errors();
  for (auto pause = first_pause;; pause = std::min(pause * 2, longest_pause)) {
    const auto last = self->why_;
    HILLTOP_CO_TRY(const bool back, co_await try_again(self));
    if (back) break;
    if (self->why_ != last) log::warn("board {}: console {}: {}", self->board_, self->name_, self->why_);
    HILLTOP_CO_CHECK(co_await sleep_for(pause));
    if (self->stopped_) co_return canceled_error("console");
  }
  log::info("board {}: console {}: the line is back after {}", self->board_, self->name_,
            to_human(std::chrono::steady_clock::now() - gone_at));
  co_return ok();
}

Task<> LineKeeper::keep(std::shared_ptr<LineKeeper> self) {
  const bool counts = self->stream_.counts_errors();
  for (;;) {
    if (self->stopped_) co_return ok();
    if (self->gone_) {
      HILLTOP_CO_CHECK(co_await bring_back(self));
      continue;
    }
    auto woken = co_await self->changed_.wait(counts ? Deadline::after(between_counts) : Deadline::never());
    if (!woken && woken.error().code == Errc::canceled) co_return woken;
    if (!self->stopped_ && counts) self->note_errors();
  }
}

}  // namespace hilltop::boards
