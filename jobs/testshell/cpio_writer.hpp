// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "drivers/core/result.hpp"

namespace hilltop::jobs::testshell {

/// Writes a cpio archive as the kernel reads it: "newc", 110 bytes of hexadecimal header, names and contents padded to
/// four bytes. Pure: bytes go to `write`, which may fail. Source: Linux
/// Documentation/driver-api/early-userspace/buffer-format.rst.
class CpioWriter {
 public:
  using Write = std::function<Result<>(std::string_view)>;
  explicit CpioWriter(Write write) : write_(std::move(write)) {}

  /// Mode bits with the file's kind (S_IFREG, ...). A file's content follows by content(), `size` bytes in all; links
  /// have their target as content. Errors: those of `write`; bad_input (job) beyond 4 GiB.
  [[nodiscard]] Result<> header(const std::string& path, std::uint32_t mode, std::uint64_t size);
  [[nodiscard]] Result<> content(std::string_view bytes) { return write(bytes); }
  /// Pads the content that was written.
  [[nodiscard]] Result<> end_content() { return pad(); }
  /// The trailer.
  [[nodiscard]] Result<> finish();
  [[nodiscard]] std::uint64_t written() const { return written_; }

 private:
  Result<> write(std::string_view bytes);
  Result<> pad();

  Write write_;
  std::uint64_t written_ = 0;
  std::uint32_t next_inode_ = 1;
};

}  // namespace hilltop::jobs::testshell
