// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "boards/console/console.hpp"
#include "drivers/core/result.hpp"

namespace hilltop::boards {

/// What came of a line.
struct LineRead {
  std::uint32_t line = 0;
  ssize_t got = 0;  ///< bytes; 0: the line's end; -errno
};

/// Reads many lines, none of which makes it wait. Two engines: epoll and a read(2) a line; or io_uring, where a read of
/// each line is under way all the time, straight into its memory, and one system call collects what has come.
/// Thread: the one that made it.
class LineReader {
 public:
  /// Where the next bytes of a line go: this memory stays until they have come.
  using Room = std::function<std::span<char>(std::uint32_t line)>;

  virtual ~LineReader() = default;
  /// A descriptor that is readable when collect() would find something.
  [[nodiscard]] virtual int fd() const = 0;
  /// `fd` must be non-blocking. Errors: io when it cannot be waited for.
  virtual Result<> add(std::uint32_t line, int fd) = 0;
  /// Lets go of a line. Value: what had come and was not collected; 0: nothing.
  virtual std::size_t remove(std::uint32_t line) = 0;
  /// Appends what has come, of at most `batch` lines; does not wait. True when fd() tells of the rest only after another
  /// call.
  virtual bool collect(std::vector<LineRead>& out) = 0;
  static constexpr std::size_t batch = 64;
  [[nodiscard]] virtual std::string_view name() const = 0;

  static Result<std::unique_ptr<LineReader>> make_epoll(Room room);
  /// Errors: unsupported (configuration) when this kernel does not offer it, or does not read terminals that way: that
  /// is tried first.
  static Result<std::unique_ptr<LineReader>> make_io_uring(Room room);
  /// As `wanted` says; where there is no io_uring it takes epoll, and logs why. Errors: io.
  static Result<std::unique_ptr<LineReader>> make(ReadEngine wanted, Room room);
};

}  // namespace hilltop::boards
