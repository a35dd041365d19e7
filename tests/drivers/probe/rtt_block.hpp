// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "drivers/protocol/byte_order.hpp"
#include "drivers/protocol/rtt.hpp"

namespace hilltop::tests {

/// A control block with one up- and one down-buffer of 32 bytes behind it; the firmware said `text`.
inline std::string rtt_block(std::uint32_t address, std::string_view text) {
  constexpr std::uint32_t ring = 32;
  std::string out(drivers::rtt::signature);
  drivers::append_le32(out, 1);
  drivers::append_le32(out, 1);
  const auto rings = address + static_cast<std::uint32_t>(drivers::rtt::head_bytes + 2 * drivers::rtt::buffer_bytes);
  for (const bool up : {true, false}) {
    for (const auto word :
         {0u, rings + (up ? 0 : ring), ring, up ? static_cast<std::uint32_t>(text.size()) : 0u, 0u, 0u})
      drivers::append_le32(out, word);
  }
  out += text;
  return out;
}

}  // namespace hilltop::tests
