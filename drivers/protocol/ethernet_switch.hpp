// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string_view>
#include <vector>

#include "drivers/protocol/net_address.hpp"

namespace hilltop::drivers {

/// What is wrong with a port's cable. Loss and delay count in each direction.
struct LinkFaults {
  bool cut = false;
  double loss = 0;  ///< share of frames that vanish, 0 to 1
  std::chrono::microseconds delay{0};
};

struct PortCounters {
  std::uint64_t frames_in = 0, bytes_in = 0;    ///< from the board
  std::uint64_t frames_out = 0, bytes_out = 0;  ///< to the board
  std::uint64_t lost = 0;                       ///< by the faults, in either direction
  std::uint64_t dropped = 0;                    ///< the board is off, or too slow for them
  std::uint64_t refused = 0;                    ///< malformed, or with nowhere to go
};

/// A learning Ethernet switch's decisions: neither sockets nor a clock. Frames are never changed, VLAN tags neither.
/// Frames to group addresses, the reserved ones of IEEE 802.1D (LLDP and the like) too, reach every other port.
/// The same seed, calls and times give the same losses. Source: IEEE 802.1D 7.7 to 7.9.
class EthernetSwitch {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Port = std::uint32_t;
  struct Delivery {
    Port to;
    Time at;  ///< `now`, or later by both cables' delays
  };

  static constexpr std::chrono::seconds forgets_after{300};  ///< Source: IEEE 802.1D table 7-5
  static constexpr std::size_t addresses_most = 1024;        ///< the oldest goes
  static constexpr std::size_t frame_bytes_least = 14, frame_bytes_most = 65535;

  explicit EthernetSwitch(std::uint64_t seed) : random_(seed) {}

  void add_port(Port port) { ports_.try_emplace(port); }
  void remove_port(Port port);
  /// A cut forgets what was learnt behind the port.
  void set_faults(Port port, LinkFaults faults);
  [[nodiscard]] LinkFaults faults(Port port) const;
  [[nodiscard]] PortCounters counters(Port port) const;

  /// A frame comes from the board at `from`: where it goes.
  [[nodiscard]] std::vector<Delivery> forward(Port from, std::string_view frame, Time now);
  /// A delivery's time has come: whether it still gets there (its link may have been cut since), counted.
  [[nodiscard]] bool deliver(Port to, std::size_t frame_bytes);
  /// A frame that was delivered was not taken by the board.
  void count_dropped(Port to, std::size_t frame_bytes);
  /// The port behind which `address` was last seen.
  [[nodiscard]] std::optional<Port> port_of(MacAddress address, Time now) const;

 private:
  struct PortState {
    LinkFaults faults;
    PortCounters counters;
  };
  struct Seen {
    Port port;
    Time when;
  };

  void learn(MacAddress address, Port port, Time now);
  void forget(Port port);
  bool lost(PortState& port);
  void send_to(Port port, PortState& state, Time at, std::vector<Delivery>& out);

  std::map<Port, PortState> ports_;
  std::map<MacAddress, Seen> seen_;
  std::mt19937_64 random_;
};

}  // namespace hilltop::drivers
