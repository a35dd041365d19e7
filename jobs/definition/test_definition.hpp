// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "drivers/core/node.hpp"

namespace hilltop::jobs {

enum class CaseResult : std::uint8_t { pass, fail, skip, unknown };
enum class Compression : std::uint8_t { none, gz, xz, bz2, zstd, zip };

/// A repository that a test definition's `install: git-repos:` asks for.
struct GitRepository {
  std::string url;
  std::string branch;       ///< "" for the repository's own default
  std::string destination;  ///< folder within the test's; "" for the repository's name
};

/// A test definition's own text: what LAVA calls "Lava-Test Test Definition 1.0". It comes inline in the job, or as a
/// file of a repository that is fetched when the job runs.
struct TestScript {
  std::string name, description;
  std::vector<std::string> dependencies;                                      ///< install.deps
  std::map<std::string, std::vector<std::string>> distribution_dependencies;  ///< install.deps-debian: by "debian"
  std::vector<std::string> keys, sources, install_steps;
  std::vector<GitRepository> git_repositories;
  std::vector<std::pair<std::string, std::string>> parameters;  ///< defaults, in order of writing
  std::string parse_pattern;                                    ///< parse.pattern, "" without one
  std::map<std::string, CaseResult> fixupdict;
  std::vector<std::string> steps;
  std::optional<std::vector<std::string>> expected;
  std::string text;  ///< as it goes to the board: YAML (JSON for an inline one)
};

/// One entry of `test: definitions:` (LAVA 2.4).
struct TestDefinition {
  enum class From : std::uint8_t { inlined, git, url };

  std::string name;
  From from = From::inlined;
  std::string path;        ///< of the definition's file within the repository
  std::string repository;  ///< URL; "" for inlined
  Place repository_place;
  std::string branch, revision;                                 ///< git; "" for the repository's own default
  bool history = true;                                          ///< git: the board gets .git too
  bool shallow = false;                                         ///< git: fetch the newest commit only
  bool recursive = false;                                       ///< git: with submodules
  Compression compression = Compression::none;                  ///< url: of the tar file
  std::uint32_t strip_components = 0;                           ///< url
  std::map<std::string, std::string> headers;                   ///< url
  std::optional<TestScript> script;                             ///< inlined
  std::vector<std::pair<std::string, std::string>> parameters;  ///< laid over the script's own
  std::set<std::string> skip_install;                           ///< keys sources deps steps git-repos all
  bool signal_by_kernel = false;                                ///< lava-signal: kmsg
  std::optional<std::vector<std::string>> expected;
  Place place;
};

/// Whether the board is to do what `install:` says under `what` ("deps", ...).
[[nodiscard]] inline bool installs(const TestDefinition& definition, std::string_view what) {
  return !definition.skip_install.contains("all") && !definition.skip_install.contains(std::string(what));
}

/// Reads a test definition's file. Complaints (with the place) go to `out`; nothing where there are errors. An empty
/// `text` member means that the caller keeps the text.
[[nodiscard]] std::optional<TestScript> read_test_script(const Node& node, Diagnostics& out);

}  // namespace hilltop::jobs
