// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "jobs/definition/job_definition.hpp"
#include "jobs/definition/reader.hpp"

/// The readers of a job definition's parts. Complaints go to the map reader's Diagnostics.
namespace hilltop::jobs::reading {

/// `{minutes: 5, skip: true}`; `key_place` becomes the time-out's place.
[[nodiscard]] std::optional<TimeoutSpec> read_timeout(const Node& node, const std::string& what, Place key_place,
                                                      Diagnostics& out);
/// A map of action names to time-outs.
[[nodiscard]] std::map<std::string, TimeoutSpec> read_named_timeouts(const Node& node, const std::string& what,
                                                                     Diagnostics& out);
[[nodiscard]] JobTimeouts read_job_timeouts(const Node& node, Diagnostics& out);
/// Complains about what is longer than the job (LAVA: action, connection, actions.*, connections.* and a block's own
/// time-out).
void check_against_job(const JobDefinition& job, Diagnostics& out);

/// `context`: keys of LAVA's list.
void read_context(const Node& node, JobDefinition& job, Diagnostics& out);
/// metadata, tags, secrets, environment.
void read_annotations(MapReader& top, JobDefinition& job);

/// `kind` is "deploy", "boot", "test" or "command", `place` that of its key.
[[nodiscard]] BlockCommon read_common(MapReader& block, Place place);
[[nodiscard]] std::optional<ActionBlock> read_action(const std::string& kind, const Node& node, Place place,
                                                     Diagnostics& out);
[[nodiscard]] std::optional<ActionBlock> read_deploy(MapReader& block, Place place);
/// `to: tftp`, `overlay`, `download` and `downloads`.
[[nodiscard]] std::optional<ActionBlock> read_tftp(MapReader& block, Place place);
[[nodiscard]] std::optional<ActionBlock> read_overlay(MapReader& block, Place place);
[[nodiscard]] std::optional<ActionBlock> read_download(MapReader& block, Place place);
/// `authorize` and `overlay_backend`, which every deploy block has.
void read_deploy_rest(MapReader& block);
/// `overlay_backend`, of a block or an image.
void read_overlay_backend(MapReader& map);
/// `images`: at least one. `renames`: each may have the key `rename`.
[[nodiscard]] std::vector<DeployImage> read_images(MapReader& block, bool renames = false);
/// `to: flasher | mps | musca | vemsd | usb | sd | recovery`.
[[nodiscard]] bool is_board_target(std::string_view to);
[[nodiscard]] std::optional<ActionBlock> read_board_deploy(MapReader& block, std::string to, Place place);
/// A name of a file in the job's folder.
[[nodiscard]] bool is_label(std::string_view label);
[[nodiscard]] std::optional<ActionBlock> read_boot(MapReader& block, Place place);
/// The keys of boot methods that talk to a boot loader, and of kexec.
void read_loader(MapReader& block, Boot& boot);
void read_kexec(MapReader& block, Boot& boot);
void read_ssh(MapReader& block, Boot& boot);
/// Those of openocd, pyocd, jlink, cmsis-dap, dfu, gdb and musca; those of recovery.
void read_flasher_boot(MapReader& block, Boot& boot);
void read_recovery(MapReader& block, Boot& boot);
/// Their rarer keys: use_bootscript, boot_finished, expect_shell, shell_menu; kernel-config, on_panic, deploy.
void read_loader_options(MapReader& block, Boot& boot);
void read_kexec_options(MapReader& block, KexecCommand& kexec);
/// `parameters`, `soft_reboot`, `transfer_overlay`, `expect`.
void read_boot_extras(MapReader& block, Boot& boot);
/// `after` of the command power_cut.
[[nodiscard]] CutMoment read_cut_moment(const Node& node, Diagnostics& out);
[[nodiscard]] std::optional<ActionBlock> read_test(MapReader& block, Place place);
[[nodiscard]] std::vector<Monitor> read_monitors(const Node& node, Diagnostics& out);
[[nodiscard]] std::vector<InteractiveScript> read_scripts(const Node& node, Diagnostics& out);

[[nodiscard]] std::vector<TestDefinition> read_definitions(const Node& node, Diagnostics& out);
/// Names of test definitions are unique in a job.
void check_definition_names(const JobDefinition& job, Diagnostics& out);
/// A map of shell variables, in order of writing.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> read_parameters(const Node& node,
                                                                               const std::string& what,
                                                                               Diagnostics& out);
/// Complains about a repository or a branch that git is not to be given.
void check_git(const std::string& url, const std::string& reference, const Node& node, const std::string& what,
               Diagnostics& out);

[[nodiscard]] std::optional<UrlSpec> read_url(MapReader& map, bool takes_overlay = false);
[[nodiscard]] std::map<std::string, std::string> read_headers(MapReader& map);
[[nodiscard]] Compression read_compression(MapReader& map);
/// Complains about a URL that the worker could not fetch from.
void check_url(const std::string& url, const Node& node, const std::string& what, Diagnostics& out);
/// `prompts`: text or a list of texts, each a pattern.
[[nodiscard]] std::vector<std::string> read_prompts(const Node& node, const std::string& what, Diagnostics& out);

/// What a pattern that finds the empty text (and so matches at once) is.
enum class EmptyMatch : std::uint8_t { allowed, warned_of, refused };
/// Compiles a pattern and complains where it is none; whether it is one.
bool check_pattern(const Node& node, const std::string& what, EmptyMatch empty, Diagnostics& out);
/// Whether `pattern` finds something in `text`; nothing where that cannot be told.
[[nodiscard]] std::optional<bool> pattern_finds(const std::string& pattern, const std::string& text);
/// What stands within the named group of `pattern`: "PASS|FAIL" of "(?P<result>PASS|FAIL)".
[[nodiscard]] std::optional<std::string> group_body(const std::string& pattern, const std::string& name);

}  // namespace hilltop::jobs::reading
