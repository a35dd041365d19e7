// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "drivers/core/node.hpp"
#include "jobs/definition/test_definition.hpp"

/// A LAVA job definition, typed. Source: reference of LAVA's job schema, 2026.07 (top-level keys, timeouts, action
/// blocks). Every struct that was read keeps its Place, so that later checks can point at it.
namespace hilltop::jobs {

/// One time-out as it was written: `{minutes: 5, skip: true}`.
struct TimeoutSpec {
  std::chrono::nanoseconds value{0};
  bool skip = false;
  Place place;  ///< of the key that it belongs to
};

struct JobTimeouts {
  TimeoutSpec job;
  std::optional<TimeoutSpec> action, connection, queue;
  std::map<std::string, TimeoutSpec> actions, connections;
};

/// A file to be fetched.
struct UrlSpec {
  std::string url;
  std::map<std::string, std::string> headers;
  Compression compression = Compression::none;
  bool archive_tar = false;
  std::optional<std::string> md5sum, sha256sum, sha512sum;  ///< lower-case hex
  bool use_cache = true;
  Place place;
};

/// Keys common to every action block (LAVA 1.6).
struct BlockCommon {
  std::string name_space;  ///< `namespace`; "common" when not given
  std::string connection_namespace;
  std::optional<TimeoutSpec> timeout;
  std::map<std::string, TimeoutSpec> timeouts;
  std::uint32_t repeat = 1;
  std::optional<std::uint32_t> failure_retry;
  std::chrono::nanoseconds failure_retry_interval{std::chrono::seconds(1)};
  Place place;  ///< of the block's key: `deploy`, `boot`, ...
};

struct DeployImage {
  std::string label;  ///< key under `images`
  UrlSpec url;
  std::string image_arg;  ///< "" when not given; every `{label}` in it names an image of the same block
  Place place;            ///< of the label
};

/// deploy `to: tmpfs`.
struct DeployTmpfs {
  BlockCommon common;
  std::vector<DeployImage> images;
  std::string type;  ///< "monitor" or ""
  std::string os;
  Place to_place;  ///< of the value of `to`
  Place images_place;
};

struct AutoLogin {
  std::string login_prompt, username;
  std::optional<std::string> password_prompt, password;
  std::vector<std::string> login_commands;
  Place place;
};

enum class BootMethod : std::uint8_t { qemu, minimal, monitor };
[[nodiscard]] std::string_view to_string(BootMethod method) noexcept;

/// boot `method: qemu | minimal | monitor`.
struct Boot {
  BlockCommon common;
  BootMethod method = BootMethod::minimal;
  std::string media;  ///< "tmpfs" or ""
  std::vector<std::string> prompts;
  std::optional<AutoLogin> auto_login;
  bool reset = true;
  bool pre_power_command = false, pre_os_command = false;
  bool ignore_kernel_messages = false;
  Place method_place;  ///< of the value of `method`
};

[[nodiscard]] std::string_view to_string(CaseResult result) noexcept;
[[nodiscard]] std::optional<CaseResult> case_result_from(std::string_view text) noexcept;  ///< exact, lower case

/// test `monitors:` (LAVA 3.5).
struct Monitor {
  std::string name, start, end, pattern;
  std::map<std::string, CaseResult> fixupdict;
  std::optional<std::vector<std::string>> expected;
  Place place;
};
struct TestMonitors {
  BlockCommon common;
  std::vector<Monitor> monitors;
};

/// One step of an interactive script (LAVA 3.4).
struct InteractiveStep {
  std::optional<std::string> name;
  std::optional<std::string> command;         ///< absent: send nothing
  std::optional<std::chrono::seconds> delay;  ///< sleeps, and ends the step
  bool wait_for_prompt = true;
  struct Success {
    std::string message;
  };
  struct Failure {
    std::string message;
    std::string exception;  ///< "", InfrastructureError, JobError, TestError
    std::string error;
  };
  std::vector<Success> successes;
  std::vector<Failure> failures;
  Place place;
};
struct InteractiveScript {
  std::string name;
  std::vector<std::string> prompts;
  bool echo_discard = false;
  std::optional<std::vector<std::string>> expected;
  std::vector<InteractiveStep> script;
  Place place;
};
struct TestInteractive {
  BlockCommon common;
  std::vector<InteractiveScript> scripts;
};

/// test `definitions:`: the test shell (LAVA 3.1 to 3.3).
struct TestDefinitions {
  BlockCommon common;
  std::vector<TestDefinition> definitions;
};

/// `command: {name: hard_reset}`: built-in power commands.
struct CommandBlock {
  BlockCommon common;
  std::string name;  ///< power_on power_off hard_reset pre_power_command pre_os_command
  Place name_place;
};

using ActionBlock = std::variant<DeployTmpfs, Boot, TestMonitors, TestInteractive, TestDefinitions, CommandBlock>;
[[nodiscard]] const BlockCommon& common_of(const ActionBlock& block);
/// "deploy", "boot", "test", "command".
[[nodiscard]] std::string_view kind_of(const ActionBlock& block);

struct JobDefinition {
  std::string name;
  std::string device_type;
  Place device_type_place;
  std::optional<std::string> device, worker;
  JobTimeouts timeouts;
  std::uint32_t priority = 50;  ///< 0..100; low 0, medium 50, high 100
  bool is_public = true;
  bool is_personal = false;
  std::vector<std::string> viewing_groups;
  std::map<std::string, std::string> context;      ///< scalars as text; booleans as "true", "false"
  std::map<std::string, Place> context_places;     ///< of the keys, `extra_options` too
  std::vector<std::string> context_extra_options;  ///< context.extra_options
  std::map<std::string, std::string> metadata;     ///< scalars as text, others as JSON
  std::vector<std::string> tags;
  std::map<std::string, std::string> secrets;      ///< never logged
  std::map<std::string, std::string> environment;  ///< nested keys joined by '_'
  std::vector<ActionBlock> actions;
  std::string source_text;  ///< as submitted, byte for byte
};

/// Reads and checks a job: keys, types, ranges, cross checks. All complaints go to `diagnostics`, with what is known
/// and not built named as "not supported yet". Value: only when there is no error.
[[nodiscard]] std::optional<JobDefinition> read_job(std::string_view text, std::string file, Diagnostics& diagnostics);

}  // namespace hilltop::jobs
