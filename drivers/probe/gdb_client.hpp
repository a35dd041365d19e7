// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "drivers/core/socket_pipe.hpp"
#include "drivers/core/task.hpp"
#include "drivers/protocol/gdb_remote.hpp"

namespace hilltop::drivers {

/// Speaks the GDB remote protocol with a debug stub. Connecting halts the cores; detach() lets them run.
/// Thread: of its executor; one call at a time. Lifetime: kept by shared_ptr while a call waits.
class GdbClient {
 public:
  /// Takes over `fd`, a connected socket.
  GdbClient(asio::any_io_executor executor, int fd);

  /// Asks what the stub can do. All calls' errors: timeout, protocol, unavailable (infrastructure), canceled.
  static Task<> attach(std::shared_ptr<GdbClient> self, Deadline deadline);
  /// Writes memory; at most chunk_bytes() at once. Errors: also unavailable when the stub answers "E..".
  static Task<> write(std::shared_ptr<GdbClient> self, std::uint64_t address, std::string bytes, Deadline deadline);
  static Task<std::string> read(std::shared_ptr<GdbClient> self, std::uint64_t address, std::size_t length,
                                Deadline deadline);
  /// Runs a command of the stub's monitor; returns what it printed.
  static Task<std::string> monitor(std::shared_ptr<GdbClient> self, std::string command, Deadline deadline);
  static Task<> detach(std::shared_ptr<GdbClient> self, Deadline deadline);

  /// What fits into one packet.
  [[nodiscard]] std::size_t chunk_bytes() const { return chunk_bytes_; }
  void close() { pipe_.close(); }

 private:
  void on_bytes(std::string_view bytes);
  void take(gdb::Received received);
  void fail(Error error);
  void send(const std::string& payload);
  static Task<std::string> ask(std::shared_ptr<GdbClient> self, std::string payload, Deadline deadline);
  static Task<std::string> answer(std::shared_ptr<GdbClient> self, Deadline deadline);

  Event changed_;
  gdb::PacketReader reader_;
  std::deque<std::string> packets_;
  std::string last_sent_;
  int resends_ = 0;
  std::optional<Error> failed_;
  std::size_t chunk_bytes_ = 256;
  bool binary_writes_ = true;  // until the stub says that it does not know them
  SocketPipe pipe_;            // last: its handlers use the members above
};

}  // namespace hilltop::drivers
