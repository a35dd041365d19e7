// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <string>

/// One console's bytes to many WebSocket subscribers over loopback.
namespace hilltop::bench {

struct FanOut {
  std::size_t subscribers = 100;
  std::size_t frame_bytes = 1024;
  std::uint64_t frames = 1000;         ///< of that many bytes, in all
  std::uint64_t bytes_per_second = 0;  ///< how fast the board talks; 0: as fast as they are sent
  [[nodiscard]] std::uint64_t bytes() const { return frames * frame_bytes; }
};

struct FanOutResult {
  double cpu_s = 0, wall_s = 0;
  std::uint64_t frames = 0;  ///< that were made
};

/// A process of its own that asks for `subscribers` WebSockets at a port and reads until each is closed, and holds what
/// it has read against what is to be sent. Its CPU is not counted.
class Readers {
 public:
  Readers(const FanOut& what, bool handshake);
  /// They may come now.
  void come_to(std::uint16_t port) const;
  /// Waits for them. False: one of them had something else, or less.
  [[nodiscard]] bool ended_well() const;

 private:
  pid_t child_ = -1;
  int port_pipe_ = -1;
};

/// The daemon's way: its HTTP server and its ConsoleFeed, fed by this program instead of a board.
[[nodiscard]] FanOutResult send_by_feed(const FanOut& what, const Readers& readers);
/// Beast's broadcast: a composed write on each stream, one shared buffer.
[[nodiscard]] FanOutResult send_by_beast(const FanOut& what, const Readers& readers);
/// The least that a system call a subscriber costs: send() of a frame made once.
[[nodiscard]] FanOutResult send_plainly(const FanOut& what, const Readers& readers);

}  // namespace hilltop::bench
