// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "web/cli/context.hpp"

namespace hilltop::cli {

/// Runs the program for these words (without its own name). Value: the exit code.
[[nodiscard]] int run(Context& context, std::vector<std::string> words);

/// Where the data of the program at `program` is: <prefix>/share/hilltop of an installed one, else `source_dir`/boards
/// (what it was built from).
[[nodiscard]] Places places_of(const std::filesystem::path& program, const std::filesystem::path& source_dir,
                               std::string version);

}  // namespace hilltop::cli
