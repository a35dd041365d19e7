// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "drivers/core/node.hpp"

/// What a lab file's reader does with complaints of other readers, so that each points at what a person has to change.
namespace hilltop::boards {

/// Adds each of `more` to `diagnostics`.
void add_all(const Diagnostics& more, Diagnostics& diagnostics);

/// `read` of a lab file's YAML, in which a board that is written twice is an error: one of them would be lost.
/// `boards`: the map of boards.
[[nodiscard]] Diagnostics refused_repeats(const Diagnostics& read, const Node& boards);

/// `found` where those of another file than that of `here` (a board type's) are at `here` and begin with `what`, and
/// none is said twice.
[[nodiscard]] Diagnostics moved_to_file(const Diagnostics& found, const Place& here, const std::string& what);

/// `found` with the file's name as its user knows it: `shown` instead of `file`.
[[nodiscard]] Diagnostics renamed(const Diagnostics& found, const std::string& file, const std::string& shown);

/// Complains of a folder that jobs cannot have files from: a warning where there is none on this host (yet), an error
/// where it is no folder or cannot be looked into.
void check_file_root(const std::filesystem::path& folder, const Place& place, Diagnostics& diagnostics);

}  // namespace hilltop::boards
