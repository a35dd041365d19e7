// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "jobs/export/finished_job.hpp"

namespace hilltop::jobs {
namespace {

/// A JSON string is a YAML double-quoted scalar (YAML 1.2, 1.3): the one form in which every name is safe.
std::string yaml_string(std::string_view text) {
  return nlohmann::json(text).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
}

/// One line, without what would be read as TAP's own marks.
std::string tap_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '#' || c == '\\') out += '\\';
    out += c == '\n' || c == '\r' ? ' ' : c;
  }
  return out;
}

/// How many columns a text takes (UTF-8: code points).
std::size_t columns(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; }));
}

std::string cut(const std::string& text, std::size_t width) {
  if (columns(text) <= width) return text;
  std::string out;
  std::size_t taken = 0;
  for (const char c : text) {
    const bool begins = (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    if (begins && ++taken >= width) break;
    out += c;
  }
  return out + "…";
}

std::string padded(const std::string& text, std::size_t width) {
  const auto short_text = cut(text, width);
  return short_text + std::string(width - std::min(width, columns(short_text)), ' ');
}

std::string measurement(const TestCase& one) {
  if (!one.measurement) return {};
  return one.units.empty() ? fmt::format("{}", *one.measurement) : fmt::format("{} {}", *one.measurement, one.units);
}

}  // namespace

std::string to_tap(const FinishedJob& job) {
  std::string out = "TAP version 13\n" + fmt::format("1..{}\n", job.cases.size());
  std::size_t number = 0;
  for (const auto& one : job.cases) {
    const bool good = one.result == CaseResult::pass || one.result == CaseResult::skip;
    out += fmt::format("{} {} - {}", good ? "ok" : "not ok", ++number, tap_text(one.suite + "/" + one.name));
    if (one.result == CaseResult::skip) out += " # SKIP";
    out += "\n";
    if (good && !one.measurement) continue;
    out += "  ---\n";
    if (!good) out += "  result: " + yaml_string(to_string(one.result)) + "\n";
    if (!one.message.empty()) out += "  message: " + yaml_string(one.message) + "\n";
    if (one.measurement) out += "  measurement: " + yaml_string(measurement(one)) + "\n";
    out += "  ...\n";
  }
  if (job.outcome && (job.outcome->verdict == Verdict::incomplete || job.outcome->verdict == Verdict::canceled))
    out += "Bail out! " + tap_text(job.outcome->reason) + "\n";
  return out;
}

std::string to_lava_yaml(const FinishedJob& job) {
  if (job.cases.empty()) return "[]\n";
  std::string out;
  for (const auto& one : job.cases) {
    out += "- suite: " + yaml_string(one.suite) + "\n";
    out += "  name: " + yaml_string(one.name) + "\n";
    out += "  result: " + std::string(to_string(one.result)) + "\n";
    out += "  job: " + yaml_string(job.id) + "\n";
    out += "  measurement: " +
           (one.measurement ? yaml_string(fmt::format("{:.10f}", *one.measurement)) : yaml_string("None")) + "\n";
    out += "  unit: " + yaml_string(one.units) + "\n";
    out += "  log_start_line: " + (one.line == 0 ? std::string("null") : yaml_string(std::to_string(one.line))) + "\n";
    out += "  metadata: {definition: " + yaml_string(one.suite) + ", case: " + yaml_string(one.name) +
           ", result: " + std::string(to_string(one.result));
    if (!one.message.empty()) out += ", error_msg: " + yaml_string(one.message);
    out += "}\n";
  }
  return out;
}

std::string to_table(const FinishedJob& job, std::size_t width, bool all) {
  std::vector<std::array<std::string, 4>> rows{{"suite", "case", "result", "measurement"}};
  for (const auto& one : job.cases)
    if (all || one.suite != "lava")
      rows.push_back({one.suite, one.name, std::string(to_string(one.result)), measurement(one)});
  std::array<std::size_t, 4> widths{};
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], columns(row[i]));
  // The case's name gives way first, then the suite's.
  const auto total = [&] { return widths[0] + widths[1] + widths[2] + widths[3] + 6; };
  for (const std::size_t column : {1, 0})
    while (total() > width && widths[column] > 8) --widths[column];
  std::string out;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) line += (i == 0 ? "" : "  ") + padded(row[i], widths[i]);
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  if (rows.size() == 1) out = "no test cases\n";
  if (!job.outcome) return out;
  out += "\n" + std::string(to_string(job.outcome->verdict));
  if (job.outcome->blame) out += " (" + std::string(to_string(*job.outcome->blame)) + ")";
  return out + (job.outcome->reason.empty() ? "\n" : ": " + job.outcome->reason + "\n");
}

}  // namespace hilltop::jobs
