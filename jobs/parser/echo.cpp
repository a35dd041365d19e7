// SPDX-License-Identifier: Apache-2.0
#include "jobs/parser/echo.hpp"

#include <algorithm>
#include <cctype>
#include <optional>
#include <string>

namespace hilltop::jobs {
namespace {

constexpr std::size_t sure_bytes = 4;             // so many typed bytes in a row are no accident
constexpr std::size_t interruption_limit = 2048;  // other output in the middle of an echo

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; }

/// Whether [at, at + size) of `text` stands alone: "y" in "Ready" is no echo of a typed y.
bool stands_alone(std::string_view text, std::size_t at, std::size_t size) {
  const bool open_before = at == 0 || !is_word(text[at - 1]) || !is_word(text[at]);
  const bool open_after = at + size >= text.size() || !is_word(text[at + size]) || !is_word(text[at + size - 1]);
  return open_before && open_after;
}

/// Whether an echo that was cut at `from` may go on at `at`: on the same line, or at the beginning of a later one.
bool may_go_on_at(std::string_view text, std::size_t from, std::size_t at) {
  if (at - from > interruption_limit) return false;
  const bool same_line = text.substr(from, at - from).find_first_of("\r\n") == std::string_view::npos;
  return same_line || text[at - 1] == '\n' || text[at - 1] == '\r';
}

/// The first place at or after `from` where the first bytes of `typed` stand; `first`: where the echo begins.
std::optional<std::size_t> find_piece(std::string_view typed, std::string_view text, std::size_t from, bool first) {
  const auto head = typed.substr(0, std::min(sure_bytes, typed.size()));
  for (auto at = text.find(head, from); at != std::string_view::npos; at = text.find(head, at + 1)) {
    const bool sure = head.size() == sure_bytes || stands_alone(text, at, head.size());
    if (sure && (first || may_go_on_at(text, from, at))) return at;
  }
  return std::nullopt;
}

std::size_t common_prefix(std::string_view a, std::string_view b) {
  return static_cast<std::size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
}

/// The length of the longest beginning of `typed` that `text` ends with.
std::size_t begun_at_end(std::string_view typed, std::string_view text) {
  for (auto n = std::min({typed.size() - 1, text.size(), sure_bytes - 1}); n > 0; --n)
    if (text.ends_with(typed.substr(0, n))) return n;
  return 0;
}

std::string printable(std::string_view typed) {
  std::string out;
  for (const char c : typed)
    if (const auto u = static_cast<unsigned char>(c); u >= 0x20 && u != 0x7f) out += c;
  return out;
}

std::size_t end_of_line(std::string_view text, std::size_t from) {
  const auto end = text.find_first_of("\r\n", from);
  return end == std::string_view::npos ? text.size() : end;
}

}  // namespace

EchoSpan find_echo(std::string_view typed, std::string_view text) {
  using enum EchoSpan::State;
  const auto want = printable(typed);
  if (want.empty()) return {};
  for (auto at = text.find(want); at != std::string_view::npos; at = text.find(want, at + 1))
    if (want.size() >= sure_bytes || stands_alone(text, at, want.size())) return {complete, at, at + want.size()};

  std::string_view rest = want;
  std::optional<std::size_t> begin;
  std::size_t end = 0;
  while (!rest.empty()) {
    const auto at = find_piece(rest, text, end, !begin);
    if (!at) break;
    const auto n = common_prefix(rest, text.substr(*at));
    if (!begin) begin = *at;
    end = *at + n;
    rest.remove_prefix(n);
  }
  if (begin) {
    if (rest.empty()) return {complete, *begin, end};
    const auto line_end = end_of_line(text, end);
    const bool may_go_on = line_end == text.size();
    const bool mostly_there = 2 * rest.size() <= want.size();  // characters were lost on the way
    if (may_go_on || mostly_there) return {open, *begin, line_end};
    return {};
  }
  if (const auto n = begun_at_end(want, text); n > 0) return {maybe, text.size() - n, text.size()};
  return {};
}

}  // namespace hilltop::jobs
