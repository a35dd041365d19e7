// SPDX-License-Identifier: Apache-2.0
#include "web/ws/event_feed.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace hilltop::web {

void EventFeed::push(ItemPtr item) {
  items_.push_back(std::move(item));
  if (items_.size() > kept) items_.pop_front();
  arrived_.notify();
}

EventFeed::ItemPtr EventFeed::after(std::uint64_t seq) const {
  if (items_.empty() || seq + 1 < items_.front()->seq) return nullptr;
  const auto it = std::ranges::upper_bound(items_, seq, {}, [](const ItemPtr& item) { return item->seq; });
  return it == items_.end() ? nullptr : *it;
}

std::optional<std::uint64_t> EventFeed::last() const {
  return items_.empty() ? std::nullopt : std::optional(items_.back()->seq);
}

std::optional<std::uint64_t> EventFeed::first() const {
  return items_.empty() ? std::nullopt : std::optional(items_.front()->seq);
}

std::string event_text(const controller::FarmEvent& event) {
  auto data = nlohmann::json::parse(event.data, nullptr, false);
  if (data.is_discarded()) data = event.data.empty() ? nlohmann::json() : nlohmann::json(event.data);
  const nlohmann::json text = {{"seq", event.seq},
                               {"time", to_rfc3339(event.time)},
                               {"kind", event.kind},
                               {"subject", event.subject},
                               {"data", std::move(data)}};
  return text.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace hilltop::web
