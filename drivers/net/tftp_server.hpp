// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/ip/udp.hpp>
#include <memory>

#include "drivers/net/served_files.hpp"
#include "drivers/protocol/tftp_transfer.hpp"

namespace hilltop::drivers {

/// Serves read requests over UDP, each on a socket of its own, from the address that was asked. Writes are refused, and
/// so is everybody whose address is not in the table.
/// Thread: of its executor.
class TftpServer {
 public:
  /// Listens at `local` (port 0: any free one); its coroutines run in `scope`.
  /// Errors: unavailable (configuration) when the address or the port cannot be had.
  static Result<std::unique_ptr<TftpServer>> start(asio::any_io_executor executor, TaskScope& scope,
                                                   asio::ip::udp::endpoint local,
                                                   std::shared_ptr<const BoardTable> boards, std::shared_ptr<Lane> lane,
                                                   tftp::Limits limits);
  ~TftpServer();  ///< stops listening; what runs is ended by its lease or the scope
  [[nodiscard]] std::uint16_t port() const;

  struct State;

 private:
  explicit TftpServer(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

}  // namespace hilltop::drivers
