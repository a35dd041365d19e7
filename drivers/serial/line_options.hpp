// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/core/fields.hpp"
#include "drivers/core/line_settings.hpp"

/// The options of an address that say how a serial line is driven:
///   baud: 115200          # 1200 to 4000000, one of the usual speeds
///   data_bits: 8          # 5 to 8
///   parity: none          # none, odd, even, mark, space
///   stop_bits: 1          # 1 or 2
///   flow: none            # none or hardware (RTS/CTS, where the wires are there)
///   dtr: yes              # driven to this at open; absent: left as it is
///   rts: yes
namespace hilltop::drivers {

/// Reads and checks them. Complaints have place and suggestion.
LineSettings read_line_options(Fields& fields);

/// Whether ports usually can do this speed.
[[nodiscard]] bool is_usual_speed(std::int64_t baud);

}  // namespace hilltop::drivers
