// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "drivers/core/task.hpp"
#include "drivers/protocol/ethernet_switch.hpp"

namespace hilltop::drivers {

/// A private Ethernet of the emulated boards of one job: a learning switch in this process, one pair of datagram
/// sockets a port. A board may be powered off and on again: its port stays.
///
/// Nothing of the host is on this network. Frames are dropped, never waited for, where a board does not take them: an
/// emulator that is stopped or off holds up no other one.
/// Thread: the one that started it.
class VirtualSwitch {
 public:
  struct Config {
    std::filesystem::path folder;  ///< of the sockets; made if missing, readable by us only. Keep it short: a socket's
                                   ///< name has at most 107 bytes (unix(7))
    std::uint64_t seed = 1;        ///< of the losses
  };
  struct Port {
    std::string name;
    std::filesystem::path board_socket;   ///< made by the emulator
    std::filesystem::path switch_socket;  ///< ours
    LinkFaults faults;
    PortCounters counters;
  };
  static constexpr std::size_t ports_most = 64;

  static Task<std::shared_ptr<VirtualSwitch>> start(Config config);
  virtual ~VirtualSwitch() = default;

  /// Adds a port; `name`: letters, digits, '-', '_', '.'.
  /// Errors: bad_input (configuration) for a name that cannot be used; busy (configuration) for one that is;
  /// unavailable (infrastructure) when its socket cannot be had.
  virtual Result<> add_port(std::string name) = 0;
  /// Unplugs a board for good. Errors: not_found (job).
  virtual Result<> remove_port(const std::string& name) = 0;
  /// Errors: not_found (job); bad_input (job) for a loss outside of 0 to 1 or a delay outside of 0 to 60 s.
  virtual Result<> set_faults(const std::string& name, LinkFaults faults) = 0;
  /// All ports, as they are now.
  [[nodiscard]] virtual std::vector<Port> ports() const = 0;

  /// What QEMU is started with, as `-netdev` VALUE, to be on this port: "dgram,id=ID,local.type=unix,...". A device
  /// joins it by netdev=ID; an on-board network interface by "-net nic,netdev=ID,model=...". Errors: not_found (job).
  /// Source: QEMU 7.2, qapi/net.json, NetdevDgramOptions.
  [[nodiscard]] virtual Result<std::string> qemu_netdev(const std::string& name, const std::string& id) const = 0;

  /// Writes every frame that comes into the switch to `file` (pcap) until stop_capture(), or until it has `bytes_most`.
  /// Errors: io (infrastructure); busy (job) while a capture runs.
  virtual Result<> start_capture(const std::filesystem::path& file, std::uint64_t bytes_most = 256 << 20) = 0;
  /// Ends it; the file is complete then. Value: frames written. Errors: not_found (job) without a capture; io.
  virtual Task<std::uint64_t> stop_capture(Deadline deadline) = 0;

  /// Ends all; removes the sockets. Must have ended before the object dies.
  virtual Task<> shut_down(Deadline deadline) = 0;
};

}  // namespace hilltop::drivers
