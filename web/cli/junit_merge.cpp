// SPDX-License-Identifier: Apache-2.0
#include "web/cli/junit_merge.hpp"

#include <string_view>

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

}  // namespace

std::string merged_junit(const std::vector<std::string>& documents) {
  if (documents.size() == 1) return documents.front();
  std::string text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n";
  for (const auto& document : documents) {
    if (const auto suites = trimmed(inner(document)); !suites.empty()) text.append(suites).append("\n");
  }
  return text + "</testsuites>\n";
}

}  // namespace hilltop::cli
