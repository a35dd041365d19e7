// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/uio.h>

#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "drivers/core/result.hpp"

namespace hilltop::boards {

/// A file descriptor that closes itself.
class FileHandle {
 public:
  FileHandle() = default;
  explicit FileHandle(int fd) : fd_(fd) {}
  ~FileHandle();
  FileHandle(FileHandle&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileHandle& operator=(FileHandle&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] bool valid() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

/// open(2) with O_CLOEXEC. Errors: io (infrastructure) with the path.
Result<FileHandle> open_file(const std::filesystem::path& path, int flags, unsigned mode = 0640);

/// All `length` bytes from `position` on. Errors: io (infrastructure), also when the file is shorter.
Result<> read_exactly(int fd, char* out, std::size_t length, std::uint64_t position);

Result<> write_all(int fd, std::string_view bytes);

/// Makes the names in `dir` durable. Errors: io (infrastructure).
Result<> sync_directory(const std::filesystem::path& dir);

/// What the writers of journals and segments ask of a disk: a seam, so that tests can stall it, fill it, or cut its
/// power. Thread: any.
class Disk {
 public:
  virtual ~Disk() = default;
  /// A new, empty file. Errors: io (infrastructure) with the path.
  virtual Result<FileHandle> create(const std::filesystem::path& path);
  /// As pwritev(2).
  virtual ssize_t write(int fd, std::span<const iovec> pieces, std::uint64_t position);
  /// As fdatasync(2).
  virtual int sync(int fd);
};

/// A file mapped for reading; empty for an empty file.
class MappedFile {
 public:
  static Result<MappedFile> map(int fd);
  ~MappedFile();
  MappedFile(MappedFile&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  MappedFile& operator=(MappedFile&&) = delete;
  [[nodiscard]] std::string_view bytes() const { return bytes_; }

 private:
  explicit MappedFile(std::string_view bytes) : bytes_(bytes) {}
  std::string_view bytes_;
};

}  // namespace hilltop::boards
