// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/core/result.hpp"

namespace hilltop::drivers {

/// Splits text into words as a shell would, with quotes and backslashes, and nothing else of a shell.
/// Errors: bad_input (job) for a quote that does not end. Source: Python's shlex.split, POSIX mode.
Result<std::vector<std::string>> split_words(std::string_view text);

/// The arguments of a job that QEMU may get: known options with checked values, in the form in which QEMU gets them.
/// Disk images get their format said, networks are cut off from the host, the first serial port is the console.
/// Everything else is refused by name: nothing reaches a host file outside of `job_dir`, a host device or the host's
/// network. Errors: denied (job) with the option and why; bad_input (job) for one without its value.
Result<std::vector<std::string>> allowed_options(const std::vector<std::string>& words,
                                                 const std::filesystem::path& job_dir);

/// A machine as -M has it, "virt,gic-version=3": a name on the list, and harmless properties. Errors: denied (job).
Result<std::string> allowed_machine(std::string_view value);
/// A CPU as -cpu has it. Errors: denied (job), for `host` too.
Result<std::string> allowed_cpu(std::string_view value);
/// Memory as -m has it, at most 4 GiB. Errors: denied, bad_input (job).
Result<std::string> allowed_memory(std::string_view value);

}  // namespace hilltop::drivers
