// SPDX-License-Identifier: Apache-2.0
#include "drivers/protocol/pcap.hpp"

namespace hilltop::drivers::pcap {
namespace {

constexpr std::uint32_t microsecond_magic = 0xa1b2c3d4;
constexpr std::uint32_t frame_bytes_most = 65535;
constexpr std::uint32_t link_ethernet = 1;

void append_le(std::string& out, std::uint32_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> 8 * i & 0xff);
}

}  // namespace

std::string file_head() {
  std::string out;
  append_le(out, microsecond_magic, 4);
  append_le(out, 2, 2);
  append_le(out, 4, 2);
  append_le(out, 0, 4);  // times are UTC
  append_le(out, 0, 4);
  append_le(out, frame_bytes_most, 4);
  append_le(out, link_ethernet, 4);
  return out;
}

std::string record(UtcTime time, std::string_view frame) {
  const auto kept = frame.substr(0, frame_bytes_most);
  const auto micros = time.time_since_epoch().count();
  std::string out;
  out.reserve(16 + kept.size());
  append_le(out, static_cast<std::uint32_t>(micros / 1'000'000), 4);
  append_le(out, static_cast<std::uint32_t>(micros % 1'000'000), 4);
  append_le(out, static_cast<std::uint32_t>(kept.size()), 4);
  append_le(out, static_cast<std::uint32_t>(frame.size()), 4);
  out += kept;
  return out;
}

}  // namespace hilltop::drivers::pcap
