// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <memory>
#include <span>
#include <string_view>

#include "boards/console/console.hpp"
#include "drivers/core/result.hpp"

namespace hilltop::boards {

/// One line to look at: where its bytes go, and what came.
struct LineRead {
  int fd = -1;  ///< O_NONBLOCK
  char* data = nullptr;
  std::size_t room = 0;
  bool no_wait = false;  ///< a pipe or a socket: io_uring would wait for bytes unless told not to
  ssize_t got = 0;       ///< bytes; 0: the line's end; -errno
};

/// Reads many lines at once, none of which makes it wait. Two engines: read(2) a line, or one io_uring_enter(2) for all
/// of them, which costs half as much. Thread: the one that made it.
class LineReader {
 public:
  virtual ~LineReader() = default;
  virtual void read(std::span<LineRead> lines) = 0;
  [[nodiscard]] virtual std::string_view name() const = 0;

  static std::unique_ptr<LineReader> make_plain();
  /// Tries itself on a pty and a socket first: kernels differ in what they do with a tty. Errors: unsupported
  /// (configuration) when this kernel does not offer it, or not for terminals.
  static Result<std::unique_ptr<LineReader>> make_io_uring();
  /// As `wanted` says; falls back to the plain one and logs why.
  static std::unique_ptr<LineReader> make(ReadEngine wanted);
};

}  // namespace hilltop::boards
