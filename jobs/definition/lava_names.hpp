// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

/// LAVA's names, so that a job that uses what hilltop has not built is told so by name, and a typing error is told
/// apart. Source: LAVA 2026.07, job schema: what it accepts under `to`, `method`, `test`, `context`, ...
namespace hilltop::jobs::lava {

[[nodiscard]] const std::vector<std::string>& deploy_targets();
[[nodiscard]] const std::vector<std::string>& boot_methods();
[[nodiscard]] const std::vector<std::string>& test_kinds();
[[nodiscard]] const std::vector<std::string>& context_keys();
[[nodiscard]] const std::vector<std::string>& operating_systems();
[[nodiscard]] const std::vector<std::string>& builtin_commands();

[[nodiscard]] const std::vector<std::string>& supported_deploy_targets();
[[nodiscard]] const std::vector<std::string>& supported_boot_methods();
[[nodiscard]] const std::vector<std::string>& supported_test_kinds();
[[nodiscard]] const std::vector<std::string>& supported_commands();

}  // namespace hilltop::jobs::lava
