// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/stat.h>

#include <condition_variable>
#include <filesystem>
#include <map>
#include <mutex>

#include "boards/console/file.hpp"

namespace hilltop::test {

/// A disk that can stall, be full, and lose its power: what was not synced is then gone. Thread: any.
class FaultyDisk final : public boards::Disk {
 public:
  ~FaultyDisk() override { stall(false); }

  void stall(bool on) {
    {
      const std::lock_guard lock(mutex_);
      stalled_ = on;
    }
    changed_.notify_all();
  }
  void fill(bool on) {
    const std::lock_guard lock(mutex_);
    full_ = on;
  }
  [[nodiscard]] std::size_t refused() const {
    const std::lock_guard lock(mutex_);
    return refused_;
  }

  /// Copies `dir` to `to` as a power cut at this moment would leave it: of each journal what was synced. Segments have
  /// their final names only when they are synced.
  void cut_power(const std::filesystem::path& dir, const std::filesystem::path& to) const {
    namespace fs = std::filesystem;
    const std::lock_guard lock(mutex_);  // nothing is written or synced meanwhile
    fs::create_directories(to);
    std::error_code gone;
    // Journals first: one that is sealed meanwhile is then there twice, which is how a crash leaves it.
    for (const auto& file : fs::directory_iterator(dir)) {
      if (file.path().extension() != ".htj") continue;
      struct stat info{};
      const auto copy = to / file.path().filename();
      if (::stat(file.path().c_str(), &info) != 0 || !fs::copy_file(file.path(), copy, gone)) continue;
      const auto synced = synced_.find(info.st_ino);
      fs::resize_file(copy, synced == synced_.end() ? 0 : synced->second);
    }
    for (const auto& file : fs::recursive_directory_iterator(dir / "segments")) {
      if (file.path().extension() != ".zst") continue;
      const auto copy = to / fs::relative(file.path(), dir);
      fs::create_directories(copy.parent_path());
      fs::copy_file(file.path(), copy);
    }
  }

  Result<boards::FileHandle> create(const std::filesystem::path& path) override {
    auto made = Disk::create(path);
    const std::lock_guard lock(mutex_);
    if (made) written_[inode(made->get())] = synced_[inode(made->get())] = 0;  // the number of one that was deleted
    return made;
  }
  ssize_t write(int fd, std::span<const iovec> pieces, std::uint64_t position) override {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !stalled_; });
    if (full_) {
      ++refused_;
      errno = ENOSPC;
      return -1;
    }
    const auto n = Disk::write(fd, pieces, position);
    if (n > 0) written_[inode(fd)] = position + static_cast<std::uint64_t>(n);
    return n;
  }
  int sync(int fd) override {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !stalled_; });
    const auto file = inode(fd);
    const auto covered = written_[file];
    lock.unlock();
    const int failed = Disk::sync(fd);
    lock.lock();
    if (failed == 0) synced_[file] = std::max(synced_[file], covered);
    return failed;
  }

 private:
  static ino_t inode(int fd) {
    struct stat info{};
    ::fstat(fd, &info);
    return info.st_ino;
  }
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool stalled_ = false;
  bool full_ = false;
  std::size_t refused_ = 0;
  std::map<ino_t, std::uint64_t> written_, synced_;
};

}  // namespace hilltop::test
