// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "boards/console/match/matcher.hpp"
#include "boards/console/match/pcre.hpp"

namespace {

using namespace hilltop::boards;

using Span = std::tuple<std::size_t, std::size_t, std::size_t>;  // line, begin, end

/// PCRE2 without JIT and without a filter; nothing when it costs too much to say.
std::optional<std::vector<Span>> expected(const std::string& pattern, const CleanBlock& block) {
  const auto compiled = pcre::compile(pattern, 0, 0).value();
  const pcre::MatchData data(pcre2_match_data_create_from_pattern(compiled.code.get(), nullptr));
  const pcre::MatchContext context(pcre2_match_context_create(nullptr));
  pcre2_set_match_limit(context.get(), 20'000);
  std::vector<Span> out;
  for (std::size_t i = 0; i < block.lines().size(); ++i) {
    const auto line = std::string(block.line(i));
    std::uint32_t options = 0;
    for (std::size_t from = 0;;) {
      const int rc = pcre2_match(compiled.code.get(), reinterpret_cast<PCRE2_SPTR>(line.data()), line.size(), from,
                                 options | PCRE2_NO_JIT, data.get(), context.get());
      if (rc == PCRE2_ERROR_NOMATCH) break;
      if (rc < 0) return std::nullopt;
      const auto* where = pcre2_get_ovector_pointer(data.get());
      from = where[1] < where[0] ? where[0] : where[1];
      out.emplace_back(i, where[0], from);
      options = where[0] == from ? PCRE2_NOTEMPTY_ATSTART : 0;
    }
  }
  return out;
}

}  // namespace

/// Up to the first NUL a pattern, behind it lines. The matcher finds what PCRE2 finds.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto zero = input.find('\0');
  if (zero == std::string_view::npos || zero > 80 || size - zero > 300) return 0;
  const std::string pattern(input.substr(0, zero));
  const auto matcher = Matcher::compile({{.pattern = pattern}});
  if (!matcher) return matcher.error().text.empty() ? (std::abort(), 0) : 0;
  Cleaner cleaner;
  CleanBlock block;
  const auto text = input.substr(zero + 1);
  cleaner.feed(text, block);
  cleaner.end(block, text.size());
  Scanner scanner;
  MatchWorkspace workspace;
  std::vector<LineMatch> found;
  scanner.scan(**matcher, block, workspace, found);
  std::vector<Span> got;
  for (const auto& match : found) {
    if (match.gave_up) return 0;
    got.emplace_back(match.line, match.begin - block.begin(match.line), match.end - block.begin(match.line));
  }
  const auto wanted = expected(pattern, block);
  if (wanted && got != *wanted) std::abort();
  return 0;
}
