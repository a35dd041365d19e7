// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>

#include "boards/console/match/matcher_state.hpp"

namespace hilltop::boards {
namespace {

// A pattern that is made to backtrack may cost this much on one line: the limits hold for one starting point each, the
// time for all of them.
constexpr std::uint32_t match_limit = 50'000;        // of a short text
constexpr std::uint32_t match_limit_long = 200'000;  // enough to look at each byte of the longest line thrice
constexpr std::uint32_t heap_limit_kib = 20'000;
constexpr auto time_limit = std::chrono::milliseconds(250);
constexpr auto slow_slice = std::chrono::milliseconds(1);
constexpr std::size_t direct = 512;  // shorter texts are searched in one go
constexpr std::size_t first_slice = 16;
constexpr unsigned quick_calls = 16;  // on one line, before the time is looked at
constexpr std::uint8_t most_give_ups = 20;
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

void MatchWorkspace::State::begin_block(const Matcher::Compiled& matcher) {
  if (matcher_ != matcher.serial) given_up_.clear();
  matcher_ = matcher.serial;
}

bool MatchWorkspace::State::begin_pattern(std::uint32_t pattern) {
  calls_ = 0;
  return given_up_.size() <= pattern || given_up_[pattern] < most_give_ups;
}

void MatchWorkspace::State::count_give_up(std::uint32_t pattern) {
  if (given_up_.size() <= pattern) given_up_.resize(pattern + 1);
  if (given_up_[pattern] < most_give_ups) ++given_up_[pattern];
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
  if (++calls_ >= quick_calls && calls_ % quick_calls == 0) {
    if (calls_ == quick_calls) begun_ = Clock::now();
    if (Clock::now() - begun_ > time_limit) return -1;
  }
  const std::uint32_t options = not_empty ? PCRE2_NOTEMPTY_ATSTART : 0;
  if (text.size() <= direct)
    return run(anchored ? pattern.anchored.get() : pattern.anywhere.get(), pattern.jit, text, from, options);
  pcre2_set_match_limit(context_.get(), match_limit_long);
  const int found = anchored ? run(pattern.anchored.get(), pattern.jit, text, from, options)
                             : search_long(pattern, text, from, options);
  pcre2_set_match_limit(context_.get(), match_limit);
  return found;
}

// In slices of starting points, so that slow patterns are noticed: small at first, larger while they are quick.
int MatchWorkspace::State::search_long(const CompiledPattern& pattern, std::string_view text, std::size_t from,
                                       std::uint32_t options) {
  const auto begun = Clock::now();
  int found = 0;
  for (auto slice = first_slice; from <= text.size();) {
    const auto last = std::min(text.size(), from + slice - 1);
    pcre2_set_offset_limit(context_.get(), last);
    found = run(pattern.anywhere.get(), pattern.jit, text, from, options);
    if (found != 0) break;
    const auto spent = Clock::now() - begun;
    if (spent > time_limit) found = -1;
    if (found != 0) break;
    slice = spent < slow_slice ? slice * 4 : first_slice;
    options = 0;
    from = last + 1;
  }
  pcre2_set_offset_limit(context_.get(), PCRE2_UNSET);
  return found;
}

}  // namespace hilltop::boards
