// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>

#include "boards/console/match/matcher_state.hpp"

namespace hilltop::boards {
namespace {

// A pattern that is made to backtrack may cost this much on one line: the limit holds for one starting point each, the
// time for all of them.
constexpr std::uint32_t match_limit = 200'000;
constexpr std::uint32_t heap_limit_kib = 20'000;
constexpr auto time_limit = std::chrono::milliseconds(100);
constexpr auto slow_slice = std::chrono::milliseconds(1);
constexpr std::size_t direct = 1024;  // shorter texts are searched in one go
constexpr std::size_t first_slice = 128;
constexpr std::size_t jit_stack_bytes = 256 * 1024;

}  // namespace

MatchWorkspace::MatchWorkspace() : state_(std::make_unique<State>()) {}
MatchWorkspace::MatchWorkspace(MatchWorkspace&&) noexcept = default;
MatchWorkspace& MatchWorkspace::operator=(MatchWorkspace&&) noexcept = default;
MatchWorkspace::~MatchWorkspace() = default;

MatchWorkspace::State::State()
    : data_(pcre2_match_data_create(1, nullptr)),
      context_(pcre2_match_context_create(nullptr)),
      stack_(pcre2_jit_stack_create(32 * 1024, jit_stack_bytes, nullptr)) {
  pcre2_set_match_limit(context_.get(), match_limit);
  pcre2_set_heap_limit(context_.get(), heap_limit_kib);
  pcre2_jit_stack_assign(context_.get(), nullptr, stack_.get());
}

int MatchWorkspace::State::run(const pcre2_code* code, bool jit, std::string_view text, std::size_t from,
                               std::uint32_t options) {
  const auto* subject = reinterpret_cast<PCRE2_SPTR>(text.data());
  int rc = PCRE2_ERROR_JIT_STACKLIMIT;
  if (jit) rc = pcre2_jit_match(code, subject, text.size(), from, options, data_.get(), context_.get());
  if (rc == PCRE2_ERROR_JIT_STACKLIMIT)
    rc = pcre2_match(code, subject, text.size(), from, options | PCRE2_NO_JIT, data_.get(), context_.get());
  if (rc == PCRE2_ERROR_NOMATCH) return 0;
  if (rc < 0) return -1;
  const auto* where = pcre2_get_ovector_pointer(data_.get());
  begin = where[0];
  end = std::max(where[0], where[1]);
  return 1;
}

int MatchWorkspace::State::match(const CompiledPattern& pattern, std::string_view text, std::size_t from, bool anchored,
                                 bool not_empty) {
  const std::uint32_t options = not_empty ? PCRE2_NOTEMPTY_ATSTART : 0;
  if (anchored) return run(pattern.anchored.get(), pattern.jit, text, from, options);
  if (text.size() - from <= direct) return run(pattern.anywhere.get(), pattern.jit, text, from, options);
  // In slices of starting points, so that slow patterns are noticed: small at first, larger while they are quick.
  using Clock = std::chrono::steady_clock;
  const auto begun = Clock::now();
  int found = 0;
  auto first_options = options;
  for (auto slice = first_slice; from <= text.size();) {
    const auto last = std::min(text.size(), from + slice - 1);
    pcre2_set_offset_limit(context_.get(), last);
    found = run(pattern.anywhere.get(), pattern.jit, text, from, first_options);
    if (found != 0) break;
    const auto spent = Clock::now() - begun;
    if (spent > time_limit) {
      found = -1;
      break;
    }
    slice = spent < slow_slice ? slice * 4 : first_slice;
    first_options = 0;
    from = last + 1;
  }
  pcre2_set_offset_limit(context_.get(), PCRE2_UNSET);
  return found;
}

}  // namespace hilltop::boards
