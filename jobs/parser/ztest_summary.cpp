// SPDX-License-Identifier: Apache-2.0
#include "jobs/parser/ztest_summary.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace hilltop::jobs {
namespace {

/// The text after `key`, or nothing.
std::optional<std::string_view> after(std::string_view line, std::string_view key) {
  const auto at = line.find(key);
  if (at == std::string_view::npos) return std::nullopt;
  return line.substr(at + key.size());
}

std::string word(std::string_view text) {
  const auto end = std::ranges::find_if_not(text, [](char c) {
    return c == '_' || c == '.' || c == '-' || c == '/' || std::isalnum(static_cast<unsigned char>(c)) != 0;
  });
  return std::string(text.begin(), end);
}

std::optional<std::uint64_t> number_after(std::string_view line, std::string_view key) {
  const auto rest = after(line, key);
  if (!rest) return std::nullopt;
  std::uint64_t value = 0;
  if (std::from_chars(rest->data(), rest->data() + rest->size(), value).ec != std::errc()) return std::nullopt;
  return value;
}

/// "SUITE PASS - 100.00% [name]: pass = 4, fail = 0, skip = 0, total = 4"
std::optional<ZtestLine> suite_summary(std::string_view line) {
  const auto suite = after(line, "SUITE ");
  const auto bracket = suite ? after(*suite, "% [") : std::nullopt;
  if (!bracket) return std::nullopt;
  const auto pass = number_after(*bracket, "pass = "), fail = number_after(*bracket, "fail = "),
             skip = number_after(*bracket, "skip = "), total = number_after(*bracket, "total = ");
  if (!pass || !fail || !skip || !total) return std::nullopt;
  return ZtestLine{ZtestLine::Kind::suite_summary, word(*bracket), *pass, *fail, *skip, *total};
}

std::string counts(std::uint64_t pass, std::uint64_t fail, std::uint64_t skip) {
  return std::to_string(pass) + " passed, " + std::to_string(fail) + " failed, " + std::to_string(skip) + " skipped";
}

}  // namespace

std::optional<ZtestLine> parse_ztest_line(std::string_view line) {
  using Kind = ZtestLine::Kind;
  // Floods are long and never of this kind: the dearest search runs last and only on lines that can match.
  if (line.size() > 400) return std::nullopt;
  if (line.contains("PROJECT EXECUTION SUCCESSFUL")) return ZtestLine{Kind::project_passed, {}};
  if (line.contains("PROJECT EXECUTION FAILED")) return ZtestLine{Kind::project_failed, {}};
  if (const auto name = after(line, "Running TESTSUITE ")) return ZtestLine{Kind::suite_running, word(*name)};
  if (line.starts_with("START - ")) return ZtestLine{Kind::case_started, word(line.substr(8))};
  return suite_summary(line);
}

void ZtestSummary::add(const ZtestLine& line) {
  using Kind = ZtestLine::Kind;
  switch (line.kind) {
    case Kind::suite_running:
      suites_running_.insert(line.name);
      break;
    case Kind::case_started:
      started_.insert(line.name);
      break;
    case Kind::suite_summary:
      suites_.push_back(line);
      break;
    case Kind::project_passed:
      project_passed_ = true;
      break;
    case Kind::project_failed:
      project_failed_ = true;
      break;
  }
}

bool ZtestSummary::says_failed() const {
  return project_failed_ || std::ranges::any_of(suites_, [](const ZtestLine& s) { return s.fail > 0; });
}

std::optional<std::string> ZtestSummary::disagreement(const Seen& seen) const {
  std::uint64_t pass = 0, fail = 0, skip = 0, total = 0;
  for (const auto& suite : suites_) {
    // A suite that ran before this monitor began is none of its business.
    if (!suites_running_.empty() && !suites_running_.contains(suite.name)) continue;
    pass += suite.pass, fail += suite.fail, skip += suite.skip, total += suite.total;
  }
  const auto seen_total = seen.pass + seen.fail + seen.skip;
  if (seen_total < total || fail > seen.fail || (seen_total == total && pass != seen.pass))
    return "the firmware's summary says " + counts(pass, fail, skip) + " of " + std::to_string(total) + ", but " +
           counts(seen.pass, seen.fail, seen.skip) + " were seen";
  if (project_failed_ && seen.fail == 0)
    return "the firmware says PROJECT EXECUTION FAILED, but no failed case was seen";
  if (project_passed_ && seen.fail > 0 && fail == 0 && total > 0)
    return "the firmware says PROJECT EXECUTION SUCCESSFUL, but " + std::to_string(seen.fail) +
           " failed cases were seen";
  const bool same_names = std::ranges::any_of(seen.names, [&](const auto& name) { return started_.contains(name); });
  if (!same_names) return std::nullopt;
  for (const auto& name : started_)
    if (!seen.names.contains(name)) return "the case '" + name + "' was started, but its result was not seen";
  return std::nullopt;
}

}  // namespace hilltop::jobs
