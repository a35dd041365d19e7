// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "drivers/api/boot_server.hpp"
#include "drivers/core/task.hpp"
#include "drivers/protocol/tftp_transfer.hpp"

namespace hilltop::drivers {

/// Where a boot server stands. What is absent is off.
struct BootServerConfig {
  std::string address;                     ///< of ours, that boards reach; "" = loopback
  std::optional<std::uint16_t> tftp_port;  ///< boards ask at 69; 0 = any free one
  std::optional<std::uint16_t> http_port;
  std::string dhcp_device;  ///< "" = no DHCP
  std::uint16_t dhcp_server_port = 67;
  std::uint16_t dhcp_client_port = 68;
  int prefix_bits = 24;
  std::string router;  ///< told by DHCP; "" = none
  tftp::Limits tftp;
};

/// A boot server of this process. Thread: the one that started it.
class NetBootServer : public BootServer {
 public:
  /// Errors: bad_input (configuration) for an address that is none; those of the servers' start().
  static Task<std::shared_ptr<NetBootServer>> start(BootServerConfig config);
};

}  // namespace hilltop::drivers
