// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "drivers/core/result.hpp"
#include "jobs/definition/job_definition.hpp"

/// The test shell: what a board needs to run test definitions in its own shell, and what it says while it does
/// (LAVA 3.1 to 3.3). The scripts are POSIX and our own; their names and manners are LAVA's.
namespace hilltop::jobs::testshell {

/// One file, folder or link of an overlay.
struct OverlayEntry {
  enum class Kind : std::uint8_t { folder, file, link };
  std::string path;  ///< from the board's root, without a leading /: "lava-42/bin/lava-test-case"
  Kind kind = Kind::file;
  unsigned mode = 0644;        ///< permission bits
  std::string bytes;           ///< a file's content, or a link's target
  std::filesystem::path from;  ///< where a file's content is, when it is not in `bytes`
  std::uint64_t size = 0;      ///< of the content
};

/// The tree that is laid over a board's root file system.
struct Overlay {
  std::string dir;                    ///< "/lava-42": all of it lies there
  std::vector<OverlayEntry> entries;  ///< folders before what is in them
  [[nodiscard]] std::uint64_t bytes() const;
};

/// One test definition, ready to go to the board.
struct Suite {
  const TestDefinition* definition = nullptr;
  TestScript script;
  std::string id;                    ///< "0_smoke": number of the definition in its namespace, and its name
  std::string uuid;                  ///< "42_1.2": says which run of it signals belong to
  std::filesystem::path repository;  ///< what was fetched; "" for an inline one
  std::string commit;                ///< of a git repository
  std::vector<std::pair<std::string, std::filesystem::path>>
      more;  ///< git-repos: folder within the test, what was fetched
};

/// The suites of one `test: definitions:` block.
using Stage = std::vector<Suite>;

struct OverlayInput {
  std::string dir;  ///< "/lava-42"
  std::vector<std::pair<std::string, std::string>> environment;
  std::map<std::string, std::string> secrets;
  std::vector<Stage> stages;
};

/// Builds the tree: `bin/` with the helper scripts, `environment`, `secrets`, `N/lava-test-runner.conf` and
/// `N/tests/ID/{testdef.yaml,testdef_metadata,uuid,install.sh,run.sh,<repository>}` for stage N. Reads the fetched
/// repositories' folders (names and sizes; contents when the overlay is written). Links are never followed.
/// Errors: io (infrastructure); bad_input (job) for a file that no file system of a board takes (a device, a name with
/// a line end).
[[nodiscard]] Result<Overlay> build_overlay(const OverlayInput& input);

/// `text` as one word of a POSIX shell, quoted where it has to be.
[[nodiscard]] std::string shell_quoted(std::string_view text);

/// The scripts of one suite.
[[nodiscard]] std::string install_script(const OverlayInput& input, const Suite& suite, const std::string& test_dir);
[[nodiscard]] std::string run_script(const Suite& suite, const std::string& test_dir);

/// The helper scripts, by name. They are in jobs/testshell/scripts.
[[nodiscard]] const std::vector<std::pair<std::string_view, std::string_view>>& helper_scripts();

}  // namespace hilltop::jobs::testshell
