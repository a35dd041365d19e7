// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "jobs/export/finished_job.hpp"

namespace hilltop::jobs {
namespace {

/// Text for an attribute or element. What XML 1.0 does not allow (section 2.2: most control characters) is replaced.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\n':
        out += "&#10;";
        break;
      case '\t':
        out += "&#9;";
        break;
      default:
        out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
    }
  }
  return out;
}

/// Bytes that are no UTF-8 make a document that no parser reads.
std::string valid_utf8(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t n = lead < 0x80                   ? 1
                          : lead >= 0xc2 && lead < 0xe0 ? 2
                          : lead >= 0xe0 && lead < 0xf0 ? 3
                          : lead >= 0xf0 && lead < 0xf5 ? 4
                                                        : 0;
    const auto rest = text.substr(i + (n > 0 ? 1 : 0), n > 0 ? n - 1 : 0);
    const bool whole = n > 0 && i + n <= text.size() &&
                       std::ranges::all_of(rest, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; });
    const auto second = n > 1 && whole ? static_cast<unsigned char>(text[i + 1]) : 0x90;
    const bool lawful = whole && !(lead == 0xe0 && second < 0xa0) && !(lead == 0xed && second > 0x9f) &&
                        !(lead == 0xf0 && second < 0x90) && !(lead == 0xf4 && second > 0x8f);
    if (lawful)
      out += text.substr(i, n);
    else
      out += '?';
    i += lawful ? n : 1;
  }
  return out;
}

std::string text_of(std::string_view text) { return escaped(valid_utf8(text)); }

struct Counts {
  std::size_t tests = 0, failures = 0, errors = 0, skipped = 0;
};

bool is_job_error(const FinishedJob& job, const TestCase& one) {
  return one.suite == "lava" && one.name == "job" && job.outcome &&
         (job.outcome->verdict == Verdict::incomplete || job.outcome->verdict == Verdict::canceled);
}

Counts count(const FinishedJob& job, const std::vector<TestCase>& cases) {
  Counts out{cases.size()};
  for (const auto& one : cases) {
    if (is_job_error(job, one) || one.result == CaseResult::unknown)
      ++out.errors;
    else if (one.result == CaseResult::fail)
      ++out.failures;
    else if (one.result == CaseResult::skip)
      ++out.skipped;
  }
  return out;
}

std::string case_element(const FinishedJob& job, const TestCase& one) {
  auto open = fmt::format("    <testcase name=\"{}\" classname=\"{}\" time=\"{:.6f}\"", text_of(one.name),
                          text_of(one.suite), one.duration_s.value_or(0));
  std::string body;
  const auto message = text_of(one.message);
  if (is_job_error(job, one))
    body += fmt::format("      <error type=\"{}\" message=\"{}\"/>\n",
                        job.outcome->blame ? to_string(*job.outcome->blame) : "bug", text_of(job.outcome->reason));
  else if (one.result == CaseResult::fail)
    body += fmt::format("      <failure type=\"failure\" message=\"{}\"/>\n", message);
  else if (one.result == CaseResult::unknown)
    body += fmt::format("      <error type=\"unknown\" message=\"{}\"/>\n", message.empty() ? "no result" : message);
  else if (one.result == CaseResult::skip)
    body += "      <skipped/>\n";
  if (one.measurement)
    body += fmt::format("      <system-out>measurement: {} {}</system-out>\n", *one.measurement, text_of(one.units));
  return body.empty() ? open + "/>\n" : open + ">\n" + body + "    </testcase>\n";
}

}  // namespace

std::string to_junit(const FinishedJob& job) {
  const auto all = count(job, job.cases);
  const auto name = text_of(job.name);
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  out += fmt::format("<testsuites name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\">\n", name, all.tests,
                     all.failures, all.errors);
  const auto stamp = job.started ? to_rfc3339(*job.started).substr(0, 19) : std::string("1970-01-01T00:00:00");
  for (const auto& suite : suites_of(job.cases)) {
    const auto n = count(job, suite.cases);
    double time = 0;
    for (const auto& one : suite.cases) time += one.duration_s.value_or(0);
    out += fmt::format(
        "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{:.6f}\" "
        "timestamp=\"{}\" hostname=\"{}\">\n",
        text_of(suite.name), n.tests, n.failures, n.errors, n.skipped, time, stamp, text_of(job.board));
    for (const auto& one : suite.cases) out += case_element(job, one);
    out += "  </testsuite>\n";
  }
  return out + "</testsuites>\n";
}

}  // namespace hilltop::jobs
