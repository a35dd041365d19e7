// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "boards/board_type.hpp"
#include "jobs/definition/job_definition.hpp"

/// What is typed to a boot loader: LAVA's substitutions in lines of the board type or of the job. Pure.
namespace hilltop::jobs {

/// What the substitutions of one boot stand for.
struct LoaderFiles {
  std::map<std::string, std::string> names;  ///< a deployed file's path below the TFTP folder, by its label
  std::string kernel_kind;                   ///< deploy kernel type: "image", "uimage", "zimage", ""
  bool ramdisk_has_header = false;
  std::string server_ip;
  std::uint64_t job_id = 0;
};

/// The words by name, without braces: KERNEL, RAMDISK, DTB, TEE, DTBO_0 and the like (what was deployed), KERNEL_ADDR
/// and the like (addresses of the type, or of the job's context: booti_kernel_addr), SERVER_IP, JOB_ID, and BOOTX: the
/// boot command with its addresses, where U-Boot's own `${initrd_size}` and `${fdtcontroladdr}` stand for what nothing
/// else says. Source: reference of LAVA 2026.07, substitutions of boot commands; U-Boot 2023.01 cmd/booti.c.
[[nodiscard]] std::map<std::string, std::string> loader_words(const boards::LoaderFacts& facts,
                                                              const std::map<std::string, std::string>& context,
                                                              const LoaderFiles& files);

/// The names in braces that a line asks for: "KERNEL_ADDR". U-Boot's ${...} is none.
[[nodiscard]] std::vector<std::string> placeholders(const std::string& line);
/// Whether a word names a file, so that it is there only when that was deployed.
[[nodiscard]] bool names_a_file(const std::string& word);

/// The line with its words. Errors: bad_input (job) for a word that stands for nothing here.
[[nodiscard]] Result<std::string> substituted(const std::string& line, const std::map<std::string, std::string>& words);

/// The lines for a boot: of the type's set `script.set`, or the job's own. In a set of the type, a line for a device
/// tree, an overlay of one or a trusted firmware that the job did not deploy is left out; its own lines must hold.
/// Errors: bad_input (job) for an unknown set, or a line that needs what was not deployed.
[[nodiscard]] Result<std::vector<std::string>> loader_lines(const boards::LoaderFacts& facts,
                                                            const LoaderScript& script,
                                                            const std::map<std::string, std::string>& words);

/// The facts of the loader that `boot` talks to, with what the job's context changes (bootloader_prompt,
/// uboot_needs_interrupt, uboot_extra_error_message); nothing where the type has none.
[[nodiscard]] std::optional<boards::LoaderFacts> loader_facts(const boards::BoardType& type, BootMethod method,
                                                              const std::map<std::string, std::string>& context);

/// The job's prompts, or those of the board type's shell.
[[nodiscard]] const std::vector<std::string>& effective_prompts(const Boot& boot, const boards::BoardType& type);

}  // namespace hilltop::jobs
