// SPDX-License-Identifier: Apache-2.0
#include "boards/console/expect.hpp"

#include <algorithm>
#include <optional>

#include "boards/console/match/printable.hpp"
#include "drivers/core/log.hpp"

namespace hilltop::boards {
namespace {

constexpr std::size_t read_limit = 256 * 1024;
constexpr std::size_t drain_limit = 1 << 20;

}  // namespace

struct Expect::State {
  std::shared_ptr<Console> console;
  std::uint64_t position = 0;  // offset of pending[0]
  std::size_t window = 0;
  std::string pending;
  bool heard = false;
  PatternSet patterns;  // that `progress` belongs to
  PatternSet::Progress progress;

  [[nodiscard]] std::uint64_t end() const { return position + pending.size(); }

  void consume(std::size_t bytes) {
    pending.erase(0, bytes);
    position += bytes;
    progress.clear();
  }

  // What was searched and is older than the window leaves it.
  void trim() {
    if (pending.size() <= window) return;
    const auto drop = pending.size() - window;
    pending.erase(0, drop);
    position += drop;
    for (auto& at : progress) at -= std::min(at, drop);
  }

  Result<std::optional<PatternSet::Hit>> search(const PatternSet& wanted) {
    if (!patterns.same_as(wanted)) {
      patterns = wanted;
      progress.clear();
    }
    return patterns.search(pending, progress);
  }

  Match take(PatternSet::Hit hit) {
    Match out;
    out.pattern = hit.pattern;
    out.begin = position + hit.begin;
    out.end = position + hit.end;
    out.text = pending.substr(hit.begin, hit.end - hit.begin);
    out.before = pending.substr(0, hit.begin);
    out.groups = std::move(hit.groups);
    consume(hit.end);
    return out;
  }
};

namespace {

using StatePtr = std::shared_ptr<Expect::State>;

/// Appends what came next, from the transcript where memory does not reach back far enough.
Task<> read_more(StatePtr state, Deadline deadline) {
  auto chunk = co_await state->console->read(state->end(), read_limit, deadline);
  if (!chunk) co_return std::move(chunk).error();
  state->heard = true;
  if (chunk->lost > 0) {
    const auto from = state->end();
    auto missed = co_await state->console->fetch(from, std::min(chunk->offset, from + read_limit), deadline);
    if (missed && !missed->empty()) {
      state->pending += *missed;
      co_return ok();
    }
    if (!missed && missed.error().code != Errc::not_found) co_return std::move(missed).error();
    log::warn("console {}/{}: {} bytes from {} on cannot be searched", state->console->board(), state->console->name(),
              chunk->lost, from);
    state->consume(state->pending.size());
    state->position = chunk->offset;
  }
  state->pending += chunk->bytes;
  co_return ok();
}

Task<Match> find_next(StatePtr state, PatternSet patterns, Deadline deadline) {
  std::optional<std::uint64_t> last;  // when time is over, what has come until then is still searched
  for (;;) {
    HILLTOP_CO_TRY(auto hit, state->search(patterns));
    if (hit) co_return state->take(*std::move(hit));
    state->trim();
    if (!last && deadline.passed()) last = state->console->end();
    if (last && state->end() >= *last) co_return Error(Errc::timeout, Blame::dut, "time is over");
    auto more = co_await read_more(state, deadline);
    if (more) continue;
    if (more.error().code == Errc::timeout) co_return Error(Errc::timeout, Blame::dut, std::move(more).error().text);
    co_return std::move(more).error();
  }
}

Task<std::string> drain_line(StatePtr state, std::chrono::milliseconds quiet, Deadline deadline) {
  std::string out;
  for (;;) {
    out += state->pending;
    state->consume(state->pending.size());
    if (out.size() > drain_limit) out.erase(0, out.size() - drain_limit);
    if (deadline.passed()) co_return out;
    auto more = co_await read_more(state, deadline.at_most(quiet));
    if (!more && more.error().code == Errc::canceled) co_return std::move(more).error();
    if (!more) co_return out;
  }
}

}  // namespace

Expect::Expect(std::shared_ptr<Console> console, std::uint64_t from, std::size_t window)
    : state_(std::make_shared<State>()) {
  state_->console = std::move(console);
  state_->position = from;
  state_->window = window;
}

Task<Match> Expect::expect(PatternSet patterns, Deadline deadline) {
  return find_next(state_, std::move(patterns), deadline);
}

Task<std::string> Expect::drain(std::chrono::milliseconds quiet, Deadline deadline) {
  return drain_line(state_, quiet, deadline);
}

void Expect::skip_to(std::uint64_t offset) {
  auto& s = *state_;
  if (offset <= s.position) return;
  s.consume(static_cast<std::size_t>(std::min<std::uint64_t>(offset - s.position, s.pending.size())));
  s.position = std::max(s.position, offset);
}

std::uint64_t Expect::position() const { return state_->position; }
bool Expect::heard_anything() const { return state_->heard; }
std::string Expect::tail(std::size_t max) const { return printable(state_->pending, max); }

}  // namespace hilltop::boards
