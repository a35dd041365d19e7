// SPDX-License-Identifier: Apache-2.0
#include "web/cli/junit_merge.hpp"

#include <string_view>

#include "jobs/export/xml_text.hpp"

namespace hilltop::cli {
namespace {

/// What stands within <testsuites>, or the document without its declaration where there is no such element.
std::string_view inner(std::string_view text) {
  if (text.starts_with("<?xml")) {
    const auto end = text.find("?>");
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 2);
  }
  const auto open = text.find("<testsuites");
  if (open == std::string_view::npos) return text;
  // No '>' may stand in an attribute's value as our server writes them (it is escaped).
  const auto begin = text.find('>', open);
  if (begin == std::string_view::npos || text[begin - 1] == '/') return {};
  const auto end = text.rfind("</testsuites>");
  return end == std::string_view::npos || end < begin ? std::string_view{} : text.substr(begin + 1, end - begin - 1);
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view space = " \t\r\n";
  const auto begin = text.find_first_not_of(space);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(space) - begin + 1);
}

/// Puts `prefix` in front of each suite's name and each class name. A value or content has no '"' of its own (it is
/// escaped), so that each second one opens a value.
std::string prefixed(std::string_view suites, const std::string& prefix) {
  std::string out;
  bool quoted = false;
  for (const char c : suites) {
    out += c;
    if (c != '"') continue;
    quoted = !quoted;
    if (quoted && (out.ends_with("<testsuite name=\"") || out.ends_with(" classname=\""))) out += prefix;
  }
  return out;
}

}  // namespace

std::string merged_junit(const std::vector<JunitPart>& parts) {
  if (parts.size() == 1) return parts.front().document;
  std::string text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n";
  for (const auto& part : parts) {
    const auto suites = trimmed(inner(part.document));
    if (suites.empty()) continue;
    text += part.prefix.empty() ? std::string(suites) : prefixed(suites, jobs::xml_text(part.prefix + "."));
    text += '\n';
  }
  return text + "</testsuites>\n";
}

std::string error_junit(const std::string& suite, const std::string& test_case, const std::string& type,
                        const std::string& text) {
  const auto name = jobs::xml_text(suite);
  const auto why = jobs::xml_text(text);
  return "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"" + name +
         "\" tests=\"1\" failures=\"0\" errors=\"1\">\n  <testsuite name=\"" + name +
         "\" tests=\"1\" failures=\"0\" errors=\"1\" skipped=\"0\" time=\"0\">\n    <testcase name=\"" +
         jobs::xml_text(test_case) + "\" classname=\"" + name + "\" time=\"0\">\n      <error type=\"" + type +
         "\" message=\"" + why + "\">" + why + "</error>\n    </testcase>\n  </testsuite>\n</testsuites>\n";
}

}  // namespace hilltop::cli
