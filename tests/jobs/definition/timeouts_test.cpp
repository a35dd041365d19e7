// SPDX-License-Identifier: Apache-2.0
#include "tests/jobs/definition/complaints.hpp"

namespace hilltop::jobs {
namespace {

/// The value of `timeouts`, on line 4 from column 11.
Complaint timeouts(const char* name, const std::string& value, const std::string& expected) {
  return {name,
          "job_name: t\ndevice_type: microbit\nvisibility: public\ntimeouts: " + value +
              "\nactions:\n- boot: {method: minimal}\n",
          expected};
}

class Timeouts : public Complaints {};

TEST_P(Timeouts, AreComplainedOfWithTheirPlace) { EXPECT_EQ(complaints_of(GetParam().text), GetParam().expected); }

INSTANTIATE_TEST_SUITE_P(
    Jobs, Timeouts,
    testing::Values(
        timeouts("no_job", "{action: {minutes: 1}}", "job:4:11: timeouts job is missing"),
        timeouts("text", "{job: 5 minutes}", "job:4:17: timeouts job: expected a map, not text (write {minutes: 5})"),
        timeouts("number", "{job: 300}", "job:4:17: timeouts job: expected a map, not a number (write {seconds: 300})"),
        timeouts("null", "{job: }", "job:4:17: timeouts job is empty (expected a map)"),
        timeouts("empty", "{job: {}}",
                 "job:4:17: timeouts job: no time is given (one of days, hours, minutes or seconds)"),
        timeouts("only_skip", "{job: {skip: true}}",
                 "job:4:17: timeouts job: no time is given (one of days, hours, minutes or seconds)"),
        timeouts("zero", "{job: {minutes: 0}}",
                 "job:4:27: timeouts job minutes: 0 is out of range (at least 1, and at most ten years)"),
        timeouts("negative", "{job: {minutes: -5}}",
                 "job:4:27: timeouts job minutes: -5 is out of range (at least 1, and at most ten years)"),
        timeouts("half_a_second", "{job: {seconds: 0.5}}",
                 "job:4:27: timeouts job seconds: 0.5 is out of range (at least 1, and at most ten years)"),
        timeouts("boolean", "{job: {minutes: true}}",
                 "job:4:27: timeouts job minutes: expected a number, not yes or no"),
        timeouts("quoted", "{job: {minutes: '5'}}",
                 "job:4:27: timeouts job minutes: expected a number, not text (write it without quotes)"),
        timeouts("infinite", "{job: {minutes: .inf}}",
                 "job:4:27: timeouts job minutes: .inf is out of range (at least 1, and at most ten years)"),
        timeouts("not_a_number", "{job: {minutes: .nan}}",
                 "job:4:27: timeouts job minutes: .nan is out of range (at least 1, and at most ten years)"),
        timeouts("too_long", "{job: {days: 1000000000000}}",
                 "job:4:24: timeouts job days: 1000000000000 is out of range (at least 1, and at most ten years)"),
        timeouts("two_units", "{job: {minutes: 1, seconds: 30}}",
                 "job:4:17: warning: timeouts job has 2 units: their sum is taken (use one unit)"),
        timeouts("unknown_unit", "{job: {minuts: 5}}",
                 "job:4:18: timeouts job: unknown key 'minuts' (did you mean 'minutes'?)"),
        timeouts("skip_is_text", "{job: {minutes: 5, skip: 'no'}}",
                 "job:4:36: timeouts job skip: expected true or false, not text"),
        timeouts("unknown_key", "{job: {minutes: 5}, acton: {minutes: 1}}",
                 "job:4:31: timeouts: unknown key 'acton' (did you mean 'action'?)"),
        timeouts("action_over_job", "{job: {minutes: 5}, action: {minutes: 6}}",
                 "job:4:31: timeouts action is longer than the whole job may take (timeouts job is on line 4)"),
        timeouts("connection_over_job", "{job: {minutes: 5}, connection: {hours: 1}}",
                 "job:4:31: timeouts connection is longer than the whole job may take (timeouts job is on line 4)"),
        timeouts("named_over_job", "{job: {minutes: 5}, actions: {auto-login-action: {minutes: 6}}}",
                 "job:4:41: timeouts actions auto-login-action is longer than the whole job may take (timeouts job is "
                 "on line 4)"),
        timeouts("connections_over_job", "{job: {minutes: 5}, connections: {lava-test-monitor: {minutes: 6}}}",
                 "job:4:45: timeouts connections lava-test-monitor is longer than the whole job may take (timeouts job "
                 "is on line 4)"),
        timeouts("queue_may_be_longer", "{job: {minutes: 5}, queue: {days: 2}}", ""),
        timeouts("action_name", "{job: {minutes: 5}, actions: {Auto_Login: {minutes: 1}}}",
                 "job:4:41: timeouts actions: 'Auto_Login' is not the name of an action (names have lower-case letters "
                 "and '-' only)"),
        timeouts("actions_list", "{job: {minutes: 5}, actions: []}",
                 "job:4:40: timeouts actions: expected a map, not a list"),
        actions("block_over_job", "- boot: {method: minimal, timeout: {minutes: 6}}",
                "job:6:27: boot timeout is longer than the whole job may take (timeouts job is on line 4)"),
        actions("named_in_a_block_may_be_longer",
                "- boot: {method: minimal, timeouts: {auto-login-action: {minutes: 6}}}", "")),
    name_of);

TEST(Timeout, UnitsAreSummedAsLavaDoes) {
  Diagnostics diagnostics;
  const auto job =
      read_job(timeouts("", "{job: {days: 1, hours: 1, minutes: 1, seconds: 1}}", "").text, "job", diagnostics);
  ASSERT_TRUE(job);
  EXPECT_EQ(job->timeouts.job.value, std::chrono::seconds(86400 + 3600 + 60 + 1));
}

}  // namespace
}  // namespace hilltop::jobs
