// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include "drivers/core/process.hpp"

namespace hilltop::jobs::testshell {

struct GitRequest {
  std::string url;
  std::string branch, revision;  ///< "" for the repository's own
  bool shallow = false, recursive = false;
  std::filesystem::path to;       ///< a folder that is not there yet
  std::filesystem::path scratch;  ///< an existing folder: git's configuration goes there
};

/// Whether a repository may be fetched from. Errors: denied (job).
using MayClone = std::function<Result<>(const std::string& url)>;

/// Clones with the git program: without hooks, templates, the host's configuration or questions; http, https and file
/// only, where redirects are not followed. Every URL, submodules' too, is asked for first. Value: the commit's id.
/// Errors: denied (job); not_found (job) for a branch or revision that is not there; unavailable (infrastructure) when
/// the repository is not, with git's words; timeout, canceled; not_found (configuration) without git.
Task<std::string> git_fetch(GitRequest request, MayClone may_clone, Process::OutputHandler on_output,
                            Deadline deadline);

}  // namespace hilltop::jobs::testshell
