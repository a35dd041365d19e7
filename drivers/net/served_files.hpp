// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "drivers/api/boot_server.hpp"
#include "drivers/core/lane.hpp"
#include "drivers/protocol/net_address.hpp"

namespace hilltop::drivers {

/// An open regular file that is read by pieces, on a lane: a slow disk holds up no other board.
class ServedFile {
 public:
  /// Opens `path`, or the file `path` beneath `folder` where one is given.
  /// Errors: not_found (job) when there is no such regular file there; denied, io (infrastructure).
  static Result<std::shared_ptr<ServedFile>> open(const std::filesystem::path& path,
                                                  const std::filesystem::path& folder = {});
  ~ServedFile();
  ServedFile(const ServedFile&) = delete;
  ServedFile& operator=(const ServedFile&) = delete;

  /// When it was opened.
  [[nodiscard]] std::uint64_t size() const { return size_; }
  [[nodiscard]] std::string entity_tag() const;
  /// Up to `bytes` from `offset`; fewer at the end only. Blocks. Errors: io (infrastructure).
  [[nodiscard]] Result<std::string> read(std::uint64_t offset, std::size_t bytes) const;

 private:
  ServedFile(int fd, std::uint64_t size, std::int64_t modified) : fd_(fd), size_(size), modified_(modified) {}
  int fd_;
  std::uint64_t size_;
  std::int64_t modified_;  // nanoseconds
};

/// The same on `lane`.
Task<std::string> read_on(std::shared_ptr<Lane> lane, std::shared_ptr<ServedFile> file, std::uint64_t offset,
                          std::size_t bytes);

/// What one board may fetch, and the transfers of it that run.
/// Thread: the server's.
class ServedFiles {
 public:
  explicit ServedFiles(BootRegistration registration);

  /// Errors: not_found (job), those of ServedFile::open.
  [[nodiscard]] Result<std::shared_ptr<ServedFile>> open(std::string_view name) const;
  [[nodiscard]] const BootRegistration& registration() const { return registration_; }
  void report(BootEvent event) const;

  /// Ends running transfers; nothing is opened or reported any more.
  void revoke();
  [[nodiscard]] bool revoked() const { return revoked_; }

  static constexpr std::size_t transfers_most = 32;  ///< of one board at a time
  [[nodiscard]] bool is_full() const { return stoppers_.size() >= transfers_most; }

  /// Calls `stop` at revoke(), while this lives.
  class Transfer {
   public:
    Transfer(std::shared_ptr<ServedFiles> files, std::function<void()> stop);
    ~Transfer() { files_->stoppers_.erase(id_); }
    Transfer(const Transfer&) = delete;
    Transfer& operator=(const Transfer&) = delete;

   private:
    std::shared_ptr<ServedFiles> files_;
    std::uint64_t id_;
  };

 private:
  BootRegistration registration_;
  bool revoked_ = false;
  std::uint64_t next_id_ = 0;
  std::map<std::uint64_t, std::function<void()>> stoppers_;
};

/// Which board is at which address. Thread: the server's.
using BoardTable = std::map<Ipv4Address, std::shared_ptr<ServedFiles>>;

}  // namespace hilltop::drivers
