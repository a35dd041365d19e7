// SPDX-License-Identifier: Apache-2.0
#include "jobs/plan.hpp"

#include <nlohmann/json.hpp>

#include "tests/jobs/definition/complaints.hpp"
#include "tests/jobs/planning.hpp"

namespace hilltop::jobs {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const std::string image = "url: 'https://example.org/a'";
const std::string deploy = "- deploy: {to: tmpfs, images: {fw: {" + image + "}}}\n";
const std::string boot = "- boot: {method: minimal}\n";
const std::string monitors =
    "- test:\n    monitors:\n    - {name: m, start: a, end: b, pattern: '(?P<test_case_id>\\w+) (?P<result>pass)'}\n";

std::string job_of(const std::string& blocks, const std::string& extra = "") {
  return job_head + extra + "actions:\n" + blocks;
}

std::string complaints_of(const std::string& text, const boards::BoardType& type) {
  Diagnostics diagnostics;
  (void)make_plan(must_read(text), type, diagnostics);
  std::string lines;
  for (const Diagnostic& one : diagnostics.all()) lines += (lines.empty() ? "" : "\n") + one.to_string();
  return lines;
}

struct Refusal {
  const char* name;
  std::string text;
  boards::BoardType type;
  std::string expected;
};
void PrintTo(const Refusal& one, std::ostream* out) { *out << one.name; }

class PlanChecks : public testing::TestWithParam<Refusal> {};

TEST_P(PlanChecks, SayWhatTheBoardTypeLacks) {
  EXPECT_EQ(complaints_of(GetParam().text, GetParam().type), GetParam().expected);
}

boards::BoardType microbit() { return flashed_type("microbit"); }

boards::BoardType never_flashed() {
  auto type = microbit();
  type.flash.supported = false;
  return type;
}

boards::BoardType booted_only() {
  auto type = microbit();
  type.deploy_methods.clear();
  return type;
}

std::string machine_job(const std::string& context, const std::string& keys = "image_arg: '-kernel {fw}', ") {
  return "job_name: t\ndevice_type: qemu\nvisibility: public\ntimeouts: {job: {minutes: 5}}\ncontext: {" + context +
         "}\nactions:\n- deploy: {to: tmpfs, images: {fw: {" + keys + image + "}}}\n- boot: {method: qemu}\n";
}

INSTANTIATE_TEST_SUITE_P(
    Jobs, PlanChecks,
    testing::Values(
        Refusal{"good", job_of(deploy + boot + monitors), microbit(), ""},
        Refusal{"boots_what_is_on_the_board", job_of(boot + monitors), microbit(), ""},
        Refusal{"another_type", job_of(boot), flashed_type("mps2-an385"),
                "job:2:14: device_type: 'microbit' is not 'mps2-an385', the board type it is planned for"},
        Refusal{
            "boot_method", job_of("- boot: {method: qemu}\n"), microbit(),
            "job:6:18: boot method: board type microbit does not boot by 'qemu' (it offers 'minimal' and 'monitor')"},
        Refusal{"deploy_method", job_of(deploy + boot), booted_only(),
                "job:6:16: deploy to: board type microbit does not offer 'tmpfs' (it boots what is on the board: leave "
                "deploy out)"},
        Refusal{"not_flashed", job_of(deploy + boot), never_flashed(),
                "job:6:16: deploy to: boards of type microbit cannot be flashed (the board type states no flash facts "
                "with a source)"},
        Refusal{"two_images",
                job_of("- deploy: {to: tmpfs, images: {a: {" + image + "}, b: {" + image + "}}}\n" + boot), microbit(),
                "job:6:23: deploy images: 2 images, and board type microbit takes 1"},
        Refusal{"two_images_fit",
                job_of("- deploy: {to: tmpfs, images: {a: {" + image + "}, b: {" + image + "}}}\n" + boot),
                flashed_type("microbit", 2), ""},
        Refusal{"image_arg",
                job_of("- deploy: {to: tmpfs, images: {a: {" + image + ", image_arg: '-kernel {a}'}}}\n" + boot),
                microbit(),
                "job:6:32: warning: deploy images a image_arg has no effect: board type microbit is flashed"},
        Refusal{"test_without_boot", job_of(monitors), microbit(),
                "job:6:3: test: nothing was booted there before it (put a boot before it)"},
        Refusal{"test_before_boot", job_of(monitors + boot), microbit(),
                "job:6:3: test: nothing was booted there before it (put a boot before it)"},
        Refusal{"deploy_without_boot", job_of(boot + deploy), microbit(),
                "job:7:3: warning: deploy has no effect: no boot follows it"},
        Refusal{"deploy_replaced", job_of(deploy + deploy + boot), microbit(),
                "job:6:3: warning: deploy has no effect: a later one replaces it"},
        Refusal{"command_of_the_lab", job_of("- command: {name: pre_os_command}\n" + boot), microbit(),
                "job:6:19: board type microbit has no command 'pre_os_command' (commands of a lab's own are not "
                "supported yet)"},
        Refusal{"boot_with_command", job_of("- boot: {method: minimal, pre_power_command: true}\n"), microbit(),
                "job:6:3: board type microbit has no command 'pre_power_command' (commands of a lab's own are not "
                "supported yet)"},
        Refusal{"boot_elsewhere",
                job_of("- deploy: {namespace: a, to: tmpfs, images: {a: {" + image +
                       "}}}\n- boot: {namespace: b, method: minimal}\n"),
                microbit(),
                "job:6:3: warning: deploy in namespace 'a' has no effect: no boot follows it\njob:7:3: boot in "
                "namespace 'b': nothing was deployed there (something was deployed in 'a')"},
        Refusal{"test_elsewhere",
                job_of("- boot: {namespace: a, method: minimal}\n- test:\n    namespace: b\n    interactive: [{name: "
                       "s, prompts: ['> '], script: [{command: ls}]}]\n"),
                microbit(),
                "job:7:3: test in namespace 'b': nothing was booted there before it (something was booted in 'a')"},
        Refusal{"test_by_another_connection",
                job_of("- boot: {namespace: a, method: minimal}\n- test:\n    namespace: b\n    connection-namespace: "
                       "a\n    interactive: [{name: s, prompts: ['> '], script: [{command: ls}]}]\n"),
                microbit(), ""},
        Refusal{"machine", machine_job("arch: arm"), machine_type("qemu"), ""},
        Refusal{"no_arch", machine_job("cpu: cortex-m3"), machine_type("qemu"),
                "job:2:14: context arch is missing: board type qemu needs it (one of 'aarch64', 'arm' or 'x86_64')"},
        Refusal{"arch", machine_job("arch: arn"), machine_type("qemu"),
                "job:5:11: context arch: board type qemu has no 'arn' (did you mean 'arm'?)"},
        Refusal{"arch_far", machine_job("arch: mips"), machine_type("qemu"),
                "job:5:11: context arch: board type qemu has no 'mips' (one of 'aarch64', 'arm' or 'x86_64')"},
        Refusal{"context_without_effect", machine_job("arch: arm, kernel_start_message: Linux"), machine_type("qemu"),
                "job:5:22: warning: context kernel_start_message has no effect: hilltop does not use it"},
        Refusal{"retries", machine_job("arch: arm, boot_retry: often"), machine_type("qemu"),
                "job:5:22: context boot_retry: expected a number from 1 to 1000"},
        Refusal{"no_image_arg", machine_job("arch: arm", ""), machine_type("qemu"),
                "job:7:32: warning: deploy images fw has no image_arg: the machine does not get it"},
        Refusal{"nothing_to_boot",
                "job_name: t\ndevice_type: qemu\nvisibility: public\ntimeouts: {job: {minutes: 5}}\ncontext: {arch: "
                "arm}\nactions:\n- boot: {method: qemu}\n",
                machine_type("qemu"),
                "job:7:3: boot: nothing was deployed, and a machine of type qemu has nothing of its own to boot (put a "
                "deploy before it)"},
        Refusal{"fixed_machine", job_of(boot, "context: {arch: arm}\n"), microbit(),
                "job:5:11: warning: context arch has no effect: the machine of board type microbit is fixed"},
        Refusal{
            "unused_timeouts",
            "job_name: t\ndevice_type: microbit\nvisibility: public\ntimeouts: {job: {minutes: 5}, actions: "
            "{minimal-bot: {minutes: 1}}, connections: {lava-test-shell: {minutes: 1}}}\nactions:\n- boot: "
            "{method: minimal, timeouts: {http-download: {minutes: 1}}}\n",
            microbit(),
            "job:4:41: warning: timeouts actions minimal-bot has no effect: the plan has no such action (did you mean "
            "'minimal-boot'?)\njob:4:83: warning: timeouts connections lava-test-shell has no effect: the plan has no "
            "such action\njob:6:38: warning: boot timeouts http-download has no effect: the plan has no such action"}),
    [](const auto& one) { return std::string(one.param.name); });

TEST(Plan, AliasOfTheTypeIsItsName) {
  auto type = flashed_type("bbc-microbit");
  type.aliases = {"microbit"};
  EXPECT_EQ(complaints_of(job_of(boot), type), "");
}

/// A type's own architecture serves where the job names none.
TEST(Plan, ArchitectureOfTheTypeIsEnough) {
  auto type = machine_type("qemu");
  type.context["arch"] = "arm";
  EXPECT_EQ(complaints_of(machine_job("cpu: cortex-m3"), type), "");
}

TEST(Plan, BlocksAndFinalizeInOrder) {
  Diagnostics diagnostics;
  const Plan plan = make_plan(must_read(job_of("- command: {name: power_off}\n" + deploy + boot + monitors)),
                              microbit(), diagnostics);
  std::vector<std::string> names;
  for (const PlannedAction& action : plan.actions) names.push_back(action.level + " " + action.name);
  EXPECT_EQ(names, (std::vector<std::string>{"1 user-command", "2 deployimages", "3 minimal-boot",
                                             "4 lava-test-monitor", "5 finalize"}));
  ASSERT_NE(plan.actions[1].find("http-download"), nullptr);
  EXPECT_EQ(plan.actions[1].find("http-download")->level, "2.1.1");
  EXPECT_EQ(plan.actions[1].find("flash-device"), nullptr);
}

TEST(Plan, PasswordOfAUrlIsNotShown) {
  Diagnostics diagnostics;
  const Plan plan = make_plan(
      must_read(job_of("- deploy: {to: tmpfs, images: {a: {url: 'https://ann:hunter2@example.org/a@b'}}}\n" + boot)),
      microbit(), diagnostics);
  EXPECT_EQ(plan.actions[0].find("http-download")->summary, "fetch a from https://***@example.org/a@b");
  EXPECT_EQ(plan.to_text().find("hunter2"), std::string::npos);
}

TEST(Plan, JsonHasWhatTheTextHas) {
  Diagnostics diagnostics;
  const Plan plan = make_plan(
      must_read(job_of("- boot: {method: minimal, failure_retry: 2, timeout: {seconds: 30}, prompts: ['> ']}\n")),
      microbit(), diagnostics);
  const auto json = plan.to_json();
  EXPECT_EQ(json["board_type"], "microbit");
  EXPECT_EQ(json["job_timeout"]["seconds"], 300.0);
  const auto& login = json["actions"][0]["children"][2];
  EXPECT_EQ(login["name"], "auto-login-action");
  EXPECT_EQ(login["level"], "1.3");
  EXPECT_EQ(login["timeout"]["seconds"], 15.0);
  EXPECT_EQ(json["actions"][0]["attempts"], 2);
  EXPECT_EQ(json["actions"][0]["attempt_seconds"], 15.0);
  EXPECT_EQ(json["actions"][1]["name"], "finalize");
}

}  // namespace
}  // namespace hilltop::jobs
