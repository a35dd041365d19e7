// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "drivers/core/result.hpp"

namespace hilltop::drivers {

/// An Ethernet address, in the order in which it is sent.
struct MacAddress {
  std::array<std::uint8_t, 6> bytes{};

  auto operator<=>(const MacAddress&) const = default;
  /// Also true for broadcast. Source: IEEE 802.3, 3.2.3 (the first bit sent).
  [[nodiscard]] bool is_group() const { return (bytes[0] & 1) != 0; }
  /// "52:54:00:aa:00:01".
  [[nodiscard]] std::string to_string() const;
  /// The inverse; '-' separates as well. Errors: bad_input (configuration).
  static Result<MacAddress> from(std::string_view text);
  /// The first six bytes; the caller has checked the length.
  static MacAddress at(std::string_view bytes);
};

/// An IPv4 address, in host byte order.
struct Ipv4Address {
  std::uint32_t value = 0;

  auto operator<=>(const Ipv4Address&) const = default;
  [[nodiscard]] bool is_any() const { return value == 0; }
  /// "192.0.2.7".
  [[nodiscard]] std::string to_string() const;
  /// The inverse: four decimal numbers. Errors: bad_input (configuration).
  static Result<Ipv4Address> from(std::string_view text);
};

}  // namespace hilltop::drivers
