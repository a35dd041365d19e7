// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "controller/views.hpp"

namespace hilltop::controller {

/// A waiting request, of a job or of a person.
struct Request {
  std::uint64_t id = 0;       ///< the lease's; grows with age
  std::string type;           ///< board type (its name, no alias); "" when `board` says it all
  std::string board, worker;  ///< pins; "" = any
  std::vector<std::string> tags;
  std::uint32_t priority = 50;  ///< higher goes first; among equals the older one
  std::string avoid;            ///< a board to be taken only when no other could do it
};

/// A board as the scheduler sees it.
struct Slot {
  std::string name, type, worker;
  std::vector<std::string> tags;
  BoardState state = BoardState::offline;
  BoardHealth health = BoardHealth::unknown;
  std::string reason;  ///< of health or state, for people
  std::string holder;  ///< of the lease
  UtcTime busy_until;  ///< end of the lease, zero: unknown
};

struct Grant {
  std::uint64_t request = 0;
  std::string board;
  bool operator==(const Grant&) const = default;
};

/// The allocator: which request gets which board. Pure and deterministic: no clock, no thread, no I/O; the same calls
/// give the same grants. Every change looks only at the boards and queues that it touches, so that thousands may wait.
/// Rules: a board is granted to one request at a time. A free board goes to the first request (priority, then age) that
/// it suits. A request takes, of the boards that suit it, the one with the fewest spare tags, then the one granted
/// longest ago.
class Scheduler {
 public:
  /// A board has come, or something about it has changed.
  void put(Slot slot);
  void remove_board(const std::string& name);
  [[nodiscard]] const Slot* board(const std::string& name) const;

  void add(Request request);
  /// Withdraws a waiting request (one that is not there: nothing happens).
  void remove(std::uint64_t id);
  [[nodiscard]] bool waits(std::uint64_t id) const { return requests_.contains(id); }
  [[nodiscard]] std::size_t waiting() const { return requests_.size(); }

  /// What can be granted now, in order. Granted boards become `leased`, granted requests leave the queue.
  [[nodiscard]] std::vector<Grant> grant();

  /// Why `id` waits, one sentence ("" when it does not).
  [[nodiscard]] std::string waiting_for(std::uint64_t id) const;

  /// Whether any board, whatever it does now, could ever serve `request` (retired ones cannot).
  /// Errors: not_found (configuration) with what is missing.
  [[nodiscard]] Result<> can_ever_run(const Request& request) const;
  /// Whether a board other than `request.avoid` could serve `request`, now or when it falls free: it is in the lab, and
  /// its health is good or not known.
  [[nodiscard]] bool another_could_serve(const Request& request) const;

 private:
  struct Order {
    std::uint32_t priority;
    std::uint64_t id;
    bool operator<(const Order& other) const {
      return priority != other.priority ? priority > other.priority : id < other.id;
    }
  };
  using Queue = std::set<Order>;

  [[nodiscard]] std::vector<const Slot*> candidates(const Request& request) const;
  [[nodiscard]] bool free_for(const Slot& slot, const Request& request) const;
  [[nodiscard]] const Slot* best_board(const Request& request) const;
  [[nodiscard]] std::optional<std::uint64_t> first_for(const Slot& slot) const;
  [[nodiscard]] Queue& queue_of(const Request& request);
  void give(const std::string& board, std::uint64_t request, std::vector<Grant>& out);

  std::map<std::string, Slot> boards_;
  std::map<std::string, std::set<std::string>> boards_by_type_;
  std::map<std::string, std::uint64_t> last_grant_;  ///< board -> number of its last grant
  std::uint64_t grants_ = 0;
  std::map<std::uint64_t, Request> requests_;
  std::map<std::string, Queue> by_type_, by_board_;
  std::set<std::string> dirty_boards_;  ///< may have become free since the last grant()
  Queue dirty_requests_;                ///< came since the last grant()
};

}  // namespace hilltop::controller
