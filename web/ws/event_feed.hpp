// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "controller/views.hpp"
#include "drivers/core/task.hpp"

namespace hilltop::web {

/// The latest events of the farm on one I/O thread: what all streams there read, each at its own pace.
/// A stream that falls behind reads the store; nothing queues for it.
/// Thread: its I/O thread.
class EventFeed {
 public:
  explicit EventFeed(asio::any_io_executor io) : arrived_(std::move(io)) {}

  struct Item {
    std::uint64_t seq = 0;
    std::string kind, subject;
    std::string text;  ///< the event as JSON
  };
  using ItemPtr = std::shared_ptr<const Item>;

  void push(ItemPtr item);
  /// The oldest event after `seq` where no other can lie between; nothing when the store has to be asked, or none is
  /// there yet.
  [[nodiscard]] ItemPtr after(std::uint64_t seq) const;
  /// Of the latest event; nothing before the first.
  [[nodiscard]] std::optional<std::uint64_t> last() const;
  /// Of the oldest event that is kept.
  [[nodiscard]] std::optional<std::uint64_t> first() const;
  /// Waits for the next event. Errors: timeout (infrastructure), canceled.
  Task<> wait(Deadline deadline) { return arrived_.wait(deadline); }

 private:
  static constexpr std::size_t kept = 1024;
  std::deque<ItemPtr> items_;
  Event arrived_;
};

/// {"seq","time","kind","subject","data"}
[[nodiscard]] std::string event_text(const controller::FarmEvent& event);

}  // namespace hilltop::web
