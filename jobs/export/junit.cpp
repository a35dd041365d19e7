// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "jobs/export/finished_job.hpp"
#include "jobs/export/xml_text.hpp"

namespace hilltop::jobs {
namespace {

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

/// Seconds that a case took. What `lava` itself measures in seconds (boot-time, boot-stage-*) are times of the job's
/// own.
std::optional<double> time_of(const TestCase& one) {
  const bool own_time = one.suite == "lava" && (one.units == "seconds" || one.units == "s");
  return !one.duration_s && own_time ? one.measurement : one.duration_s;
}

std::string case_element(const FinishedJob& job, const TestCase& one) {
  auto open = fmt::format("    <testcase name=\"{}\" classname=\"{}\" time=\"{:.6f}\"", xml_text(one.name),
                          xml_text(one.suite), time_of(one).value_or(0));
  std::string body;
  const auto message = xml_text(one.message);
  if (is_job_error(job, one))
    body += fmt::format("      <error type=\"{}\" message=\"{}\"/>\n",
                        job.outcome->blame ? to_string(*job.outcome->blame) : "bug", xml_text(job.outcome->reason));
  else if (one.result == CaseResult::fail)
    body += fmt::format("      <failure type=\"failure\" message=\"{}\"/>\n", message);
  else if (one.result == CaseResult::unknown)
    body += fmt::format("      <error type=\"unknown\" message=\"{}\"/>\n", message.empty() ? "no result" : message);
  else if (one.result == CaseResult::skip)
    body += "      <skipped/>\n";
  if (one.measurement)
    body += fmt::format("      <system-out>measurement: {} {}</system-out>\n", *one.measurement, xml_text(one.units));
  return body.empty() ? open + "/>\n" : open + ">\n" + body + "    </testcase>\n";
}

}  // namespace

std::string to_junit(const FinishedJob& job) {
  const auto all = count(job, job.cases);
  const auto name = xml_text(job.name);
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  out += fmt::format("<testsuites name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\">\n", name, all.tests,
                     all.failures, all.errors);
  const auto stamp = job.started ? to_rfc3339(*job.started).substr(0, 19) : std::string("1970-01-01T00:00:00");
  for (const auto& suite : suites_of(job.cases)) {
    const auto n = count(job, suite.cases);
    double time = 0;  // of durations alone: the measured times are parts of them
    for (const auto& one : suite.cases) time += one.duration_s.value_or(0);
    out += fmt::format(
        "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{:.6f}\" "
        "timestamp=\"{}\" hostname=\"{}\">\n",
        xml_text(suite.name), n.tests, n.failures, n.errors, n.skipped, time, stamp, xml_text(job.board));
    for (const auto& one : suite.cases) out += case_element(job, one);
    out += "  </testsuite>\n";
  }
  return out + "</testsuites>\n";
}

}  // namespace hilltop::jobs
