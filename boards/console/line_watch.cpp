// SPDX-License-Identifier: Apache-2.0
#include "boards/console/line_watch.hpp"

#include <algorithm>
#include <deque>
#include <optional>

#include "boards/console/match/line_splitter.hpp"

namespace hilltop::boards {
namespace {

constexpr std::size_t read_limit = 64 * 1024;

}  // namespace

struct LineWatch::State {
  std::shared_ptr<Console> console;
  std::uint64_t at = 0;
  RuleScanner rules{RuleSet()};
  Severity least = Severity::fault;
  LineSplitter splitter;
  std::deque<Fault> found;

  void look_at(std::string_view line, std::uint64_t offset) {
    for (const auto* rule : rules.find(line))
      if (rule->severity >= least) found.push_back({*rule, std::string(line), offset});
  }
  void feed(std::string_view bytes) {
    splitter.feed(bytes, [this](std::string_view line, std::uint64_t offset) { look_at(line, offset); });
    at += bytes.size();
  }
  // The last words of a board that died have no line end.
  void end_of_stream() {
    const auto rest = std::string(splitter.rest());
    if (rest.empty()) return;
    look_at(rest, at - rest.size());
    splitter.restart_at(at);
  }
};

namespace {

using StatePtr = std::shared_ptr<LineWatch::State>;

Task<> read_more(StatePtr state, Deadline deadline) {
  auto chunk = co_await state->console->read(state->at, read_limit, deadline);
  if (!chunk) co_return std::move(chunk).error();
  if (chunk->lost == 0) {
    state->feed(chunk->bytes);
    co_return ok();
  }
  auto missed = co_await state->console->fetch(
      state->at, std::min<std::uint64_t>(chunk->offset, state->at + read_limit), deadline);
  if (missed && !missed->empty()) {
    state->feed(*missed);
  } else if (missed || missed.error().code == Errc::not_found) {  // gone for good: a new line begins behind it
    state->at = chunk->offset;
    state->splitter.restart_at(state->at);
    state->feed(chunk->bytes);
  } else {
    co_return std::move(missed).error();
  }
  co_return ok();
}

Task<Fault> next_fault(StatePtr state, Deadline deadline) {
  std::optional<std::uint64_t> last;  // when time is over, what has come until then is still looked at
  for (;;) {
    if (!state->found.empty()) {
      auto fault = std::move(state->found.front());
      state->found.pop_front();
      co_return fault;
    }
    if (!last && deadline.passed()) last = state->console->end();
    if (last && state->at >= *last) co_return Error(Errc::timeout, Blame::infrastructure, "time is over");
    auto more = co_await read_more(state, deadline);
    if (more) continue;
    const auto code = more.error().code;
    if (code != Errc::timeout && code != Errc::canceled) state->end_of_stream();
    if (state->found.empty()) co_return std::move(more).error();
  }
}

}  // namespace

LineWatch::LineWatch(std::shared_ptr<Console> console, std::uint64_t from, RuleSet rules, Severity least)
    : state_(std::make_shared<State>()) {
  state_->console = std::move(console);
  state_->at = from;
  state_->rules = RuleScanner(std::move(rules));
  state_->least = least;
  state_->splitter.restart_at(from);
}

Task<Fault> LineWatch::next(Deadline deadline) { return next_fault(state_, deadline); }

std::uint64_t LineWatch::position() const { return state_->at - state_->splitter.rest().size(); }

}  // namespace hilltop::boards
