// SPDX-License-Identifier: Apache-2.0
#include "drivers/protocol/net_address.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

namespace hilltop::drivers {

std::string MacAddress::to_string() const { return fmt::format("{:02x}", fmt::join(bytes, ":")); }

Result<MacAddress> MacAddress::from(std::string_view text) {
  MacAddress out;
  const auto wrong = [&] {
    return Error(Errc::bad_input, Blame::configuration,
                 fmt::format("'{}' is no Ethernet address: six pairs of hexadecimal digits were expected, as in "
                             "52:54:00:aa:00:01",
                             text));
  };
  if (text.size() != 17) return wrong();
  for (std::size_t i = 0; i < 6; ++i) {
    const char* begin = text.data() + 3 * i;
    const auto [end, ec] = std::from_chars(begin, begin + 2, out.bytes[i], 16);
    if (ec != std::errc() || end != begin + 2) return wrong();
    if (i < 5 && begin[2] != ':' && begin[2] != '-') return wrong();
  }
  return out;
}

MacAddress MacAddress::at(std::string_view bytes) {
  MacAddress out;
  std::transform(bytes.begin(), bytes.begin() + 6, out.bytes.begin(),
                 [](char c) { return static_cast<std::uint8_t>(c); });
  return out;
}

std::string Ipv4Address::to_string() const {
  return fmt::format("{}.{}.{}.{}", value >> 24, value >> 16 & 0xff, value >> 8 & 0xff, value & 0xff);
}

Result<Ipv4Address> Ipv4Address::from(std::string_view text) {
  Ipv4Address out;
  const char* at = text.data();
  const char* const end = at + text.size();
  for (int i = 0; i < 4; ++i) {
    unsigned part = 256;
    const auto [next, ec] = std::from_chars(at, end, part);
    const bool ends_well = ec == std::errc() && (i == 3 ? next == end : next != end && *next == '.');
    if (!ends_well || part > 255 || next - at > 3)
      return Error(Errc::bad_input, Blame::configuration,
                   fmt::format("'{}' is no IPv4 address such as 192.0.2.7", text));
    out.value = out.value << 8 | part;
    at = next + 1;
  }
  return out;
}

}  // namespace hilltop::drivers
