// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "drivers/core/task.hpp"
#include "drivers/protocol/dhcp_responder.hpp"

namespace hilltop::drivers {

/// Answers DHCP and BOOTP on one network device, for the boards that its responder knows.
/// Thread: of its executor.
class DhcpServer {
 public:
  struct Config {
    std::string device;  ///< "br-lab": nothing is heard or said on another one
    std::uint16_t server_port = 67;
    std::uint16_t client_port = 68;
  };
  /// An answer was sent: to whom, and which.
  using OnAnswer = std::function<void(const dhcp::Message& answer)>;

  /// Errors: bad_input (configuration) without a device; denied (configuration) without the right to use the port;
  /// unavailable (configuration) when there is no such device, or the port is taken.
  static Result<std::unique_ptr<DhcpServer>> start(asio::any_io_executor executor, TaskScope& scope, Config config,
                                                   std::shared_ptr<const dhcp::Responder> responder,
                                                   OnAnswer on_answer);
  ~DhcpServer();

  struct State;

 private:
  explicit DhcpServer(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

}  // namespace hilltop::drivers
