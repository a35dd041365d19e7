// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <istream>
#include <string>

#include "drivers/core/result.hpp"

namespace hilltop::cli {

/// The whole file; "-" is standard input. Errors: not_found, io (configuration).
[[nodiscard]] Result<std::string> read_file(const std::string& path, std::istream& standard_input);

/// Writes a file whole or not at all. Errors: io (configuration).
[[nodiscard]] Result<> write_file(const std::string& path, const std::string& text);

}  // namespace hilltop::cli
