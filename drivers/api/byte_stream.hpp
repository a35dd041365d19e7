// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "drivers/core/line_settings.hpp"
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

  /// True when a read of 0 bytes or an error means "gone for now" (an unplugged USB port, a server that restarts), not
  /// "over": then close() and open() again, until it is back.
  [[nodiscard]] virtual bool reopens() const { return false; }

  /// How the line is driven, as far as it was us who set it; nothing for a stream that is no serial line.
  [[nodiscard]] virtual std::optional<LineSettings> line_settings() const { return std::nullopt; }
  /// Drives the line otherwise, now and after it is opened again. Value: how it is driven from now on, as far as that
  /// is known: a wire without a rate takes any. Errors: unsupported (configuration) for a stream that is no serial line
  /// or does not take these settings; io (infrastructure).
  virtual Result<LineSettings> set_line(const LineSettings& settings) {
    (void)settings;
    return Error(Errc::unsupported, Blame::configuration, "this console has no serial line");
  }
  /// Holds the line low, or lets go of it. Errors: unsupported (configuration); io (infrastructure).
  virtual Result<> hold_break(bool on) {
    (void)on;
    return Error(Errc::unsupported, Blame::configuration, "this console has no serial line");
  }

  /// Whether take_errors() may ever have something.
  [[nodiscard]] virtual bool counts_errors() const { return false; }
  /// What went wrong on the line since it was last asked.
  virtual LineErrors take_errors() { return {}; }
};

}  // namespace hilltop::drivers
