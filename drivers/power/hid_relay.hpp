// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "drivers/core/result.hpp"

namespace hilltop::drivers {

/// The report that switches a relay, counted from 1. Shape: [ff on | fd off][relay][0 x 6].
/// Source: usbrelay, libusbrelay.c.
[[nodiscard]] std::string hid_relay_order(unsigned relay, bool on);

/// What the board says of itself. Shape: [id:5][0][0][relays: bit 0 is the first].
struct HidRelayReport {
  std::string id = {};
  std::uint8_t relays = 0;
};
/// Errors: protocol (infrastructure) for a report that is too short.
[[nodiscard]] Result<HidRelayReport> read_hid_relay_report(std::string_view bytes);

}  // namespace hilltop::drivers
