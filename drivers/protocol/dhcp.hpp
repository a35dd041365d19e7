// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "drivers/core/result.hpp"
#include "drivers/protocol/net_address.hpp"

/// BOOTP's and DHCP's messages. Source: RFC 951, RFC 2131, RFC 2132, RFC 3396 (long options).
namespace hilltop::drivers::dhcp {

/// Source: RFC 2132 9.6. `none`: plain BOOTP.
enum class Kind : std::uint8_t { none = 0, discover, offer, request, decline, ack, nak, release, inform };

/// Source: RFC 2132; 82: RFC 3046; 93, 94, 97: RFC 4578; 150: RFC 5859.
enum OptionCode : std::uint8_t {
  opt_pad = 0,
  opt_subnet_mask = 1,
  opt_router = 3,
  opt_host_name = 12,
  opt_requested_address = 50,
  opt_lease_seconds = 51,
  opt_overload = 52,
  opt_kind = 53,
  opt_server_id = 54,
  opt_vendor_class = 60,
  opt_client_id = 61,
  opt_server_name = 66,
  opt_boot_file = 67,
  opt_relay_agent = 82,
  opt_architecture = 93,
  opt_machine_id = 97,
  opt_tftp_servers = 150,
  opt_end = 255,
};

/// One message.
/// Shape: [op:1][htype:1][hlen:1][hops:1][xid:4][secs:2][flags:2][ciaddr:4][yiaddr:4][siaddr:4][giaddr:4][chaddr:16]
/// [sname:64][file:128][99 130 83 99] and [code:1][length:1][value] any number of times, [255].
struct Message {
  bool reply = false;
  std::uint8_t hops = 0;
  std::uint32_t transaction = 0;
  std::uint16_t seconds = 0;
  std::uint16_t flags = 0;
  Ipv4Address client;       ///< ciaddr: what the client has and uses
  Ipv4Address yours;        ///< yiaddr: what it is given
  Ipv4Address next_server;  ///< siaddr
  Ipv4Address relay;        ///< giaddr
  MacAddress hardware;      ///< chaddr
  std::string server_name;  ///< sname, at most 63 bytes are sent
  std::string boot_file;    ///< file, at most 127 bytes are sent
  std::map<std::uint8_t, std::string> options;

  [[nodiscard]] Kind kind() const;
  /// The address in a four-byte option; nothing where it is missing or of another length.
  [[nodiscard]] std::optional<Ipv4Address> address(OptionCode code) const;
  void set(OptionCode code, Ipv4Address address);
  void set(OptionCode code, std::uint32_t number);
  /// Option 93: the firmware's architecture.
  [[nodiscard]] std::optional<std::uint16_t> architecture() const;
};

inline constexpr std::uint16_t flag_broadcast = 0x8000;

/// Errors: protocol (dut): too short, not Ethernet, an option that passes the end.
[[nodiscard]] Result<Message> read_message(std::string_view bytes);
/// At least 300 bytes, as BOOTP's relays and some boot ROMs expect. Source: RFC 1542 2.1.
[[nodiscard]] std::string write_message(const Message& message);

}  // namespace hilltop::drivers::dhcp
