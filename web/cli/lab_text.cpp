// SPDX-License-Identifier: Apache-2.0
#include "web/cli/lab_text.hpp"

#include <algorithm>
#include <vector>

namespace hilltop::cli {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    out.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

std::size_t indent_of(const std::string& line) { return std::min(line.find_first_not_of(' '), line.size()); }

bool is_blank(const std::string& line) {
  const auto first = line.find_first_not_of(" \t\r");
  return first == line.npos || line[first] == '#';
}

/// The value of the key `boards` of a line, "-" where it is not that key.
std::string boards_value(const std::string& line) {
  constexpr std::string_view key = "boards:";
  if (!line.starts_with(key)) return "-";
  auto value = line.substr(key.size());
  if (const auto comment = value.find(" #"); comment != value.npos) value.erase(comment);
  std::erase_if(value, [](char c) { return c == ' ' || c == '\r'; });
  return value;
}

/// The stanza with the indentation that the file's boards have.
std::string indented(const std::string& stanza, std::size_t indent) {
  constexpr std::size_t own_indent = 2;
  std::string out;
  for (const auto& line : lines_of(stanza))
    out += line.empty() ? "\n" : std::string(indent, ' ') + line.substr(std::min(own_indent, indent_of(line))) + "\n";
  return out;
}

Error no_place(std::string why) { return Error(Errc::bad_input, Blame::configuration, std::move(why)); }

}  // namespace

Result<std::string> with_board(const std::string& text, const std::string& stanza) {
  auto lines = lines_of(text);
  const auto boards = std::ranges::find_if(lines, [](const auto& line) { return boards_value(line) != "-"; });
  if (boards == lines.end()) return no_place("the lab file has no 'boards:' at the beginning of a line");
  const auto value = boards_value(*boards);
  if (value == "{}")
    *boards = "boards:";
  else if (!value.empty())
    return no_place("the lab file's boards are written in one line: write each on lines of its own first");
  std::size_t last = static_cast<std::size_t>(boards - lines.begin());
  std::size_t indent = 0;
  for (std::size_t i = last + 1; i < lines.size(); ++i) {
    if (is_blank(lines[i])) continue;
    if (indent_of(lines[i]) == 0) break;
    if (indent == 0) indent = indent_of(lines[i]);
    last = i;
  }
  std::string out;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    out += lines[i] + "\n";
    if (i == last) out += indented(stanza, indent == 0 ? 2 : indent);
  }
  return out;
}

std::string board_in(const std::string& stanza) {
  for (const auto& line : lines_of(stanza)) {
    if (is_blank(line)) continue;
    const auto colon = line.find(':');
    return colon == line.npos ? "" : line.substr(indent_of(line), colon - indent_of(line));
  }
  return "";
}

}  // namespace hilltop::cli
