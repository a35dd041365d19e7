// SPDX-License-Identifier: Apache-2.0
#include "boards/console/file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace hilltop::boards {

FileHandle::~FileHandle() {
  if (fd_ >= 0) ::close(fd_);
}

Result<FileHandle> open_file(const std::filesystem::path& path, int flags, unsigned mode) {
  const int fd = ::open(path.c_str(), flags | O_CLOEXEC, mode);
  if (fd < 0) return system_error("open " + path.string(), errno);
  return FileHandle(fd);
}

Result<> read_exactly(int fd, char* out, std::size_t length, std::uint64_t position) {
  while (length > 0) {
    const auto n = ::pread(fd, out, length, static_cast<off_t>(position));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_error("read", errno);
    if (n == 0) return Error(Errc::io, Blame::infrastructure, "read: the file is shorter than it was");
    out += n;
    length -= static_cast<std::size_t>(n);
    position += static_cast<std::uint64_t>(n);
  }
  return ok();
}

Result<> write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_error("write", errno);
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return ok();
}

Result<> sync_directory(const std::filesystem::path& dir) {
  HILLTOP_TRY(auto fd, open_file(dir, O_RDONLY | O_DIRECTORY));
  if (::fsync(fd.get()) != 0) return system_error("sync " + dir.string(), errno);
  return ok();
}

Result<FileHandle> Disk::create(const std::filesystem::path& path) {
  return open_file(path, O_RDWR | O_CREAT | O_TRUNC);
}

ssize_t Disk::write(int fd, std::span<const iovec> pieces, std::uint64_t position) {
  return ::pwritev(fd, pieces.data(), static_cast<int>(pieces.size()), static_cast<off_t>(position));
}

int Disk::sync(int fd) { return ::fdatasync(fd); }

Result<MappedFile> MappedFile::map(int fd) {
  struct stat info{};
  if (::fstat(fd, &info) != 0) return system_error("stat", errno);
  const auto size = static_cast<std::size_t>(info.st_size);
  if (size == 0) return MappedFile(std::string_view());
  void* at = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, fd, 0);
  if (at == MAP_FAILED) return system_error("map", errno);
  return MappedFile(std::string_view(static_cast<const char*>(at), size));
}

MappedFile::~MappedFile() {
  if (!bytes_.empty()) ::munmap(const_cast<char*>(bytes_.data()), bytes_.size());  // NOLINT: what mmap gave
}

}  // namespace hilltop::boards
