// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace hilltop::boards {

/// Sends to many sockets without waiting for any: with io_uring in one system call for all, where the kernel offers
/// that. Thread: the one that made it.
class BatchSender {
 public:
  struct Item {
    int descriptor = -1;     ///< of a stream socket
    std::string_view bytes;  ///< at least one
    std::int64_t sent = 0;   ///< how many the kernel took, 0 when it has no room; a lasting error: -errno
  };

  /// With io_uring, else as plain().
  [[nodiscard]] static std::unique_ptr<BatchSender> make();
  /// A system call for each item.
  [[nodiscard]] static std::unique_ptr<BatchSender> plain();
  virtual ~BatchSender() = default;

  /// Sets `sent` of each item. A descriptor stands in at most one of them.
  virtual void send(std::span<Item> items) = 0;
  [[nodiscard]] virtual std::string_view way() const = 0;  ///< "io_uring", "send"
};

}  // namespace hilltop::boards
