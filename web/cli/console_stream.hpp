// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hilltop::cli {

/// Keeps the place in a console's stream over lost connections, so that no byte is shown twice and a missing one is
/// said. Pure: what the server's frames mean, without a socket. Source: web/api/ENDPOINTS.md, console/ws.
class ConsoleStream {
 public:
  /// What a frame means for the screen.
  struct Shown {
    std::string bytes;   ///< the board's, as they are
    std::string notice;  ///< ours, one line without its end; comes before the bytes
    bool ended = false;  ///< the server ends the stream; `notice` says why
  };

  /// `from`: where to begin, when known.
  explicit ConsoleStream(std::optional<std::uint64_t> from = std::nullopt) : next_(from) {}

  [[nodiscard]] Shown binary(std::string_view bytes);
  [[nodiscard]] Shown text(std::string_view json);
  /// The offset to ask for when connecting; nothing before the server has said one.
  [[nodiscard]] std::optional<std::uint64_t> next() const { return next_; }

 private:
  [[nodiscard]] Shown begins_at(std::uint64_t offset);
  std::optional<std::uint64_t> next_;  ///< offset of the first byte that was not shown yet
  std::uint64_t arriving_ = 0;         ///< offset of the next byte that arrives
};

}  // namespace hilltop::cli
