// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "web/cli/context.hpp"

namespace hilltop::cli {

/// What may stand in the place of the last word, which may be unfinished: commands, options, choices, board names, job
/// ids. ":files" where a file is meant. The server is asked for at most a second, and its silence is no error.
[[nodiscard]] std::vector<std::string> candidates(Context& context, const CLI::App& app,
                                                  const std::vector<std::string>& words);

/// `hilltop __complete WORD...`: prints the candidates, a line each, for the shells' scripts (completion.cpp).
[[nodiscard]] int complete(Context& context, const CLI::App& app, const std::vector<std::string>& words);

}  // namespace hilltop::cli
