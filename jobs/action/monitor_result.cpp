// SPDX-License-Identifier: Apache-2.0
#include "jobs/action/monitor_result.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "jobs/action/job_run.hpp"

namespace hilltop::jobs {
namespace {

Error malformed(std::string text) { return {Errc::mismatch, Blame::job, std::move(text)}; }

/// The group's text, or nullptr when it is empty or took no part.
const std::string* group(const std::map<std::string, std::string>& groups, const char* name) {
  const auto it = groups.find(name);
  return it == groups.end() || it->second.empty() ? nullptr : &it->second;
}

Result<double> number(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  double value = 0;
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (wrong != std::errc() || end != text.data() + text.size() || !std::isfinite(value))
    return malformed("'" + std::string(text) + "' is not a measurement");
  return value;
}

Result<CaseResult> result_word(const Monitor& monitor, const std::string& word) {
  if (const auto it = monitor.fixupdict.find(word); it != monitor.fixupdict.end()) return it->second;
  if (const auto result = case_result_from(word)) return *result;
  return malformed("'" + word + "' is not pass, fail, skip or unknown, and fixupdict does not say what it is");
}

}  // namespace

Result<TestCase> read_monitor_result(const Monitor& monitor, const std::map<std::string, std::string>& groups) {
  TestCase out;
  const auto* id = group(groups, "test_case_id");
  if (id == nullptr) return malformed("no test_case_id");
  out.name = case_id(*id);
  const auto* measurement = group(groups, "measurement");
  if (measurement != nullptr) {
    HILLTOP_TRY(out.measurement, number(*measurement));
    if (const auto* units = group(groups, "units")) out.units = *units;
  }
  const auto* word = group(groups, "result");
  if (word == nullptr && measurement == nullptr) return malformed("neither result nor measurement");
  out.result = CaseResult::pass;
  if (word != nullptr) {
    HILLTOP_TRY(out.result, result_word(monitor, *word));
  }
  return out;
}

bool is_expected(const Monitor& monitor, const std::string& id) {
  if (!monitor.expected) return true;
  return std::ranges::any_of(*monitor.expected, [&](const std::string& name) { return case_id(name) == id; });
}

}  // namespace hilltop::jobs
