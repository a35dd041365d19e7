// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

namespace hilltop::drivers {

// The numbers are those of RFC 2217, section 3.
enum class Parity : std::uint8_t { none = 1, odd = 2, even = 3, mark = 4, space = 5 };
enum class StopBits : std::uint8_t { one = 1, two = 2, one_and_a_half = 3 };
enum class Flow : std::uint8_t { none = 1, xon_xoff = 2, hardware = 3 };

/// How a serial line is driven.
struct LineSettings {
  std::uint32_t baud = 115200;
  std::uint8_t data_bits = 8;  ///< 5 to 8
  Parity parity = Parity::none;
  StopBits stop_bits = StopBits::one;
  Flow flow = Flow::none;
  std::optional<bool> dtr;  ///< nothing: left as it is
  std::optional<bool> rts;
  bool operator==(const LineSettings&) const = default;
};

/// What went wrong on a line, counted. Source: ioctl_tty(2) TIOCGICOUNT, linux/serial.h serial_icounter_struct.
struct LineErrors {
  std::uint32_t overruns = 0;         ///< the port's own memory was full: bytes are lost
  std::uint32_t framing = 0;          ///< no stop bit where one should be
  std::uint32_t parity = 0;           ///< the parity bit disagrees
  std::uint32_t breaks = 0;           ///< the line was held low
  std::uint32_t buffer_overruns = 0;  ///< the kernel's memory was full: bytes are lost

  [[nodiscard]] bool any() const { return (overruns | framing | parity | breaks | buffer_overruns) != 0; }
  bool operator==(const LineErrors&) const = default;
};

}  // namespace hilltop::drivers
