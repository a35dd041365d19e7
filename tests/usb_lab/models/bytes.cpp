// SPDX-License-Identifier: Apache-2.0
#include "tests/usb_lab/models/bytes.hpp"

namespace hilltop::usb_lab {

std::string to_hex(std::span<const std::uint8_t> bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const auto byte : bytes) {
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

}  // namespace hilltop::usb_lab
