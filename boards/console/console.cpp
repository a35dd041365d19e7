// SPDX-License-Identifier: Apache-2.0
#include "boards/console/console.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "boards/console/console_state.hpp"

namespace hilltop::boards {
namespace {

using StatePtr = std::shared_ptr<ConsoleState>;

/// Takes a reader out of the console's list, however its coroutine ends.
class ReaderGuard {
 public:
  ReaderGuard(StatePtr state, std::shared_ptr<Waiter> waiter) : state_(std::move(state)), waiter_(std::move(waiter)) {}
  ~ReaderGuard() {
    const std::lock_guard lock(state_->mutex);
    state_->readers.remove(waiter_);
  }
  ReaderGuard(const ReaderGuard&) = delete;
  ReaderGuard& operator=(const ReaderGuard&) = delete;

 private:
  StatePtr state_;
  std::shared_ptr<Waiter> waiter_;
};

/// A chunk, an error, or nothing yet; then `waiter`, if any, is in the list.
std::optional<Result<ConsoleChunk>> try_read(ConsoleState& state, std::uint64_t from, std::size_t max,
                                             const std::shared_ptr<Waiter>& waiter) {
  const std::lock_guard lock(state.mutex);
  if (auto chunk = state.window.read(from, max)) {
    if (chunk->lost > 0) ++*state.gaps;
    return *std::move(chunk);
  }
  if (state.closed) return *state.closed;
  if (state.ended && !state.on_ended) return *state.ended;
  if (state.down) return *state.down;
  if (waiter) state.readers.add(waiter);
  return std::nullopt;
}

class LiveConsole final : public Console {
 public:
  explicit LiveConsole(StatePtr state) : state_(std::move(state)) {}

  const std::string& board() const override { return state_->key.board; }
  const std::string& name() const override { return state_->key.name; }
  std::uint64_t end() const override {
    const std::lock_guard lock(state_->mutex);
    return state_->window.end();
  }
  Task<ConsoleChunk> read(std::uint64_t from, std::size_t max, Deadline deadline) override {
    return read_console(state_, from, max, deadline);
  }
  std::optional<ConsoleChunk> read_now(std::uint64_t from, std::size_t max) const override {
    const std::lock_guard lock(state_->mutex);
    return state_->window.read(from, max);
  }
  Task<std::string> fetch(std::uint64_t from, std::uint64_t to, Deadline deadline) override {
    return fetch_console(state_, from, to, deadline);
  }
  Task<std::uint64_t> offset_at(UtcTime time) override { return console_offset_at(state_, time); }
  Task<std::vector<ConsoleRecord>> records(std::uint64_t from, std::uint64_t to) override {
    return console_records(state_, from, to);
  }
  Task<> write(std::string bytes, Typing typing, Deadline deadline) override {
    return write_console(state_, std::move(bytes), typing, deadline);
  }
  void set_down(Error reason) override {
    const std::lock_guard lock(state_->mutex);
    state_->down = std::move(reason);
    state_->readers.wake_all();
  }
  void set_up() override {
    const std::lock_guard lock(state_->mutex);
    state_->down.reset();
  }

 private:
  StatePtr state_;
};

/// What memory has of [from, to), else up to where the disk must be asked.
struct Step {
  std::string bytes;
  std::uint64_t disk_until = 0;  // 0: the rest came from memory
};

Step step_of(ConsoleState& state, std::uint64_t from, std::uint64_t to) {
  const std::lock_guard lock(state.mutex);
  Step out;
  to = std::min(to, state.window.end());
  if (from >= to) return out;
  if (from < state.window.begin()) {
    out.disk_until = std::min(to, state.window.begin());
  } else if (auto chunk = state.window.read(from, to - from)) {
    out.bytes = std::move(chunk->bytes);
  }
  return out;
}

}  // namespace

std::shared_ptr<Console> make_console(StatePtr state) { return std::make_shared<LiveConsole>(std::move(state)); }

Task<ConsoleChunk> read_console(StatePtr state, std::uint64_t from, std::size_t max, Deadline deadline) {
  if (co_await is_canceled()) co_return canceled_error("console read");
  if (auto got = try_read(*state, from, max, nullptr)) {
    // A line that floods must not keep its reader's thread from everything else.
    co_await asio::post(asio::use_awaitable);
    co_return *std::move(got);
  }
  const auto waiter = std::make_shared<Waiter>(co_await asio::this_coro::executor);
  const ReaderGuard guard(state, waiter);
  for (;;) {
    if (auto got = try_read(*state, from, max, waiter)) co_return *std::move(got);
    auto woken = co_await Waiter::wait(waiter, deadline);
    if (!woken) co_return std::move(woken).error().within(state->title());
  }
}

Task<std::string> fetch_console(StatePtr state, std::uint64_t from, std::uint64_t to, Deadline deadline) {
  std::string out;
  for (;;) {
    if (co_await is_canceled()) co_return canceled_error("console fetch");
    auto step = step_of(*state, from + out.size(), to);
    if (step.disk_until == 0) {
      out += step.bytes;
      co_return out;
    }
    if (deadline.passed())
      co_return Error(Errc::timeout, Blame::infrastructure, state->title() + ": fetch: time is over");
    auto read_disk = [state, begin = from + out.size(), end = step.disk_until] {
      return state->transcript->fetch(state->key, begin, end);
    };
    const auto lane = state->lane;
    HILLTOP_CO_TRY(auto bytes, co_await lane->run(std::move(read_disk)));
    if (bytes.empty())
      co_return Error(Errc::not_found, Blame::infrastructure,
                      state->title() + ": the transcript ends before it should");
    out += bytes;
  }
}

std::optional<ConsoleChunk> Console::read_now(std::uint64_t, std::size_t) const { return std::nullopt; }

Task<std::vector<ConsoleRecord>> Console::records(std::uint64_t, std::uint64_t) {
  co_return std::vector<ConsoleRecord>();  // of a console without a transcript
}

Task<std::vector<ConsoleRecord>> console_records(StatePtr state, std::uint64_t from, std::uint64_t to) {
  auto read_disk = [state, from, to] { return state->transcript->events(state->key, from, to); };
  const auto lane = state->lane;
  co_return co_await lane->run(std::move(read_disk));
}

Task<std::uint64_t> console_offset_at(StatePtr state, UtcTime time) {
  auto read_disk = [state, time] { return state->transcript->offset_at(state->key, time); };
  const auto lane = state->lane;
  HILLTOP_CO_TRY(const auto stored, co_await lane->run(std::move(read_disk)));
  const std::lock_guard lock(state->mutex);
  const auto live = state->window.offset_at(time);
  if (stored) co_return std::min(*stored, live.value_or(*stored));
  co_return live.value_or(state->window.end());
}

}  // namespace hilltop::boards
