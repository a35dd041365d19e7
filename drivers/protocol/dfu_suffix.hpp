// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "drivers/core/result.hpp"

namespace hilltop::drivers::dfu {

/// What the end of a firmware file says of it.
struct Suffix {
  std::uint16_t device = 0xffff;   ///< bcdDevice; 0xffff: any
  std::uint16_t product = 0xffff;  ///< 0xffff: any
  std::uint16_t vendor = 0xffff;   ///< 0xffff: any
  std::uint16_t format = 0x0100;   ///< bcdDFU: 0x0100, or 0x011a for a DfuSe file
  std::uint8_t length = 16;

  [[nodiscard]] bool fits(std::uint16_t its_vendor, std::uint16_t its_product) const {
    return (vendor == 0xffff || vendor == its_vendor) && (product == 0xffff || product == its_product);
  }
  [[nodiscard]] std::string title() const;  ///< "0483:df11"
};

/// The suffix of a file; nothing where it has none. Errors: bad_input (job) when its CRC says that the file is damaged.
/// Shape: the last 16 bytes are [bcdDevice:2][idProduct:2][idVendor:2][bcdDFU:2]["UFD"][bLength:1][dwCRC:4], all
/// little-endian; the CRC (that of IEEE 802.3, not complemented) is over all before it.
/// Source: DFU 1.1, appendix B, table B.1.
Result<std::optional<Suffix>> read_suffix(std::string_view file);

/// `bytes` with a suffix, as dfu-suffix makes it.
[[nodiscard]] std::string with_suffix(std::string bytes, const Suffix& suffix);

}  // namespace hilltop::drivers::dfu
