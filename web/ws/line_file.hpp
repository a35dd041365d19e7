// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "drivers/core/result.hpp"

namespace hilltop::web {

/// Reads whole lines of a file that may still grow, in pieces of bounded size.
/// Thread: any, one at a time. Reads come from the page cache; nothing is kept between calls but a position.
class LineFile {
 public:
  /// Errors: not_found (job) while there is no such file.
  static Result<LineFile> open(const std::filesystem::path& path);
  LineFile(LineFile&& other) noexcept;
  LineFile& operator=(LineFile&& other) noexcept;
  LineFile(const LineFile&) = delete;
  LineFile& operator=(const LineFile&) = delete;
  ~LineFile();

  /// Goes on until the first byte of line `line` (1-based), or to the end of the last whole line. False: not there yet;
  /// call it again when the file has grown.
  Result<bool> skip_to(std::uint64_t line);
  /// The next whole lines, about 64 KiB of them; "" when there is none now. A line longer than 16 MiB is an error
  /// (protocol).
  Result<std::string> next();
  [[nodiscard]] std::uint64_t offset() const { return offset_; }

 private:
  explicit LineFile(int fd) : fd_(fd) {}
  Result<std::string> piece(std::size_t bytes) const;
  int fd_;
  std::uint64_t offset_ = 0;  // of the first byte of a line
  std::uint64_t line_ = 1;    // its number
};

}  // namespace hilltop::web
