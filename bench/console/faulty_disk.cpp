// SPDX-License-Identifier: Apache-2.0
#include "bench/console/faulty_disk.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/console/support.hpp"

namespace hilltop::bench {

FaultyDisk::FaultyDisk(const std::string& synced) {
  if (synced.empty()) return;
  auto file = boards::open_file(synced, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND);
  if (!file) fail(synced);
  synced_ = *std::move(file);
}

void FaultyDisk::stall(bool on) {
  {
    const std::lock_guard lock(mutex_);
    stalled_ = on;
  }
  changed_.notify_all();
}

void FaultyDisk::wait_while_stalled() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return !stalled_; });
}

ssize_t FaultyDisk::write(int fd, std::span<const iovec> pieces, std::uint64_t position) {
  wait_while_stalled();
  return Disk::write(fd, pieces, position);
}

int FaultyDisk::sync(int fd) {
  wait_while_stalled();
  struct stat before{};
  const bool known = synced_.valid() && ::fstat(fd, &before) == 0;  // what is written during the sync may not be in it
  const int outcome = Disk::sync(fd);
  char path[4096];
  const auto link = fmt::format("/proc/self/fd/{}", fd);
  const auto n = known && outcome == 0 ? ::readlink(link.c_str(), path, sizeof path) : -1;
  if (n > 0) {
    const auto line = fmt::format("{} {}\n", before.st_size, std::string_view(path, static_cast<std::size_t>(n)));
    if (!boards::write_all(synced_.get(), line)) fail("what is synced");
  }
  return outcome;
}

}  // namespace hilltop::bench
