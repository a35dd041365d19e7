// SPDX-License-Identifier: Apache-2.0
#include "jobs/verdict.hpp"

#include <gtest/gtest.h>

namespace hilltop::jobs {
namespace {

/// DESIGN.md 5 as data: one row of this table for each cause that a row of the page names.
struct DesignRow {
  Finding finding;
  std::string_view verdict, blame, retried, health;
};
constexpr DesignRow design[] = {
    // a case failed, an `expected` case is missing, a summary says failed
    {Finding::case_failed, "fail", "dut", "no", "unchanged"},
    {Finding::expected_missing, "fail", "dut", "no", "unchanged"},
    {Finding::summary_failed, "fail", "dut", "no", "unchanged"},
    // kernel panic, fault, assert, reset or unexpected reboot seen while a test ran
    {Finding::fault_seen, "fail", "dut", "if `failure_retry`", "unchanged"},
    {Finding::unexpected_reset, "fail", "dut", "if `failure_retry`", "unchanged"},
    // the board never reached its prompt, login or start pattern: dut (bytes were seen) or infrastructure (silence)
    {Finding::not_reached, "incomplete", "dut", "if `failure_retry`", "unchanged"},
    {Finding::board_silent, "incomplete", "infrastructure", "if `failure_retry`", "suspect"},
    // a test began and did not end
    {Finding::test_not_ended, "incomplete", "dut", "if `failure_retry`", "unchanged"},
    {Finding::test_silent, "incomplete", "dut", "if `failure_retry`", "suspect"},
    // no result where results were announced; malformed; a count disagrees; only the echo
    {Finding::no_result, "incomplete", "job", "no", "unchanged"},
    {Finding::malformed_result, "incomplete", "job", "no", "unchanged"},
    {Finding::count_disagrees, "incomplete", "job", "no", "unchanged"},
    {Finding::only_echo, "incomplete", "job", "no", "unchanged"},
    // power, probe, port, tool failed
    {Finding::infrastructure_failed, "incomplete", "infrastructure", "yes, on another board if there is one",
     "suspect"},
    // download failed: against the page, no board is suspect for it (ARCHITECTURE.md says why)
    {Finding::download_failed, "incomplete", "infrastructure", "yes, on another board if there is one", "unchanged"},
    // canceled, lease revoked; a defect of ours
    {Finding::canceled, "canceled", "canceled", "no", "unchanged"},
    {Finding::defect, "incomplete", "bug", "no", "suspect"},
    // not in the page: what a plan could not foresee
    {Finding::job_wrong, "incomplete", "job", "no", "unchanged"},
    {Finding::configuration_wrong, "incomplete", "configuration", "no", "unchanged"},
    {Finding::dut_failed, "incomplete", "dut", "if `failure_retry`", "unchanged"},
};

std::string_view to_text(Retried retried) {
  switch (retried) {
    case Retried::no:
      return "no";
    case Retried::if_failure_retry:
      return "if `failure_retry`";
    case Retried::on_another_board:
      return "yes, on another board if there is one";
  }
  return "";
}
std::string_view to_text(HealthEffect health) {
  switch (health) {
    case HealthEffect::unchanged:
      return "unchanged";
    case HealthEffect::good:
      return "good";
    case HealthEffect::suspect:
      return "suspect";
  }
  return "";
}

TEST(VerdictTable, IsThatOfTheDesign) {
  ASSERT_EQ(verdict_table().size(), std::size(design));
  for (const auto& row : design) {
    SCOPED_TRACE(to_string(row.finding));
    EXPECT_EQ(to_string(row_of(row.finding).verdict), row.verdict);
    EXPECT_EQ(to_string(row_of(row.finding).blame), row.blame);
    EXPECT_EQ(to_text(row_of(row.finding).retried), row.retried);
    EXPECT_EQ(to_text(row_of(row.finding).health), row.health);
  }
}

TEST(VerdictTable, EachRowAloneDecidesAnOutcome) {
  for (const auto& row : design) {
    SCOPED_TRACE(to_string(row.finding));
    const std::vector<Fact> facts{{row.finding, "what happened"}};
    const auto out = decide(facts);
    EXPECT_EQ(to_string(out.verdict), row.verdict);
    ASSERT_TRUE(out.blame);
    EXPECT_EQ(to_string(*out.blame), row.blame);
    EXPECT_EQ(out.reason, "what happened");
    EXPECT_EQ(out.board_suspect, row.health == "suspect");
    EXPECT_EQ(out.retry, row.retried.starts_with("yes"));
    EXPECT_EQ(worth_another_attempt(facts), row.retried != "no");
  }
}

TEST(Decide, NothingFoundIsAPass) {
  const auto out = decide({});
  EXPECT_EQ(out.verdict, Verdict::pass);
  EXPECT_FALSE(out.blame);
  EXPECT_EQ(out.reason, "");
  EXPECT_FALSE(out.board_suspect);
  EXPECT_FALSE(out.retry);
}

TEST(Decide, NoFindingMakesAPass) {
  for (const auto& row : verdict_table()) EXPECT_NE(row.verdict, Verdict::pass) << to_string(row.finding);
}

TEST(Decide, TheCauseComesBeforeWhatItCouldNotFinish) {
  EXPECT_EQ(decide(std::vector<Fact>{{Finding::test_silent, "silence"}, {Finding::fault_seen, "fault"}}).reason,
            "fault");
  EXPECT_EQ(decide(std::vector<Fact>{{Finding::case_failed, "case"}, {Finding::test_not_ended, "end"}}).verdict,
            Verdict::incomplete);
  EXPECT_EQ(decide(std::vector<Fact>{{Finding::fault_seen, "fault"}, {Finding::canceled, "canceled"}}).verdict,
            Verdict::canceled);
  EXPECT_EQ(decide(std::vector<Fact>{{Finding::case_failed, "a"}, {Finding::malformed_result, "b"}}).blame, Blame::job);
}

TEST(Decide, CountsWhatElseWentWrong) {
  EXPECT_EQ(
      decide(std::vector<Fact>{{Finding::case_failed, "s/a failed"}, {Finding::case_failed, "s/b failed"}}).reason,
      "s/a failed (and 1 more)");
}

TEST(Decide, SuspicionOfTheBoardIsKeptWhateverDecides) {
  EXPECT_TRUE(
      decide(std::vector<Fact>{{Finding::fault_seen, "fault"}, {Finding::test_silent, "silence"}}).board_suspect);
}

TEST(FindingOf, FollowsTheBlame) {
  EXPECT_EQ(finding_of(Error(Errc::timeout, Blame::infrastructure, "x")), Finding::infrastructure_failed);
  EXPECT_EQ(finding_of(Error(Errc::bad_input, Blame::job, "x")), Finding::job_wrong);
  EXPECT_EQ(finding_of(Error(Errc::mismatch, Blame::dut, "x")), Finding::dut_failed);
  EXPECT_EQ(finding_of(Error(Errc::unsupported, Blame::configuration, "x")), Finding::configuration_wrong);
  EXPECT_EQ(finding_of(canceled_error("x")), Finding::canceled);
  EXPECT_EQ(finding_of(Error()), Finding::defect);
}

TEST(ExitStatus, IsThatOfSubmitWait) {
  EXPECT_EQ(exit_status_of(Verdict::pass), 0);
  EXPECT_EQ(exit_status_of(Verdict::fail), 1);
  EXPECT_EQ(exit_status_of(Verdict::incomplete), 3);
  EXPECT_EQ(exit_status_of(Verdict::canceled), 4);
}

}  // namespace
}  // namespace hilltop::jobs
