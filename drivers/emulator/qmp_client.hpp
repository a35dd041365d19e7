// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "drivers/core/socket_pipe.hpp"
#include "drivers/core/task.hpp"
#include "drivers/protocol/qmp.hpp"

namespace hilltop::drivers {

/// Speaks QMP with one running QEMU.
/// Thread: of its executor. Lifetime: kept by shared_ptr while a call waits.
class QmpClient {
 public:
  using EventHandler = std::function<void(const QmpMessage&)>;

  /// Takes over `fd`, a socket whose other end QEMU holds.
  QmpClient(asio::any_io_executor executor, int fd, EventHandler on_event);

  /// Waits for the greeting, and leaves negotiation mode.
  /// Errors: timeout, protocol, unavailable (infrastructure) when QEMU ended; canceled.
  static Task<> greet(std::shared_ptr<QmpClient> self, Deadline deadline);
  /// Runs one command and returns its value. Errors: as greet; unavailable also when QEMU refuses it, with what it
  /// says.
  static Task<nlohmann::json> execute(std::shared_ptr<QmpClient> self, std::string command, nlohmann::json arguments,
                                      Deadline deadline);
  /// Waits until QEMU has closed the connection: then every event was handed on.
  static Task<> wait_closed(std::shared_ptr<QmpClient> self, Deadline deadline);
  /// Calls that wait end with `unavailable`.
  void close();

 private:
  void on_bytes(std::string_view bytes);
  void take(QmpMessage message);
  void fail(Error error);

  Event changed_;
  EventHandler on_event_;
  QmpReader reader_;
  bool greeted_ = false;
  std::optional<Error> failed_;
  std::uint64_t last_id_ = 0;
  std::map<std::uint64_t, QmpMessage> replies_;
  SocketPipe pipe_;  // last: its handlers use the members above
};

}  // namespace hilltop::drivers
