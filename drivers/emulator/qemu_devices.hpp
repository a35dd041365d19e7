// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/core/result.hpp"

/// The options of a job's QEMU that could reach furthest. All give the words for QEMU; errors: denied (job).
namespace hilltop::drivers {

/// -device: emulated ones on the list only; `loader` with a file of the job's.
Result<std::vector<std::string>> device_option(std::string_view value, const std::filesystem::path& job_dir);
/// -object: memory and randomness; a random source of the host's is replaced by QEMU's own.
Result<std::vector<std::string>> object_option(std::string_view value);
/// -net, -nic, -netdev: none, an emulated card, or user mode that is cut off from the host (restrict=on).
Result<std::vector<std::string>> network_option(std::string_view option, std::string_view value);

}  // namespace hilltop::drivers
