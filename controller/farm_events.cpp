// SPDX-License-Identifier: Apache-2.0
#include "controller/farm_state.hpp"
#include "drivers/core/log.hpp"

namespace hilltop::controller {
namespace {

template <class F>
std::shared_ptr<void> add_follower(const Followers<F>& list, std::uint64_t job, F call) {
  auto follower = std::make_shared<Follower<F>>(Follower<F>{job, std::move(call)});
  list->push_back(follower);
  return {static_cast<void*>(follower.get()), [weak = std::weak_ptr(list), follower](void*) {
            if (const auto alive = weak.lock()) alive->remove(follower);
            follower->call = nullptr;  // dropped in the middle of a round: it is not called any more
          }};
}

void announce(FarmState& farm, const Changes& changes) {
  for (const auto& change : changes) {
    const auto* event = std::get_if<AddEvent>(&change);
    if (event == nullptr) continue;
    const auto round = *farm.followers;  // a handler may come or go meanwhile
    for (const auto& follower : round)
      if (follower->call) follower->call(event->event);
  }
}

}  // namespace

void add_event(FarmState& farm, Changes& changes, std::string kind, std::string subject, const nlohmann::json& data) {
  AddEvent out;
  out.event.seq = ++farm.last_event;
  out.event.time = utc_now();
  out.event.kind = std::move(kind);
  out.event.subject = std::move(subject);
  out.event.data = data.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  changes.emplace_back(std::move(out));
}

void add_audit(Changes& changes, const Principal& who, std::string action, std::string subject, std::string detail) {
  changes.emplace_back(AddAudit{utc_now(), who.user, std::move(action), std::move(subject), std::move(detail)});
}

void save(FarmState& farm, Changes changes, std::function<void()> after) {
  auto kept = std::make_shared<Changes>(changes);
  farm.store->write(std::move(changes),
                    [weak = farm.weak_from_this(), kept, after = std::move(after)](Result<> result) {
                      const auto self = weak.lock();
                      if (!self) return;
                      // Memory is ahead of the store now, and says so: nothing is announced that a restart would not
                      // remember.
                      if (!result) return log::error("farm: not stored: {}", result.error().text);
                      announce(*self, *kept);
                      if (after) after();
                    });
}

Task<> save_and_wait(FarmRef farm, Changes changes) {
  const auto kept = changes;
  HILLTOP_CO_CHECK(co_await commit(farm->store, std::move(changes)));
  announce(*farm, kept);
  co_return ok();
}

std::shared_ptr<void> follow(FarmState& farm, std::function<void(const FarmEvent&)> handler) {
  return add_follower(farm.followers, 0, std::move(handler));
}

std::shared_ptr<void> follow_log(FarmState& farm, std::uint64_t job, std::function<void()> on_growth) {
  return add_follower(farm.log_followers, job, std::move(on_growth));
}

void tell_log_followers(FarmState& farm, std::uint64_t job) {
  const auto round = *farm.log_followers;
  for (const auto& follower : round)
    if (follower->job == job && follower->call) follower->call();
}

}  // namespace hilltop::controller
