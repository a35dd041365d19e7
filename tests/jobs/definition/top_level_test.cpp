// SPDX-License-Identifier: Apache-2.0
#include "tests/jobs/definition/complaints.hpp"

namespace hilltop::jobs {
namespace {

class TopLevel : public Complaints {};

TEST_P(TopLevel, IsComplainedOfWithItsPlace) { EXPECT_EQ(complaints_of(GetParam().text), GetParam().expected); }

const std::string good_boot = "actions:\n- boot: {method: minimal}\n";

INSTANTIATE_TEST_SUITE_P(
    Jobs, TopLevel,
    testing::Values(
        top("good", "", ""),  //
        Complaint{"empty", "", "job:1:1: the job is empty (expected a map)"},
        Complaint{"not_a_map", "- a\n", "job:1:1: the job: expected a map, not a list"},
        Complaint{"nothing_but_a_key", "job_name: t\n",
                  "job:1:1: device_type is missing\njob:1:1: timeouts is missing\njob:1:1: visibility is "
                  "missing\njob:1:1: actions is missing"},
        top("unknown_key", "prioritty: high", "job:5:1: unknown key 'prioritty' (did you mean 'priority'?)"),
        top("unknown_key_far_from_all", "xyzzy: 1",
            "job:5:1: unknown key 'xyzzy' (known keys are 'actions', 'context', 'device', 'device_type', "
            "'environment', 'job_name', 'metadata', 'priority', 'reboot_to_fastboot', 'secrets', 'tags', 'timeouts', "
            "'visibility' and 'worker')"),
        top("monitors_at_the_top", "monitors: []",
            "job:5:1: monitors does not stand at the top of a job (it belongs under test:)"),
        Complaint{"name_is_a_number",
                  "job_name: 12\ndevice_type: m\nvisibility: public\ntimeouts: {job: {minutes: 5}}\n" + good_boot,
                  "job:1:11: job_name: expected text, not a number (put it in quotes, \"12\")"},
        Complaint{"name_is_on",
                  "job_name: on\ndevice_type: m\nvisibility: public\ntimeouts: {job: {minutes: 5}}\n" + good_boot,
                  "job:1:11: job_name: expected text, not yes or no (YAML reads words such as on, off, yes and no as "
                  "true or false: put it in quotes)"},
        Complaint{"name_is_empty",
                  "job_name: ''\ndevice_type: m\nvisibility: public\ntimeouts: {job: {minutes: 5}}\n" + good_boot,
                  "job:1:11: job_name is empty"},
        Complaint{"name_is_null",
                  "job_name:\ndevice_type: m\nvisibility: public\ntimeouts: {job: {minutes: 5}}\n" + good_boot,
                  "job:1:10: job_name is empty (expected text)"},
        Complaint{"name_of_201_bytes",
                  "job_name: " + std::string(201, 'x') +
                      "\ndevice_type: m\nvisibility: public\ntimeouts: {job: {minutes: 5}}\n" + good_boot,
                  "job:1:11: job_name is longer than 200 bytes"},
        Complaint{"a_template", "job_name: {{ name }}\n" + good_boot,
                  "job:1:11: '{{' stands in the job (render the template first: a job is plain YAML)\njob:1:12: a key "
                  "must be text or a number, not a map (put quotes around what begins with '{', '[' or '- ')"},
        Complaint{
            "a_template_in_quotes",
            "job_name: '{{ name }}'\ndevice_type: m\nvisibility: public\ntimeouts: {job: {minutes: 5}}\n" + good_boot,
            "job:1:11: job_name: '{{' stands in it (render the template first: a job is plain YAML)"},
        Complaint{"visibility_unknown",
                  "job_name: t\ndevice_type: m\nvisibility: publik\ntimeouts: {job: {minutes: 5}}\n" + good_boot,
                  "job:3:13: visibility: 'publik' is not known (did you mean 'public'?)"},
        Complaint{"visibility_of_nobody",
                  "job_name: t\ndevice_type: m\nvisibility: {group: []}\ntimeouts: {job: {minutes: 5}}\n" + good_boot,
                  "job:3:21: visibility group is empty: nobody could see the job"},
        Complaint{"visibility_groups",
                  "job_name: t\ndevice_type: m\nvisibility: {groups: [a]}\ntimeouts: {job: {minutes: 5}}\n" + good_boot,
                  "job:3:13: visibility group is missing\njob:3:14: visibility: unknown key 'groups' (did you mean "
                  "'group'?)"},
        top("priority_word", "priority: hihg", "job:5:11: priority: 'hihg' is not known (did you mean 'high'?)"),
        top("priority_of_101", "priority: 101", "job:5:11: priority: 101 is out of range (expected 0 to 100)"),
        top("priority_negative", "priority: -1", "job:5:11: priority: -1 is out of range (expected 0 to 100)"),
        top("priority_real", "priority: 50.5", "job:5:11: priority: expected a whole number, not 50.5"),
        top("priority_list", "priority: [1]", "job:5:11: priority: expected a number, not a list"),
        top("context_key", "context: {machin: virt}",
            "job:5:11: context: unknown key 'machin' (did you mean 'machine'?)"),
        top("context_real", "context: {memory: 1.5}",
            "job:5:19: context memory: expected text, a whole number, true or false, not a number (put it in quotes, "
            "\"1.5\")"),
        top("context_map", "context: {arch: {a: b}}",
            "job:5:17: context arch: expected text, a number, true or false, not a map"),
        top("context_list", "context: {arch: [arm]}", "job:5:17: context arch: expected one value, not a list"),
        top("context_options_text", "context: {extra_options: -smp 2}",
            "job:5:26: context extra_options: expected a list, not text"),
        top("tags_text", "tags: usb", "job:5:7: tags: expected a list, not text"),
        top("tags_number", "tags: [1]", "job:5:8: tags: item 1: expected text, not a number (put it in quotes, \"1\")"),
        top("secrets_list", "secrets: {key: [topsecret]}", "job:5:16: secrets key: expected text, not a list"),
        top("environment_name", "environment: {a-b: 1}",
            "job:5:15: environment: 'a-b' cannot be a variable (letters, digits and '_')"),
        top("environment_list", "environment: {a: {b: [1]}}",
            "job:5:22: environment a_b: expected text, a number, true or false, not a list"),
        top("metadata_text", "metadata: hello", "job:5:11: metadata: expected a map, not text"),
        top("notify", "notify: {criteria: {status: finished}}", "job:5:1: notify is not supported yet"),
        top("multinode", "protocols: {lava-multinode: {roles: {}}}",
            "job:5:13: protocols lava-multinode is not supported yet"),
        top("protocol_unknown", "protocols: {lava-multinod: {}}",
            "job:5:13: protocols: unknown key 'lava-multinod' (did you mean 'lava-multinode'?)"),
        top("fastboot_key", "reboot_to_fastboot: true",
            "job:5:1: warning: reboot_to_fastboot has no effect, here as in LAVA (leave it out)"),
        top("key_twice", "priority: low\npriority: high",
            "job:6:1: warning: 'priority' is written twice in this map: the last one counts (the first one is at "
            "job:5:1)"),
        top("several_at_once", "prioritty: high\ntags: usb\ncontext: {machin: virt}",
            "job:5:1: unknown key 'prioritty' (did you mean 'priority'?)\njob:6:7: tags: expected a list, not "
            "text\njob:7:11: context: unknown key 'machin' (did you mean 'machine'?)")),
    name_of);

TEST(ReadJob, KeepsWhatWasWritten) {
  const std::string text =
      "job_name: all of it\n"
      "device_type: qemu\n"
      "device: qemu-01\n"
      "worker: lab-1\n"
      "timeouts: {job: {hours: 1, skip: true}, action: {minutes: 2}, connection: {seconds: 7}, queue: {days: 1},\n"
      "  actions: {auto-login-action: {seconds: 1.5}}, connections: {lava-test-monitor: {seconds: 9}}}\n"
      "visibility: {group: [a, b]}\n"
      "priority: high\n"
      "context: {arch: arm, memory: 512, no_kvm: yes, extra_options: [-smp, 2]}\n"
      "metadata: {git: abc, good: true, count: 3, list: [1, two], 7: seven, none: ~}\n"
      "tags: [usb, can, usb]\n"
      "secrets: {token: s3cret, pin: 1234}\n"
      "environment: {a: 1, b: {c: x, d: true}}\n"
      "actions:\n"
      "- boot: {method: minimal}\n";
  Diagnostics diagnostics;
  const auto job = read_job(text, "job", diagnostics);
  ASSERT_TRUE(job) << diagnostics.to_string();
  EXPECT_EQ(diagnostics.all().size(), 0U) << diagnostics.to_string();
  EXPECT_EQ(job->name, "all of it");
  EXPECT_EQ(job->device, "qemu-01");
  EXPECT_EQ(job->worker, "lab-1");
  EXPECT_EQ(job->timeouts.job.value, std::chrono::hours(1));
  EXPECT_TRUE(job->timeouts.job.skip);
  EXPECT_EQ(job->timeouts.queue->value, std::chrono::hours(24));
  EXPECT_EQ(job->timeouts.actions.at("auto-login-action").value, std::chrono::milliseconds(1500));
  EXPECT_EQ(job->timeouts.actions.at("auto-login-action").place.line, 6U);
  EXPECT_EQ(job->timeouts.connections.at("lava-test-monitor").value, std::chrono::seconds(9));
  EXPECT_FALSE(job->is_public);
  EXPECT_FALSE(job->is_personal);
  EXPECT_EQ(job->viewing_groups, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(job->priority, 100U);
  EXPECT_EQ(job->context, (std::map<std::string, std::string>{{"arch", "arm"}, {"memory", "512"}, {"no_kvm", "true"}}));
  EXPECT_EQ(job->context_extra_options, (std::vector<std::string>{"-smp", "2"}));
  EXPECT_EQ(job->metadata, (std::map<std::string, std::string>{{"7", "seven"},
                                                               {"count", "3"},
                                                               {"git", "abc"},
                                                               {"good", "true"},
                                                               {"list", R"([1,"two"])"},
                                                               {"none", "null"}}));
  EXPECT_EQ(job->tags, (std::vector<std::string>{"can", "usb"}));
  EXPECT_EQ(job->secrets, (std::map<std::string, std::string>{{"pin", "1234"}, {"token", "s3cret"}}));
  EXPECT_EQ(job->environment, (std::map<std::string, std::string>{{"a", "1"}, {"b_c", "x"}, {"b_d", "true"}}));
  EXPECT_EQ(job->source_text, text);
}

TEST(ReadJob, PrioritiesAreNumbers) {
  for (const auto& [written, expected] : std::map<std::string, std::uint32_t>{
           {"low", 0}, {"medium", 50}, {"high", 100}, {"0", 0}, {"100", 100}, {"42", 42}}) {
    Diagnostics diagnostics;
    const auto job = read_job(top("", "priority: " + written, "").text, "job", diagnostics);
    ASSERT_TRUE(job) << written;
    EXPECT_EQ(job->priority, expected);
  }
}

TEST(ReadJob, NoComplaintShowsASecret) {
  Diagnostics diagnostics;
  (void)read_job(top("", "secrets: {a: [hunter2], b: {c: hunter2}}", "").text, "job", diagnostics);
  EXPECT_EQ(diagnostics.all().size(), 2U);
  EXPECT_EQ(diagnostics.to_string().find("hunter2"), std::string::npos);
}

}  // namespace
}  // namespace hilltop::jobs
