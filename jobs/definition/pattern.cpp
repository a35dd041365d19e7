// SPDX-License-Identifier: Apache-2.0
#include "boards/console/match/pattern_set.hpp"
#include "jobs/definition/parts.hpp"

namespace hilltop::jobs::reading {
namespace {

/// The position behind a character class that opens at `i` ("[^]a-z]"), or the end of the text.
std::size_t skip_class(const std::string& pattern, std::size_t i) {
  ++i;
  if (i < pattern.size() && pattern[i] == '^') ++i;
  if (i < pattern.size() && pattern[i] == ']') ++i;
  while (i < pattern.size() && pattern[i] != ']') i += pattern[i] == '\\' ? 2 : 1;
  return std::min(i + 1, pattern.size());
}

}  // namespace

bool check_pattern(const Node& node, const std::string& what, EmptyMatch empty, Diagnostics& out) {
  const auto compiled = boards::PatternSet::compile({node.text()});
  if (!compiled) {
    out.error(node.place(), what + ": " + compiled.error().text,
              "patterns are Python regular expressions: '\\' takes the meaning from ( [ . * +");
    return false;
  }
  if (empty == EmptyMatch::allowed) return true;
  const auto hit = compiled->search("");
  if (!hit || !hit->has_value()) return true;
  const std::string message = what + ": '" + node.text() + "' matches nothing at all, and so at once";
  if (empty == EmptyMatch::refused)
    out.error(node.place(), message, "let it match at least one character");
  else
    out.warning(node.place(), message, "let it match at least one character");
  return true;
}

std::optional<bool> pattern_finds(const std::string& pattern, const std::string& text) {
  const auto compiled = boards::PatternSet::compile({pattern});
  if (!compiled) return {};
  const auto hit = compiled->search(text);
  if (!hit) return {};
  return hit->has_value();
}

std::optional<std::string> group_body(const std::string& pattern, const std::string& name) {
  const std::string opening = "(?P<" + name + ">";
  std::size_t begin = std::string::npos;
  int depth = 0;
  for (std::size_t i = 0; i < pattern.size();) {
    if (pattern[i] == '\\') {
      i += 2;
    } else if (pattern[i] == '[') {
      i = skip_class(pattern, i);
    } else if (begin == std::string::npos && pattern.compare(i, opening.size(), opening) == 0) {
      i = begin = i + opening.size();
    } else {
      if (begin != std::string::npos && pattern[i] == '(') ++depth;
      if (begin != std::string::npos && pattern[i] == ')' && depth-- == 0) return pattern.substr(begin, i - begin);
      ++i;
    }
  }
  return {};
}

}  // namespace hilltop::jobs::reading
