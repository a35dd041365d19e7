// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "jobs/definition/parts.hpp"

namespace hilltop::jobs::reading {
namespace {

constexpr std::array<std::string_view, 4> result_words = {"pass", "fail", "skip", "unknown"};

/// The alternatives of "PASS|FAIL" when each is a plain word; none for anything cleverer.
std::vector<std::string> plain_alternatives(const std::string& body) {
  std::vector<std::string> words(1);
  for (const char c : body) {
    if (c == '|')
      words.emplace_back();
    else if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-' || c == ' ')
      words.back() += c;
    else
      return {};
  }
  return words;
}

bool is_result(const Monitor& monitor, const std::string& word) {
  return monitor.fixupdict.contains(word) || std::ranges::find(result_words, word) != result_words.end();
}

void check_result_group(const Monitor& monitor, const std::string& body, const Node& node, Diagnostics& out) {
  const std::string hint = "add a fixupdict: {PASS: pass, FAIL: fail}";
  if (const auto words = plain_alternatives(body); !words.empty()) {
    for (const std::string& word : words)
      if (!is_result(monitor, word))
        out.warning(node.place(),
                    "test monitors pattern: the result '" + word +
                        "' is none of pass, fail, skip, unknown: such a result is malformed",
                    monitor.fixupdict.empty() ? hint : "add it to the fixupdict");
    return;
  }
  const std::string whole = "^(?:" + body + ")$";
  const auto reached = [&](std::string_view word) { return pattern_finds(whole, std::string(word)).value_or(true); };
  if (monitor.fixupdict.empty() && std::ranges::none_of(result_words, reached))
    out.warning(
        node.place(),
        "test monitors pattern: the group 'result' never is pass, fail, skip or unknown: all results are malformed",
        hint);
}

void check_groups(const Monitor& monitor, const Node& node, Diagnostics& out) {
  const auto result = group_body(monitor.pattern, "result");
  if (!group_body(monitor.pattern, "test_case_id"))
    out.error(node.place(), "test monitors pattern has no group 'test_case_id': its cases would have no name",
              "write (?P<test_case_id>...)");
  if (result)
    check_result_group(monitor, *result, node, out);
  else if (!group_body(monitor.pattern, "measurement"))
    out.warning(
        node.place(),
        "test monitors pattern has no group 'result' and no group 'measurement': every case it finds is unknown",
        "write (?P<result>...)");
}

std::map<std::string, CaseResult> read_fixupdict(const Node& node, Diagnostics& out) {
  std::map<std::string, CaseResult> fixups;
  each_entry(node, "test monitors fixupdict", out, [&](const std::string& word, const Node&, const Node& value) {
    const auto result = choice(value, "test monitors fixupdict " + word, out, {"pass", "fail", "skip", "unknown"});
    if (result) fixups[word] = case_result_from(*result).value_or(CaseResult::unknown);
  });
  return fixups;
}

Monitor read_monitor(const Node& node, Diagnostics& out) {
  MapReader map(node, "test monitors", out);
  Monitor monitor{.place = node.place()};
  if (!map.is_map()) return monitor;
  monitor.name = map.required_text("name");
  monitor.start = map.required_text("start", 0);
  monitor.end = map.required_text("end");
  monitor.pattern = map.required_text("pattern");
  if (const Node fixups = map.take("fixupdict")) monitor.fixupdict = read_fixupdict(fixups, out);
  monitor.expected = map.texts("expected");
  map.finish();
  if (!monitor.start.empty()) check_pattern(node["start"], "test monitors start", EmptyMatch::allowed, out);
  if (!monitor.end.empty()) check_pattern(node["end"], "test monitors end", EmptyMatch::refused, out);
  if (monitor.pattern.empty()) return monitor;
  if (check_pattern(node["pattern"], "test monitors pattern", EmptyMatch::refused, out))
    check_groups(monitor, node["pattern"], out);
  return monitor;
}

}  // namespace

std::vector<Monitor> read_monitors(const Node& node, Diagnostics& out) {
  std::vector<Monitor> monitors;
  if (!node.is_sequence()) {
    wrong_type(node, "test monitors", "a list", out);
    return monitors;
  }
  if (node.items().empty()) out.error(node.place(), "test monitors is empty: nothing would be tested");
  std::set<std::string> names;
  for (const Node& item : node.items()) {
    monitors.push_back(read_monitor(item, out));
    const std::string& name = monitors.back().name;
    if (!name.empty() && !names.insert(name).second)
      out.warning(item["name"].place(), "test monitors: '" + name + "' is used twice: their results are in one suite");
  }
  return monitors;
}

}  // namespace hilltop::jobs::reading
