// SPDX-License-Identifier: Apache-2.0
#include "controller/scheduler.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace hilltop::controller {
namespace {

bool has_tags(const Slot& slot, const std::vector<std::string>& wanted) {
  return std::ranges::all_of(wanted,
                             [&](const auto& tag) { return std::ranges::find(slot.tags, tag) != slot.tags.end(); });
}

/// Whether the board is of the kind that is asked for, free or not.
bool suits(const Slot& slot, const Request& request) {
  return (request.type.empty() || slot.type == request.type) && (request.board.empty() || slot.name == request.board) &&
         (request.worker.empty() || slot.worker == request.worker) && has_tags(slot, request.tags);
}

/// "board of type X with tags a, b on worker w".
std::string describe(const Request& request) {
  auto out =
      request.board.empty() ? fmt::format("a board of type {}", request.type) : fmt::format("board {}", request.board);
  if (!request.board.empty() && !request.type.empty()) out += fmt::format(" (type {})", request.type);
  if (!request.tags.empty())
    out += fmt::format(" with tag{} {}", request.tags.size() > 1 ? "s" : "", fmt::join(request.tags, ", "));
  if (!request.worker.empty()) out += fmt::format(" on worker {}", request.worker);
  return out;
}

/// "microbit-1 leased by ann until 14:05": why it cannot be had now.
std::string why_not(const Slot& slot) {
  if (slot.state == BoardState::leased) {
    auto out = fmt::format("{} leased by {}", slot.name, slot.holder.empty() ? "somebody" : slot.holder);
    if (slot.busy_until != UtcTime{}) out += fmt::format(" until {} UTC", to_rfc3339(slot.busy_until).substr(11, 5));
    return out;
  }
  const bool unfit = slot.health != BoardHealth::good && slot.health != BoardHealth::unknown;
  const auto what = unfit ? to_string(slot.health) : to_string(slot.state);
  return slot.reason.empty() ? fmt::format("{} {}", slot.name, what)
                             : fmt::format("{} {}: {}", slot.name, what, slot.reason);
}

}  // namespace

void Scheduler::put(Slot slot) {
  const auto name = slot.name;
  if (const auto* before = board(name); before != nullptr && before->type != slot.type)
    boards_by_type_[before->type].erase(name);
  boards_by_type_[slot.type].insert(name);
  if (schedulable(slot.state, slot.health)) dirty_boards_.insert(name);
  // A request that avoids one board may have to take it now that another one is gone.
  if (slot.health != BoardHealth::good)
    for (const auto& other : boards_by_type_[slot.type]) dirty_boards_.insert(other);
  boards_[name] = std::move(slot);
}

void Scheduler::remove_board(const std::string& name) {
  const auto found = boards_.find(name);
  if (found == boards_.end()) return;
  auto& same_type = boards_by_type_[found->second.type];
  same_type.erase(name);
  dirty_boards_.insert(same_type.begin(), same_type.end());
  boards_.erase(found);
  last_grant_.erase(name);
}

const Slot* Scheduler::board(const std::string& name) const {
  const auto found = boards_.find(name);
  return found == boards_.end() ? nullptr : &found->second;
}

Scheduler::Queue& Scheduler::queue_of(const Request& request) {
  return request.board.empty() ? by_type_[request.type] : by_board_[request.board];
}

void Scheduler::add(Request request) {
  const Order order{request.priority, request.id};
  queue_of(request).insert(order);
  dirty_requests_.insert(order);
  requests_[request.id] = std::move(request);
}

void Scheduler::remove(std::uint64_t id) {
  const auto found = requests_.find(id);
  if (found == requests_.end()) return;
  const Order order{found->second.priority, id};
  queue_of(found->second).erase(order);
  dirty_requests_.erase(order);
  requests_.erase(found);
}

std::vector<const Slot*> Scheduler::candidates(const Request& request) const {
  std::vector<const Slot*> out;
  const auto consider = [&](const std::string& name) {
    if (const auto* slot = board(name); slot != nullptr && suits(*slot, request)) out.push_back(slot);
  };
  if (!request.board.empty()) {
    consider(request.board);
  } else if (const auto found = boards_by_type_.find(request.type); found != boards_by_type_.end()) {
    std::ranges::for_each(found->second, consider);
  }
  return out;
}

bool Scheduler::free_for(const Slot& slot, const Request& request) const {
  if (!schedulable(slot.state, slot.health) || !suits(slot, request)) return false;
  return slot.name != request.avoid || !another_could_serve(request);
}

bool Scheduler::another_could_serve(const Request& request) const {
  return std::ranges::any_of(candidates(request), [&](const Slot* other) {
    const bool fit = other->health == BoardHealth::good || other->health == BoardHealth::unknown;
    return other->name != request.avoid && fit && other->state != BoardState::offline;
  });
}

const Slot* Scheduler::best_board(const Request& request) const {
  auto all = candidates(request);
  std::erase_if(all, [&](const Slot* slot) { return !free_for(*slot, request); });
  const auto rank = [&](const Slot* slot) {
    const auto last = last_grant_.find(slot->name);
    return std::pair(slot->tags.size(), last == last_grant_.end() ? 0 : last->second);
  };
  const auto best = std::ranges::min_element(all, {}, rank);
  return best == all.end() ? nullptr : *best;
}

std::optional<std::uint64_t> Scheduler::first_for(const Slot& slot) const {
  std::optional<Order> best;
  const auto look = [&](const std::map<std::string, Queue>& queues, const std::string& key) {
    const auto queue = queues.find(key);
    if (queue == queues.end()) return;
    for (const auto& order : queue->second) {
      if (best && *best < order) return;
      if (free_for(slot, requests_.at(order.id))) {
        best = order;
        return;
      }
    }
  };
  look(by_type_, slot.type);
  look(by_board_, slot.name);
  if (!best) return std::nullopt;
  return best->id;
}

void Scheduler::give(const std::string& name, std::uint64_t request, std::vector<Grant>& out) {
  boards_.at(name).state = BoardState::leased;
  last_grant_[name] = ++grants_;
  remove(request);
  out.push_back({request, name});
}

std::vector<Grant> Scheduler::grant() {
  std::vector<Grant> out;
  // Boards first: what has waited goes before what has just come, unless that has the higher priority; then it stands
  // further ahead in the same queue and is found by the board all the same.
  for (const auto& name : std::exchange(dirty_boards_, {})) {
    const auto* slot = board(name);
    if (slot == nullptr || !schedulable(slot->state, slot->health)) continue;
    if (const auto first = first_for(*slot)) {
      // The board suits the first request; another free one may suit it better, and this one then goes to the next.
      const auto* best = best_board(requests_.at(*first));
      const auto chosen = best->name;
      give(chosen, *first, out);
      if (chosen != name) dirty_boards_.insert(name);
    }
  }
  if (!dirty_boards_.empty()) {
    auto more = grant();
    out.insert(out.end(), more.begin(), more.end());
  }
  for (const auto& order : std::exchange(dirty_requests_, {})) {
    if (const auto* best = best_board(requests_.at(order.id))) give(best->name, order.id, out);
  }
  return out;
}

std::string Scheduler::waiting_for(std::uint64_t id) const {
  const auto found = requests_.find(id);
  if (found == requests_.end()) return {};
  const auto& request = found->second;
  std::vector<std::string> reasons;
  for (const auto* slot : candidates(request)) {
    if (slot->health == BoardHealth::retired) continue;
    if (reasons.size() == 3) {
      reasons.emplace_back("...");
      break;
    }
    reasons.push_back(schedulable(slot->state, slot->health)
                          ? fmt::format("{} goes to another request first", slot->name)
                          : why_not(*slot));
  }
  if (reasons.empty()) return fmt::format("{}: there is none in the lab now", describe(request));
  return fmt::format("{}: {}", describe(request), fmt::join(reasons, "; "));
}

Result<> Scheduler::can_ever_run(const Request& request) const {
  const auto all = candidates(request);
  if (std::ranges::any_of(all, [](const Slot* slot) { return slot->health != BoardHealth::retired; })) return ok();
  const auto missing = [](std::string text) { return Error(Errc::not_found, Blame::configuration, std::move(text)); };
  if (!all.empty()) return missing(fmt::format("every board that could serve {} is retired", describe(request)));
  Request looser = request;
  looser.tags.clear();
  looser.worker.clear();
  const auto near = candidates(looser);
  if (near.empty()) return missing(fmt::format("the lab has no such board: {}", describe(looser)));
  std::vector<std::string> offered;
  for (const auto* slot : near) offered.push_back(fmt::format("{} [{}]", slot->name, fmt::join(slot->tags, ", ")));
  return missing(fmt::format("the lab has no {}; it has {}", describe(request).substr(request.board.empty() ? 2 : 0),
                             fmt::join(offered, ", ")));
}

}  // namespace hilltop::controller
