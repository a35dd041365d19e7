// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/epoll.h>

#include "boards/console/shard.hpp"

/// Inside of a shard.
namespace hilltop::boards {

// Epoll's data: a console's number (of outputs_), or one of these.
inline constexpr std::uint64_t wake_mark = 1ULL << 32;
inline constexpr std::uint64_t outputs_mark = 2ULL << 32;
inline constexpr std::uint64_t lines_mark = 3ULL << 32;

struct Shard::Port {
  std::shared_ptr<ConsoleState> state;
  int fd = -1;
  std::shared_ptr<ByteBlock> block;  // where the next bytes go
  std::uint64_t end = 0;
  UtcTime last;           // of the last read
  std::size_t fresh = 0;  // bytes of this batch, not yet in the window
  UtcTime fresh_bound;
  std::uint32_t stretch = 0;          // the last one in which it had bytes
  std::uint32_t reads = 0;            // in that stretch
  std::uint32_t quiet_stretches = 0;  // of a swept line, one after the other
  std::uint32_t typed_until = 0;      // a stretch; before it the line is not swept: who types waits for the echo
  bool swept = false;                 // read by sweeps; else its reader says when it has bytes
  bool output_armed = false;
  bool ended = false;
  bool paused = false;  // reading had to pause since its last bytes
};

inline Result<> watch(int epoll, int fd, std::uint32_t events, std::uint64_t data) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = data;
  if (::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) return system_error("watch descriptor", errno);
  return ok();
}

inline void unwatch(int epoll, int fd) { ::epoll_ctl(epoll, EPOLL_CTL_DEL, fd, nullptr); }

}  // namespace hilltop::boards
