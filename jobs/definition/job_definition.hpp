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

/// How `overlays` get into an image: by its `format`.
enum class ImageOverlay : std::uint8_t {
  none,
  ext4,  ///< into its file system, or that of its partition
  cpio,  ///< appended: an initramfs
  tar    ///< appended: an archive
};

/// One of an image's `overlays`, other than the test shell's own (`lava`).
struct FileOverlay {
  std::string name;
  UrlSpec url;
  bool is_tar = false;  ///< its members go below `path`; else it is one file
  std::string path;     ///< in the image, absolute; a file's own name is added when it ends with '/'
  Place place;          ///< of the name
};

struct DeployImage {
  std::string label;  ///< key under `images`
  UrlSpec url;
  std::string image_arg;  ///< "" when not given; every `{label}` in it names an image of the same block
  Place place;            ///< of the label
  ImageOverlay overlay = ImageOverlay::none;  ///< none: there are no overlays
  bool test_shell = false;                    ///< `overlays: {lava: true}`
  std::vector<FileOverlay> overlays;
  std::uint32_t partition = 0;  ///< for ext4: from 1; 0: the image is a file system
  std::string rename = {};      ///< deploy to: mps, vemsd: its path on the board's card; "" when not given
};

/// The database of a Zephyr build's dictionary logs (log_dictionary.json), which is no image: by it the records on the
/// board's consoles are lines of text from then on.
struct LogDictionary {
  UrlSpec url;
  std::string mode;  ///< binary, hex, or "" for either
  Place place;       ///< of the key
};

/// deploy `to: tmpfs`.
struct DeployTmpfs {
  BlockCommon common;
  std::vector<DeployImage> images;
  std::optional<LogDictionary> log_dictionary;
  std::string type;  ///< "monitor" or ""
  std::string os;
  Place to_place;  ///< of the value of `to`
  Place images_place;
};

/// A file of deploy `to: tftp`.
struct DeployFile {
  std::string label;  ///< "kernel", "ramdisk", "dtb", "dtbo_0", "tee", or its key under `extra_files`
  UrlSpec url;
  std::string kind;             ///< of the kernel: "image", "uimage", "zimage", or "" when not given
  bool install_overlay = true;  ///< of the ramdisk
  bool install_modules = true;  ///< of the ramdisk, where the job has modules
  bool uboot_header = false;    ///< of the ramdisk: goes to the board with U-Boot's legacy image header
  Place place;                  ///< of the key
};

/// deploy `to: tftp`: files that a boot loader fetches.
struct DeployTftp {
  BlockCommon common;
  std::vector<DeployFile> files;  ///< the kernel first
  std::optional<UrlSpec> modules;  ///< a tar file, for the ramdisk
  std::string os;
  Place to_place;
  [[nodiscard]] const DeployFile* file(std::string_view label) const;
};

/// deploy `to: overlay`: the test shell's files alone, for a board that fetches them (transfer_overlay).
struct DeployOverlay {
  BlockCommon common;
  Place to_place;
};

/// deploy `to: download | downloads`: files that only the job itself uses.
struct DeployDownload {
  BlockCommon common;
  std::vector<DeployImage> images;
  Place to_place;
};

/// deploy `to: flasher | mps | musca | vemsd | usb | sd | recovery`: what is written to the board at once.
struct DeployBoard {
  enum class Way : std::uint8_t {
    flash,    ///< flasher, mps, musca, vemsd: by the board's flasher
    storage,  ///< usb, sd: the whole card, by its mux
    files     ///< recovery: only fetched
  };
  BlockCommon common;
  Way way = Way::flash;
  std::string to;
  std::vector<DeployImage> images;  ///< of a card: "image", and its block map "bmap" where there is one
  Place to_place;
  Place images_place;
};

struct AutoLogin {
  std::string login_prompt, username;
  std::optional<std::string> password_prompt, password;
  std::vector<std::string> login_commands;
  Place place;
};

/// What is typed to a boot loader: a set of the board type's, or the job's own lines.
struct LoaderScript {
  std::string set;                 ///< "" when the job has lines
  std::vector<std::string> lines;  ///< with LAVA's substitutions
  Place place;
};

/// How a booted board fetches the test shell's files.
struct TransferOverlay {
  std::string download_command, unpack_command;
  Place place;
};

/// boot `method: kexec`: what the running system starts.
struct KexecCommand {
  std::string command = "/sbin/kexec";
  std::string kernel, ramdisk, dtb;  ///< paths on the board; "" when not given
  std::vector<std::string> options;
  std::string boot_message;   ///< a pattern of the new kernel's first words
  std::string kernel_config;  ///< path on the board of the running kernel's configuration, looked into first; or ""
  bool on_panic = false;      ///< loaded for the case of a crash, and then the running kernel is made to crash
};

enum class BootMethod : std::uint8_t {
  qemu,
  minimal,
  monitor,
  u_boot,
  grub,
  grub_efi,
  uefi,
  kexec,
  ssh,
  openocd,
  pyocd,
  jlink,
  cmsis_dap,
  dfu,
  gdb,
  musca,
  recovery
};
/// "u-boot", as LAVA writes it.
[[nodiscard]] std::string_view to_string(BootMethod method) noexcept;
/// Whether a boot loader's command line is used: u-boot, grub, grub-efi, uefi.
[[nodiscard]] bool has_loader(BootMethod method) noexcept;
/// Whether it names a way to flash a microcontroller: openocd, pyocd, jlink, cmsis-dap, dfu, gdb, musca. Which program
/// or driver does it, the lab says.
[[nodiscard]] bool has_flasher(BootMethod method) noexcept;

/// A boot action. What a method does not take was refused when it was read.
struct Boot {
  BlockCommon common;
  BootMethod method = BootMethod::minimal;
  std::string media;  ///< "tmpfs" or ""
  std::vector<std::string> prompts;
  std::optional<AutoLogin> auto_login;
  bool reset = true;
  bool into_recovery = false;  ///< method recovery: into that mode, or out of it
  bool pre_power_command = false, pre_os_command = false;
  bool ignore_kernel_messages = false;
  Place method_place;                        ///< of the value of `method`
  std::optional<LoaderScript> loader;        ///< u-boot, grub, grub-efi, uefi
  bool use_bootscript = false;               ///< u-boot, grub, grub-efi: the lines are fetched as one file
  std::vector<std::string> boot_finished;    ///< patterns of an installer's end, instead of prompts; then power off
  bool expect_shell = true;                  ///< no: what the prompts show is no shell, and nothing is typed at it
  std::optional<std::string> final_message;  ///< parameters bootloader-final-message; "": not waited for
  std::string kernel_start_message;          ///< parameters; "": not waited for
  std::string shutdown_message;              ///< parameters, after soft_reboot; "": not waited for
  std::vector<std::string> soft_reboot;      ///< typed to the running system instead of a reset
  std::optional<TransferOverlay> transfer_overlay;
  std::optional<KexecCommand> kexec;
  /// `expect: {refused: ...}`: patterns, one of which the board must say instead of starting what was deployed.
  std::vector<std::string> refused;
  Place refused_place;
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

/// When `power_cut` cuts: after the pattern was seen (from the end of the action before it on) and a time between
/// `least` and `most`.
struct CutMoment {
  std::string pattern;  ///< "": at once
  std::chrono::nanoseconds least{0}, most{0};
};

/// `command: {name: hard_reset}`: built-in power commands.
struct CommandBlock {
  BlockCommon common;
  std::string name;  ///< power_on power_off hard_reset pre_power_command pre_os_command power_cut
  Place name_place;
  CutMoment after;  ///< of power_cut
};

using ActionBlock = std::variant<DeployTmpfs, Boot, TestMonitors, TestInteractive, TestDefinitions, CommandBlock,
                                 DeployTftp, DeployOverlay, DeployDownload, DeployBoard>;
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
