// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "drivers/core/env.hpp"
#include "drivers/core/node.hpp"

namespace hilltop::drivers {

class Device;

/// How well a driver's facts are known. Shown to the user.
enum class Verified : std::uint8_t { hardware, independent_tool, specification, unproven };
[[nodiscard]] std::string_view to_string(Verified verified) noexcept;

/// One driver: a row of an explicit table in controller/bin. Adding one: CONTRIBUTING.md.
struct DriverInfo {
  std::string_view name;     ///< as in lab.yaml: `driver: qemu`
  std::string_view offers;   ///< "power, console, probe, flash"
  std::string_view summary;  ///< one line for `hilltop drivers`
  std::string_view source;   ///< where its facts come from
  Verified verified;
  /// Checks `address` (keys, types, ranges) without touching anything. Complaints go to `diagnostics`.
  void (*check)(const Node& address, Diagnostics& diagnostics);
  /// Makes the device for a checked `address`. Touches no hardware yet.
  Result<std::unique_ptr<Device>> (*make)(const Env& env, const Node& address);
};

/// The drivers that this program was built with.
using DriverTable = std::span<const DriverInfo* const>;

/// The row called `name`, or nullptr.
[[nodiscard]] const DriverInfo* find_driver(DriverTable table, std::string_view name) noexcept;

}  // namespace hilltop::drivers
