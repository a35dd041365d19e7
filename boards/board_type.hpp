// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "boards/console/console.hpp"
#include "boards/console/rules.hpp"
#include "drivers/api/flasher.hpp"
#include "drivers/core/driver_info.hpp"
#include "drivers/core/node.hpp"

namespace hilltop::boards {

/// How images of a job get onto a board of this type.
struct FlashFacts {
  bool supported = false;
  std::string source;                          ///< where the facts come from; without it the type refuses to flash
  drivers::Verified verified = drivers::Verified::unproven;
  std::vector<drivers::ImageFormat> formats;   ///< in order of preference
  std::optional<std::uint64_t> raw_address;    ///< where a raw image goes
  std::size_t max_images = 1;                  ///< 2: secure and non-secure
};

/// The class of boards that run the same images: data from boards/types/*.yaml (LAVA's device-type names).
struct BoardType {
  std::string name;
  std::string description;
  std::vector<std::string> aliases;
  std::string source;                             ///< where the facts come from
  drivers::Verified verified = drivers::Verified::unproven;
  std::vector<std::string> consoles = {"main"};   ///< the first one is the job's
  Typing typing;
  std::string newline = "\r";                     ///< what Return types
  std::vector<std::string> rule_packs;
  FlashFacts flash;
  bool configurable_machine = false;              ///< `qemu`: the job's context chooses the machine
  std::vector<std::string> available_architectures;
  std::map<std::string, std::string> context;     ///< defaults for a job's context
  std::vector<std::string> deploy_methods;        ///< "tmpfs", ...
  std::vector<std::string> boot_methods;          ///< "minimal", "monitor", "qemu"
  std::map<std::string, std::chrono::nanoseconds> action_timeouts;      ///< LAVA: device timeouts.actions
  std::map<std::string, std::chrono::nanoseconds> connection_timeouts;  ///< LAVA: device timeouts.connections
  std::chrono::milliseconds power_off_time{0};    ///< from power off to power on
  std::size_t failure_retry = 1;
  Node drivers;                                   ///< addresses that boards of this type have by default (`drivers:` of the file)
  Place place;

  [[nodiscard]] bool deploys(std::string_view method) const;
  [[nodiscard]] bool boots(std::string_view method) const;
};

/// All board types and rule packs, `extends` resolved.
class BoardTypes {
 public:
  /// Reads every *.yaml of `types_dir` and `rules_dir`. Complaints (with file, line, column) go to `diagnostics`.
  static BoardTypes load(const std::filesystem::path& types_dir, const std::filesystem::path& rules_dir, Diagnostics& diagnostics);

  /// By name or alias, or nullptr.
  [[nodiscard]] const BoardType* find(std::string_view name) const;
  [[nodiscard]] std::vector<const BoardType*> all() const;   ///< sorted by name
  [[nodiscard]] std::vector<std::string> names() const;      ///< and aliases, for suggestions
  /// The rules of `packs`, compiled. Unknown packs were refused by load().
  [[nodiscard]] RuleSet rules(const std::vector<std::string>& packs) const;

 private:
  std::map<std::string, std::shared_ptr<const BoardType>, std::less<>> types_;
  std::map<std::string, std::string, std::less<>> aliases_;
  std::map<std::string, std::vector<Rule>, std::less<>> packs_;
};

}  // namespace hilltop::boards
