// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "drivers/core/task.hpp"

namespace hilltop::drivers {

/// A board's serial line as a descriptor that the console engine reads and writes.
/// Thread: open() and close() on the worker's thread; the descriptor itself belongs to the engine's shard.
class ByteStream {
 public:
  virtual ~ByteStream() = default;

  /// Opens the line: readable and writable, non-blocking, raw (no byte is changed). Stays owned by this object and
  /// valid until close(). Called before power is applied; need not have a peer yet.
  /// Errors: not_found, busy, denied, io (infrastructure).
  virtual Task<int> open(Deadline deadline) = 0;
  virtual void close() = 0;

  /// True when a read of 0 bytes or EIO means "unplugged for now" (USB serial), not "over".
  [[nodiscard]] virtual bool reopens() const { return false; }
};

}  // namespace hilltop::drivers
