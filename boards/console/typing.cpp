// SPDX-License-Identifier: Apache-2.0
// How a console is typed to: one writer at a time, paced, with the echo checked. What is typed is never logged.
#include <boost/asio/this_coro.hpp>

#include <algorithm>

#include "boards/console/console_state.hpp"
#include "boards/console/echo.hpp"
#include "boards/console/match/printable.hpp"
#include "boards/console/shard.hpp"

namespace hilltop::boards {
namespace {

using StatePtr = std::shared_ptr<ConsoleState>;

constexpr int retypings = 3;
constexpr auto echo_patience = 500ms;  // without a byte: the echo will not come. Chosen, not measured
constexpr char erase =
    0x7f;  // what terminals send for backspace. Source: termios(3) VERASE, U-Boot cread_line, Zephyr shell

/// A place in the queue of writers, given up however the coroutine ends.
class TurnGuard {
 public:
  TurnGuard(StatePtr state, std::shared_ptr<WriteTurn> turn) : state_(std::move(state)), turn_(std::move(turn)) {
    const std::lock_guard lock(state_->mutex);
    state_->turns.push_back(turn_);
    turn_->granted = state_->turns.size() == 1;
  }
  ~TurnGuard() {
    const std::lock_guard lock(state_->mutex);
    std::erase(state_->turns, turn_);
    if (!turn_->granted || state_->turns.empty()) return;
    state_->turns.front()->granted = true;
    Waiter::wake(state_->turns.front()->waiter);
  }
  TurnGuard(const TurnGuard&) = delete;
  TurnGuard& operator=(const TurnGuard&) = delete;
  [[nodiscard]] bool granted() const {
    const std::lock_guard lock(state_->mutex);
    return turn_->granted;
  }

 private:
  StatePtr state_;
  std::shared_ptr<WriteTurn> turn_;
};

/// Hands a job to the shard, and takes it back, whatever is left of it, however the coroutine ends.
class JobGuard {
 public:
  JobGuard(StatePtr state, std::shared_ptr<WriteJob> job) : state_(std::move(state)), job_(std::move(job)) {
    const std::lock_guard lock(state_->mutex);
    if (state_->closed) {
      job_->outcome = *state_->closed;
    } else if ((state_->ended && !state_->on_ended) || state_->shard == nullptr) {
      job_->outcome = state_->ended.value_or(
          Error(Errc::unavailable, Blame::infrastructure, state_->title() + ": the console is not open"));
    } else {
      state_->jobs.push_back(job_);
      state_->shard->pump(state_);
    }
  }
  ~JobGuard() {
    const std::lock_guard lock(state_->mutex);
    job_->canceled = true;
    std::erase(state_->jobs, job_);
  }
  JobGuard(const JobGuard&) = delete;
  JobGuard& operator=(const JobGuard&) = delete;
  [[nodiscard]] std::optional<Result<>> outcome() const {
    const std::lock_guard lock(state_->mutex);
    return job_->outcome;
  }

 private:
  StatePtr state_;
  std::shared_ptr<WriteJob> job_;
};

Error in_time(Error error, std::string what) {
  if (error.code == Errc::timeout) return {Errc::timeout, Blame::dut, std::move(what)};
  return error;
}

Task<> send(StatePtr state, std::string bytes, Deadline deadline) {
  if (bytes.empty()) co_return ok();
  const auto waiter = std::make_shared<Waiter>(co_await asio::this_coro::executor);
  const JobGuard job(state, std::make_shared<WriteJob>(std::move(bytes), waiter));
  for (;;) {
    if (auto outcome = job.outcome()) co_return *std::move(outcome);
    if (auto woken = co_await Waiter::wait(waiter, deadline); !woken)
      co_return in_time(std::move(woken).error(), state->title() + ": the line does not take what is typed");
  }
}

Task<> type_paced(StatePtr state, std::string bytes, std::chrono::milliseconds delay, Deadline deadline) {
  if (delay <= 0ms) co_return co_await send(state, std::move(bytes), deadline);
  for (const char c : bytes) {
    HILLTOP_CO_CHECK(co_await send(state, std::string(1, c), deadline));
    if (auto slept = co_await sleep_for(delay, deadline); !slept)
      co_return in_time(std::move(slept).error(), state->title() + ": no time left to type");
  }
  co_return ok();
}

struct Heard {
  EchoState echo;
  std::string text;
};

/// Listens from `from` on until all of `typed` came back or the line is quiet.
Task<Heard> listen(StatePtr state, std::uint64_t from, std::string typed, Deadline deadline) {
  Heard out;
  for (;;) {
    auto chunk = co_await read_console(state, from, 64 * 1024, deadline.at_most(echo_patience));
    if (!chunk && chunk.error().code == Errc::timeout) co_return out;
    if (!chunk) co_return std::move(chunk).error();
    from = chunk->offset + chunk->bytes.size();
    out.text += chunk->bytes;
    out.echo = find_echo(typed, out.text);
    if (out.echo.intact == typed.size()) co_return out;
  }
}

std::uint64_t end_of(ConsoleState& state) {
  const std::lock_guard lock(state.mutex);
  return state.window.end();
}

Task<> type_checked(StatePtr state, std::string typed, Typing typing, Deadline deadline) {
  std::string seen;
  std::string rest = typed;
  std::string erasing;
  for (int attempt = 0; attempt <= retypings; ++attempt) {
    HILLTOP_CO_CHECK(co_await type_paced(state, erasing, typing.char_delay, deadline));
    if (!erasing.empty()) {  // what the board says to that is not the echo
      auto settled = co_await listen(state, end_of(*state), "\b \b", deadline);
      if (!settled) co_return std::move(settled).error();
    }
    const auto from = end_of(*state);
    HILLTOP_CO_CHECK(co_await type_paced(state, rest, typing.char_delay, deadline));
    HILLTOP_CO_TRY(const auto heard, co_await listen(state, from, rest, deadline));
    seen += heard.text;
    rest.erase(0, heard.echo.intact);
    if (rest.empty()) co_return ok();
    if (deadline.passed()) break;
    erasing.assign(heard.echo.stranded, erase);
  }
  co_return Error(Errc::mismatch, Blame::dut,
                  state->title() + ": the board does not echo '" + printable(typed, 80) + "'; it said '" +
                      printable(seen, 200) + "'");
}

}  // namespace

Task<> write_console(StatePtr state, std::string bytes, Typing typing, Deadline deadline) {
  if (co_await is_canceled()) co_return canceled_error("console write");
  const auto waiter = std::make_shared<Waiter>(co_await asio::this_coro::executor);
  const TurnGuard turn(state, std::make_shared<WriteTurn>(waiter));
  while (!turn.granted()) {
    if (auto woken = co_await Waiter::wait(waiter, deadline); !woken)
      co_return in_time(std::move(woken).error(), state->title() + ": another writer types and does not end");
  }
  if (!typing.check_echo) co_return co_await type_paced(state, std::move(bytes), typing.char_delay, deadline);
  for (std::size_t at = 0; at < bytes.size();) {
    const auto length = echoing_prefix(std::string_view(bytes).substr(at), std::max<std::size_t>(typing.chunk, 1));
    if (length == 0) {
      HILLTOP_CO_CHECK(co_await type_paced(state, bytes.substr(at, 1), typing.char_delay, deadline));
      ++at;
      continue;
    }
    HILLTOP_CO_CHECK(co_await type_checked(state, bytes.substr(at, length), typing, deadline));
    at += length;
  }
  co_return ok();
}

}  // namespace hilltop::boards
