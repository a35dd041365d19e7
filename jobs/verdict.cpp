// SPDX-License-Identifier: Apache-2.0
#include "jobs/verdict.hpp"

#include <algorithm>
#include <array>

namespace hilltop::jobs {
namespace {

using enum Finding;
using V = Verdict;
using B = Blame;
using R = Retried;
using H = HealthEffect;

constexpr std::array<VerdictRow, 20> table{{
    {canceled, V::canceled, B::canceled, R::no, H::unchanged},
    {defect, V::incomplete, B::bug, R::no, H::suspect},
    {fault_seen, V::fail, B::dut, R::if_failure_retry, H::unchanged},
    {unexpected_reset, V::fail, B::dut, R::if_failure_retry, H::unchanged},
    {infrastructure_failed, V::incomplete, B::infrastructure, R::on_another_board, H::suspect},
    {download_failed, V::incomplete, B::infrastructure, R::on_another_board, H::unchanged},
    {configuration_wrong, V::incomplete, B::configuration, R::no, H::unchanged},
    {no_result, V::incomplete, B::job, R::no, H::unchanged},
    {malformed_result, V::incomplete, B::job, R::no, H::unchanged},
    {count_disagrees, V::incomplete, B::job, R::no, H::unchanged},
    {only_echo, V::incomplete, B::job, R::no, H::unchanged},
    {job_wrong, V::incomplete, B::job, R::no, H::unchanged},
    {board_silent, V::incomplete, B::infrastructure, R::if_failure_retry, H::suspect},
    {not_reached, V::incomplete, B::dut, R::if_failure_retry, H::unchanged},
    {test_silent, V::incomplete, B::dut, R::if_failure_retry, H::suspect},
    {test_not_ended, V::incomplete, B::dut, R::if_failure_retry, H::unchanged},
    {dut_failed, V::incomplete, B::dut, R::if_failure_retry, H::unchanged},
    {expected_missing, V::fail, B::dut, R::no, H::unchanged},
    {summary_failed, V::fail, B::dut, R::no, H::unchanged},
    {case_failed, V::fail, B::dut, R::no, H::unchanged},
}};

constexpr std::array<std::string_view, table.size()> finding_names{"canceled",
                                                                   "defect",
                                                                   "fault_seen",
                                                                   "unexpected_reset",
                                                                   "infrastructure_failed",
                                                                   "download_failed",
                                                                   "configuration_wrong",
                                                                   "no_result",
                                                                   "malformed_result",
                                                                   "count_disagrees",
                                                                   "only_echo",
                                                                   "job_wrong",
                                                                   "board_silent",
                                                                   "not_reached",
                                                                   "test_silent",
                                                                   "test_not_ended",
                                                                   "dut_failed",
                                                                   "expected_missing",
                                                                   "summary_failed",
                                                                   "case_failed"};

constexpr bool in_order() {
  for (std::size_t i = 0; i < table.size(); ++i)
    if (static_cast<std::size_t>(table[i].finding) != i) return false;
  return true;
}
static_assert(in_order(), "a row stands at the place of its enumerator");

}  // namespace

std::string_view to_string(Finding finding) noexcept { return finding_names[static_cast<std::size_t>(finding)]; }

std::span<const VerdictRow> verdict_table() noexcept { return table; }

const VerdictRow& row_of(Finding finding) noexcept { return table[static_cast<std::size_t>(finding)]; }

Outcome decide(std::span<const Fact> facts) {
  Outcome out;
  if (facts.empty()) {
    out.verdict = Verdict::pass;
    return out;
  }
  const auto first = std::ranges::min_element(facts, {}, &Fact::finding);
  const auto& row = row_of(first->finding);
  out.verdict = row.verdict;
  out.blame = row.blame;
  out.reason = first->text;
  out.retry = row.retried == Retried::on_another_board;
  const auto alike = std::ranges::count(facts, first->finding, &Fact::finding);
  if (alike > 1) out.reason += " (and " + std::to_string(alike - 1) + " more)";
  out.board_suspect =
      std::ranges::any_of(facts, [](const Fact& f) { return row_of(f.finding).health == HealthEffect::suspect; });
  return out;
}

Finding finding_of(const Error& error) noexcept {
  if (error.code == Errc::canceled) return canceled;
  switch (error.blame) {
    case Blame::infrastructure:
      return infrastructure_failed;
    case Blame::job:
      return job_wrong;
    case Blame::dut:
      return dut_failed;
    case Blame::configuration:
      return configuration_wrong;
    case Blame::canceled:
      return canceled;
    case Blame::bug:
      break;
  }
  return defect;
}

bool worth_another_attempt(std::span<const Fact> facts) {
  if (facts.empty()) return false;
  return row_of(std::ranges::min_element(facts, {}, &Fact::finding)->finding).retried != Retried::no;
}

int exit_status_of(Verdict verdict) noexcept {
  switch (verdict) {
    case Verdict::pass:
      return 0;
    case Verdict::fail:
      return 1;
    case Verdict::incomplete:
      return 3;
    case Verdict::canceled:
      return 4;
  }
  return 3;
}

}  // namespace hilltop::jobs
