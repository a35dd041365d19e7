// SPDX-License-Identifier: Apache-2.0
#include "drivers/net/served_files.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace hilltop::drivers {
namespace {

// Not blocking: a named pipe has no writer and would hold up the lane for ever.
constexpr int open_flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;

/// Opens `path` beneath `folder`; the kernel refuses what leads out of it, by ".." or by a link. Source: openat2(2).
int open_beneath(const std::filesystem::path& folder, const std::filesystem::path& path) {
  const int root = ::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (root < 0) return -1;
  open_how how{};
  how.flags = open_flags;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  const auto fd = ::syscall(SYS_openat2, root, path.c_str(), &how, sizeof how);
  const int error = errno;
  ::close(root);
  errno = error;
  return static_cast<int>(fd);
}

std::string_view without_slash(std::string_view name) {
  while (name.starts_with('/')) name.remove_prefix(1);
  return name;
}

Error not_served(std::string_view name) {
  return {Errc::not_found, Blame::job, fmt::format("'{}' is not served to this board", name)};
}

}  // namespace

Result<std::shared_ptr<ServedFile>> ServedFile::open(const std::filesystem::path& path,
                                                     const std::filesystem::path& folder) {
  const int fd = folder.empty() ? ::open(path.c_str(), open_flags) : open_beneath(folder, path);
  if (fd < 0) {
    const bool missing =
        errno == ENOENT || errno == ENOTDIR || errno == EXDEV || errno == ELOOP || errno == ENAMETOOLONG;
    if (missing) return Error(Errc::not_found, Blame::job, fmt::format("there is no file '{}'", path.string()));
    return system_error(path.string(), errno);
  }
  struct stat status{};
  const bool known = ::fstat(fd, &status) == 0;
  const auto modified = std::int64_t{status.st_mtim.tv_sec} * 1'000'000'000 + status.st_mtim.tv_nsec;
  std::shared_ptr<ServedFile> out(new ServedFile(fd, static_cast<std::uint64_t>(status.st_size), modified));
  if (!known || !S_ISREG(status.st_mode))
    return Error(Errc::not_found, Blame::job, fmt::format("'{}' is no regular file", path.string()));
  return out;
}

ServedFile::~ServedFile() { ::close(fd_); }

std::string ServedFile::entity_tag() const { return fmt::format("\"{:x}-{:x}\"", size_, modified_); }

Result<std::string> ServedFile::read(std::uint64_t offset, std::size_t bytes) const {
  std::string out(bytes, '\0');
  std::size_t done = 0;
  while (done < bytes) {
    const auto n = ::pread(fd_, out.data() + done, bytes - done, static_cast<off_t>(offset + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_error("read", errno);
    if (n == 0) break;
    done += static_cast<std::size_t>(n);
  }
  out.resize(done);
  return out;
}

Task<std::string> read_on(std::shared_ptr<Lane> lane, std::shared_ptr<ServedFile> file, std::uint64_t offset,
                          std::size_t bytes) {
  auto call = [file, offset, bytes] { return file->read(offset, bytes); };
  co_return co_await lane->run(std::move(call));
}

ServedFiles::ServedFiles(BootRegistration registration) : registration_(std::move(registration)) {
  std::map<std::string, std::filesystem::path> files;
  for (auto& [name, path] : registration_.files) files.emplace(without_slash(name), std::move(path));
  registration_.files = std::move(files);
}

Result<std::shared_ptr<ServedFile>> ServedFiles::open(std::string_view name) const {
  const auto wanted = without_slash(name);
  if (revoked_ || wanted.empty() || wanted.contains('\0')) return not_served(name);
  const auto found = registration_.files.find(std::string(wanted));
  if (found != registration_.files.end()) return ServedFile::open(found->second).within(name);
  if (registration_.folder.empty()) return not_served(name);
  return ServedFile::open(wanted, registration_.folder);
}

void ServedFiles::report(BootEvent event) const {
  if (!revoked_ && registration_.on_event) registration_.on_event(event);
}

void ServedFiles::revoke() {
  revoked_ = true;
  const auto stoppers = std::move(stoppers_);
  stoppers_.clear();
  for (const auto& [id, stop] : stoppers) stop();
}

ServedFiles::Transfer::Transfer(std::shared_ptr<ServedFiles> files, std::function<void()> stop)
    : files_(std::move(files)), id_(files_->next_id_++) {
  files_->stoppers_.emplace(id_, std::move(stop));
}

}  // namespace hilltop::drivers
