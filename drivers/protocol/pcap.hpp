// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "drivers/core/clock.hpp"

/// Captured frames as tcpdump and Wireshark read them. Source: draft-ietf-opsawg-pcap (the classic format).
namespace hilltop::drivers::pcap {

/// A file's begin, for Ethernet frames.
/// Shape: little-endian [a1b2c3d4:4][2:2][4:2][0:4][0:4][snap length:4][link type:4].
[[nodiscard]] std::string file_head();

/// One frame. Shape: little-endian [seconds:4][microseconds:4][length kept:4][length:4] and the frame.
[[nodiscard]] std::string record(UtcTime time, std::string_view frame);

}  // namespace hilltop::drivers::pcap
