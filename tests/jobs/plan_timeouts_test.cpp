// SPDX-License-Identifier: Apache-2.0
#include "jobs/plan_timeouts.hpp"

#include "tests/jobs/planning.hpp"

namespace hilltop::jobs {
namespace {

using std::chrono::milliseconds;
using std::chrono::nanoseconds;
using std::chrono::seconds;

/// Which levels say something about the time-out of auto-login-action, from low to high.
struct Levels {
  const char* name;
  bool job_action, type, block, attempts, job_named, block_named;
  int expected_seconds;
  const char* expected_origin;
};
void PrintTo(const Levels& one, std::ostream* out) { *out << one.name; }

std::string job_of(const Levels& levels) {
  std::string text = "job_name: t\ndevice_type: microbit\nvisibility: public\ntimeouts:\n  job: {minutes: 5}\n";
  text += levels.job_action ? "  action: {seconds: 100}\n" : "  # none\n";                             // line 6
  text += levels.job_named ? "  actions: {auto-login-action: {seconds: 50}}\n" : "  # none\n";         // line 7
  text += "actions:\n- boot:\n    method: minimal\n    prompts: ['> ']\n";                             // lines 8 to 11
  text += levels.block ? "    timeout: {seconds: 80}\n" : "    # none\n";                              // line 12
  text += levels.block_named ? "    timeouts: {auto-login-action: {seconds: 40}}\n" : "    # none\n";  // line 13
  text += levels.attempts ? "    failure_retry: 2\n" : "    # none\n";
  return text;
}

class Precedence : public testing::TestWithParam<Levels> {};

TEST_P(Precedence, IsLavas) {
  auto type = flashed_type("microbit");
  if (GetParam().type) type.action_timeouts = {{"auto-login-action", seconds(90)}, {"minimal-boot", seconds(90)}};
  Diagnostics diagnostics;
  const Plan plan = make_plan(must_read(job_of(GetParam())), type, diagnostics);
  const PlannedAction* login = plan.actions.at(0).find("auto-login-action");
  ASSERT_NE(login, nullptr);
  EXPECT_EQ(login->timeout.value, nanoseconds(seconds(GetParam().expected_seconds)));
  EXPECT_EQ(login->timeout.origin, GetParam().expected_origin);
}

INSTANTIATE_TEST_SUITE_P(
    Timeouts, Precedence,
    testing::Values(
        //                  action type   block  retry  job[n] block[n]
        Levels{"default_", false, false, false, false, false, false, 30, "default"},
        Levels{"job_action", true, false, false, false, false, false, 100, "job timeouts.action (line 6)"},
        Levels{"board_type", true, true, false, false, false, false, 90, "board type microbit"},
        Levels{"block", true, true, true, false, false, false, 80, "action block (line 12)"},
        Levels{"one_attempt", true, true, true, true, false, false, 40, "one attempt of minimal-boot"},
        Levels{"one_attempt_of_default", false, false, false, true, false, false, 15, "one attempt of minimal-boot"},
        Levels{"job_named", true, true, true, false, true, false, 50, "job timeouts.actions (line 7)"},
        Levels{"block_named", true, true, true, false, true, true, 40, "action block timeouts (line 13)"},
        Levels{"no_more_than_one_attempt", true, true, true, true, true, false, 40, "one attempt of minimal-boot"},
        Levels{"no_more_than_the_parent", false, false, false, false, true, false, 30, "what minimal-boot has"}),
    [](const auto& one) { return std::string(one.param.name); });

TEST(Timeouts, NoActionHasMoreThanTheJob) {
  Diagnostics diagnostics;
  auto type = flashed_type("microbit");
  type.action_timeouts["minimal-boot"] = seconds(500);
  const Plan plan =
      make_plan(must_read("job_name: t\ndevice_type: microbit\nvisibility: public\ntimeouts: {job: {seconds: 20}}\n"
                          "actions:\n- boot: {method: minimal}\n"),
                type, diagnostics);
  EXPECT_EQ(plan.actions[0].timeout.value, nanoseconds(seconds(20)));
  EXPECT_EQ(plan.actions[0].timeout.origin, "job timeouts.job (line 4)");
}

TEST(Timeouts, ConnectionsHaveTheirOwnPrecedence) {
  const auto connection = [](const std::string& timeouts, bool of_type) {
    auto type = flashed_type("microbit");
    if (of_type) type.connection_timeouts["minimal-boot"] = seconds(12);
    Diagnostics diagnostics;
    return make_plan(must_read("job_name: t\ndevice_type: microbit\nvisibility: public\ntimeouts: {job: {minutes: 5}" +
                               timeouts + "}\nactions:\n- boot: {method: minimal}\n"),
                     type, diagnostics)
        .actions[0]
        .connection_timeout;
  };
  const std::string lowest = ", connection: {seconds: 11}";
  const std::string highest = ", connections: {minimal-boot: {seconds: 13}}";
  EXPECT_EQ(connection("", false).value, nanoseconds(seconds(30)));
  EXPECT_EQ(connection(lowest, false).value, nanoseconds(seconds(11)));
  EXPECT_EQ(connection(lowest, true).value, nanoseconds(seconds(12)));
  EXPECT_EQ(connection(lowest + highest, true).value, nanoseconds(seconds(13)));
  EXPECT_EQ(connection(lowest + highest, true).origin, "job timeouts.connections (line 4)");
}

TEST(Timeouts, SkipComesWithTheOneInForce) {
  Diagnostics diagnostics;
  const Plan plan = make_plan(
      must_read("job_name: t\ndevice_type: microbit\nvisibility: public\ntimeouts: {job: {minutes: 5}}\nactions:\n"
                "- boot: {method: minimal, timeout: {seconds: 9, skip: true}}\n- boot: {method: minimal}\n"),
      flashed_type("microbit"), diagnostics);
  EXPECT_TRUE(plan.actions[0].timeout.skip);
  EXPECT_FALSE(plan.actions[1].timeout.skip);
}

/// Attempts: those of the block, else of the context, else of the board type; repetitions exclude them.
TEST(Timeouts, AttemptsShareTheBudget) {
  const auto boot = [](const std::string& keys, const std::string& context) {
    auto type = flashed_type("microbit");
    type.failure_retry = 5;
    Diagnostics diagnostics;
    return make_plan(
               must_read(
                   "job_name: t\ndevice_type: microbit\nvisibility: public\ntimeouts: {job: {minutes: 5}}\ncontext: {" +
                   context + "}\nactions:\n- boot: {method: minimal, timeout: {seconds: 30}" + keys + "}\n"),
               type, diagnostics)
        .actions[0];
  };
  EXPECT_EQ(boot("", "").attempts, 5U);
  EXPECT_EQ(boot("", "").attempt_budget, nanoseconds(seconds(6)));
  EXPECT_EQ(boot("", "failure_retry: 4").attempts, 4U);
  EXPECT_EQ(boot("", "failure_retry: 4, boot_retry: 3").attempts, 3U);
  EXPECT_EQ(boot(", failure_retry: 2", "boot_retry: 3").attempts, 2U);
  EXPECT_EQ(boot(", repeat: 4", "boot_retry: 3").attempts, 1U);
  EXPECT_EQ(boot(", repeat: 4", "").attempt_budget, nanoseconds(milliseconds(7500)));
}

TEST(Timeouts, CleaningIsNotTheJobs) {
  Diagnostics diagnostics;
  auto type = flashed_type("microbit");
  type.action_timeouts["power-off"] = seconds(7);
  const Plan plan = make_plan(must_read("job_name: t\ndevice_type: microbit\nvisibility: public\ntimeouts: {job: "
                                        "{seconds: 2}, action: {seconds: 1}}\n"
                                        "actions:\n- boot: {method: minimal}\n"),
                              type, diagnostics);
  EXPECT_EQ(plan.actions.back().timeout.value, nanoseconds(seconds(30)));
  EXPECT_EQ(plan.actions.back().children.at(0).timeout.value, nanoseconds(seconds(7)));
}

}  // namespace
}  // namespace hilltop::jobs
