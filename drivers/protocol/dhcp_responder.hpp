// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "drivers/protocol/dhcp.hpp"

namespace hilltop::drivers::dhcp {

/// What one known board is told. The address is always the same one.
struct Reservation {
  Ipv4Address address;
  int prefix_bits = 24;
  std::optional<Ipv4Address> router;
  std::string host_name;
  std::string boot_file;                                           ///< "" = none
  std::map<std::uint16_t, std::string> boot_file_by_architecture;  ///< by option 93; the others get `boot_file`
  std::chrono::seconds lease{3600};
};

/// Where an answer goes: to a port of an address; broadcast where the client has none yet.
struct Answer {
  Message message;
  bool broadcast = true;
  Ipv4Address to;         ///< unless broadcast
  bool to_relay = false;  ///< to the server's port, of a relay
};

/// The server's side of DHCP and BOOTP, for the boards that were made known and nobody else: a message from another
/// address is never answered, not even refused, so that a lab's server cannot harm the network that it is plugged into.
/// Neither a socket nor a clock. Source: RFC 2131 4.3, RFC 951, RFC 4578 (network boot), RFC 3046 (relays).
class Responder {
 public:
  explicit Responder(Ipv4Address server) : server_(server) {}

  /// Also replaces what was said before.
  void set(MacAddress board, Reservation reservation) { known_[board] = std::move(reservation); }
  void erase(MacAddress board) { known_.erase(board); }
  [[nodiscard]] const Reservation* find(MacAddress board) const;

  [[nodiscard]] std::optional<Answer> answer(const Message& request) const;

 private:
  [[nodiscard]] Answer reply(const Message& request, const Reservation& reservation, Kind kind) const;
  [[nodiscard]] std::optional<Answer> answer_request(const Message& request, const Reservation& reservation) const;

  Ipv4Address server_;
  std::map<MacAddress, Reservation> known_;
};

}  // namespace hilltop::drivers::dhcp
