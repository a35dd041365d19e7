// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "boards/console/console.hpp"
#include "drivers/api/byte_stream.hpp"

namespace hilltop::controller {

/// What speaks at a port: bytes as they are; or telnet with RFC 2217, which a plain telnet(1) can use as well.
enum class PortKind : std::uint8_t { raw, rfc2217 };
[[nodiscard]] std::string_view to_string(PortKind kind) noexcept;
[[nodiscard]] std::optional<PortKind> port_kind_from(std::string_view name) noexcept;

/// A TCP port at which one console is read and typed to, for tools that know serial ports over the network. Any number
/// of clients read, each by its own cursor: one that is too slow loses its place, which is said in the log, and costs
/// neither a byte nor memory. What they type goes through Console::write.
/// Thread: the worker's.
class ConsolePort {
 public:
  /// What the port may use. Everything is called on the worker's thread.
  struct Uses {
    std::shared_ptr<boards::Console> console;
    boards::Typing typing;
    /// The console's line, or nullptr: asked for each time, for the board may have gone.
    std::function<drivers::ByteStream*()> line;
    /// Asked before anything is typed: whether this client may. Errors say who types instead.
    std::function<Result<>(const std::string& client)> claim;
    /// A client has left.
    std::function<void(const std::string& client)> release;
    std::function<bool()> console_is_open;
  };

  /// Listens at `address` (numeric) and `port`; 0 takes a free one.
  /// Errors: bad_input (job) for an address that is none; unavailable (infrastructure) when the port cannot be had.
  static Result<std::shared_ptr<ConsolePort>> open(asio::any_io_executor executor, PortKind kind, std::string address,
                                                   std::uint16_t port, Uses uses);
  virtual ~ConsolePort() = default;
  [[nodiscard]] virtual PortKind kind() const = 0;
  /// "127.0.0.1:40001", "[::1]:40001".
  [[nodiscard]] virtual const std::string& where() const = 0;
  /// Ends all connections; returns when nothing of it runs any more. Deaf to cancellation.
  virtual Task<> close() = 0;
};

}  // namespace hilltop::controller
