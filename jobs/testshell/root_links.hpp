// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>

#include "jobs/testshell/overlay.hpp"

/// What must be known of a file system before something is laid over it.
namespace hilltop::jobs::testshell {

/// Symbolic links to folders in a file system's root, by name: {"lib": "usr/lib"}.
using RootLinks = std::map<std::string, std::string>;

/// A root link's target, from the root; "" for one that leads out of the file system, or to the root.
[[nodiscard]] std::string root_link_target(std::string_view target);

/// Puts what lies behind such a link where the link leads: a folder must not take the link's place.
void follow_root_links(Overlay& overlay, const RootLinks& links);

/// Adds the folders above the overlay's entries that are neither in it nor in `there`.
void add_missing_folders(Overlay& overlay, const std::set<std::string>& there);

}  // namespace hilltop::jobs::testshell
