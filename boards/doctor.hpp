// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "boards/inventory.hpp"
#include "drivers/api/hardware.hpp"

/// What stands between a lab file and boards that work: for `hilltop lab doctor`.
namespace hilltop::boards {

/// One thing that was looked at.
struct DoctorCheck {
  enum class State : std::uint8_t { good, warning, bad };
  State state = State::good;
  std::string subject;  ///< "board k64f-01: console", "tool openocd"
  std::string detail;   ///< what was found
  std::string fix;      ///< what to do: "apt install openocd"; "" when all is well
};
[[nodiscard]] std::string_view to_string(DoctorCheck::State state) noexcept;

/// A program that a driver runs, and how it tells its version.
struct NeededTool {
  std::string name;               ///< "openocd"
  std::vector<std::string> argv;  ///< {"openocd", "--version"}
  std::string package;            ///< where it comes from: "apt install openocd"
  std::string because;            ///< the boards that need it
};

/// What the process may do: found by the caller, so that tests can say it.
struct DoctorView {
  drivers::HardwareList hardware;
  std::vector<std::string> groups;  ///< names of the groups of this process
  bool is_root = false;
  bool has_udev_rules = false;  ///< 70-hilltop.rules is where udev looks
  /// Whether a path is there, and may be read and written.
  struct Access {
    bool there = false, usable = false;
  };
  Access (*access)(const std::string& path) = nullptr;
};

/// The tools that the boards' addresses need, each once.
[[nodiscard]] std::vector<NeededTool> needed_tools(const std::vector<BoardConfig>& boards);

/// What `view` means for `boards`: nodes that are missing or may not be used, USB devices that are not there, udev
/// rules.
[[nodiscard]] std::vector<DoctorCheck> check_permissions(const DoctorView& view,
                                                         const std::vector<BoardConfig>& boards);

/// What a tool's answer means: `status` of its version command (-1: it could not be started) and what it said.
[[nodiscard]] DoctorCheck check_tool(const NeededTool& tool, int status, const std::string& said);

[[nodiscard]] nlohmann::json to_json(const std::vector<DoctorCheck>& checks);

}  // namespace hilltop::boards
