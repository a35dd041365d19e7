// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "jobs/action/job_run.hpp"

namespace hilltop::jobs {

/// What the substitutions in a boot's lines stand for, of what was deployed in `name_space`.
[[nodiscard]] std::map<std::string, std::string> words_of_boot(const JobRun& run, const boards::LoaderFacts& facts,
                                                               const std::string& name_space);

/// `use_bootscript: true`: writes the boot's lines into a file among those that are served in `name_space`, where the
/// loader finds it as {BOOTSCRIPT}. To be called before the board starts. Errors: bad_input (job) for lines that do
/// not hold; unsupported (job) where nothing is served; io (infrastructure).
[[nodiscard]] Result<> write_bootscript(JobRun& run, const Boot& boot, const std::string& name_space);

/// What is typed then: the board type's set `bootscript`, or what fetches and runs the file with DHCP and TFTP.
/// Source: U-Boot 2023.01 cmd/source.c, cmd/net.c; GNU GRUB manual 2.06, "Network" and "source".
[[nodiscard]] LoaderScript bootscript_lines(const boards::LoaderFacts& facts, BootMethod method);

}  // namespace hilltop::jobs
