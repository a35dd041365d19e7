// SPDX-License-Identifier: Apache-2.0
#include "controller/farm.hpp"

#include <fmt/format.h>

#include "controller/farm_state.hpp"
#include "drivers/core/log.hpp"

namespace hilltop::controller {
namespace {

Task<std::vector<jobs::TestCase>> results_of(FarmRef farm, Principal who, std::uint64_t id) {
  HILLTOP_CO_CHECK(visible_job(*farm, who, id));
  co_return co_await farm->store->cases(id);
}

Task<std::string> definition_of(FarmRef farm, Principal who, std::uint64_t id) {
  HILLTOP_CO_CHECK(visible_job(*farm, who, id));
  co_return co_await farm->store->definition(id);
}

Task<Farm::LogFile> log_of(FarmRef farm, Principal who, std::uint64_t id) {
  HILLTOP_CO_TRY(const auto job, visible_job(*farm, who, id));
  co_return Farm::LogFile{farm->logs.path(id), job.view.state == JobState::finished};
}

Task<std::vector<TokenView>> list_tokens(FarmRef farm, Principal who) {
  HILLTOP_CO_CHECK(need(who, Role::admin, "listing tokens"));
  co_return farm->tokens.all();
}

/// Running jobs stay `running` in the store: the next start ends them, and runs them again where they allow it.
Task<> stop(FarmRef farm, Deadline deadline) {
  farm->stopping = true;
  farm->scope.cancel_all();
  auto stopped = co_await farm->worker->shut_down(deadline);
  co_await farm->scope.join();
  HILLTOP_CO_CHECK(co_await commit(farm->store, {}));
  co_return stopped;
}

class FarmImpl final : public Farm {
 public:
  explicit FarmImpl(FarmRef state) : farm_(std::move(state)) {}

  Task<std::uint64_t> submit(Principal who, std::string definition, std::string file_name) override {
    return submit_job(farm_, std::move(who), std::move(definition), std::move(file_name));
  }
  Result<jobs::Plan> plan(const Principal& who, const std::string& definition, const std::string& file_name) override {
    return check_submission(*farm_, who, definition, file_name).transform([](Submission s) {
      return std::move(s.plan);
    });
  }
  Result<JobView> job(const Principal& who, std::uint64_t id) override {
    return visible_job(*farm_, who, id).transform([this](const JobRecord& job) { return shown(*farm_, job); });
  }
  Task<Page<JobView>> jobs(Principal who, JobFilter filter) override {
    return list_jobs(farm_, std::move(who), std::move(filter));
  }
  Task<std::vector<jobs::TestCase>> results(Principal who, std::uint64_t id) override {
    return results_of(farm_, std::move(who), id);
  }
  Task<std::string> definition(Principal who, std::uint64_t id) override {
    return definition_of(farm_, std::move(who), id);
  }
  Task<LogFile> log_file(Principal who, std::uint64_t id) override { return log_of(farm_, std::move(who), id); }
  Task<> cancel(Principal who, std::uint64_t id) override { return cancel_job(farm_, std::move(who), id); }

  std::vector<BoardView> boards(const Principal&) override {
    std::vector<BoardView> out;
    for (const auto& [name, board] : farm_->boards) out.push_back(board.view);
    return out;
  }
  Result<BoardView> board(const Principal&, const std::string& name) override {
    const auto found = farm_->boards.find(name);
    if (found == farm_->boards.end())
      return Error(Errc::not_found, Blame::job, fmt::format("there is no board {}", name));
    return found->second.view;
  }
  Result<> may_operate(const Principal& who, const std::string& board) override {
    return controller::may_operate(*farm_, who, board);
  }
  Task<> set_health(Principal who, std::string board, BoardHealth health, std::string reason) override {
    return change_health(farm_, std::move(who), std::move(board), health, std::move(reason));
  }

  Task<LeaseView> take(Principal who, LeaseRequest request) override {
    return take_lease(farm_, std::move(who), std::move(request));
  }
  Result<LeaseView> lease(const Principal&, std::uint64_t id) override {
    const auto open = farm_->leases.find(id);
    return open != farm_->leases.end() ? Result<LeaseView>(shown(*farm_, open->second)) : farm_->store->lease_now(id);
  }
  std::vector<LeaseView> leases(const Principal&, bool ended_too) override {
    std::vector<LeaseView> out;
    for (const auto& [id, lease] : farm_->leases) out.push_back(shown(*farm_, lease));
    if (ended_too) out.insert(out.end(), farm_->ended_leases.begin(), farm_->ended_leases.end());
    return out;
  }
  Task<LeaseView> extend(Principal who, std::uint64_t id, std::chrono::seconds duration) override {
    return extend_lease(farm_, std::move(who), id, duration);
  }
  Task<> release(Principal who, std::uint64_t id, std::string reason) override {
    return release_lease(farm_, std::move(who), id, std::move(reason));
  }

  const boards::BoardTypes& types() const override { return farm_->options.types; }
  const boards::Inventory& inventory() const override { return farm_->inventory; }
  [[nodiscard]] std::string lab_text() const override { return farm_->lab_text; }
  Task<boards::InventoryChange> apply_lab(Principal who, std::string text, std::string shown_as) override {
    return controller::apply_lab(farm_, std::move(who), std::move(text), std::move(shown_as));
  }

  Task<std::pair<TokenView, std::string>> create_token(Principal who, std::string user, std::string name, Role role,
                                                       std::string project, std::chrono::seconds valid_for) override {
    return controller::create_token(farm_, std::move(who), std::move(user), std::move(name), role, std::move(project),
                                    valid_for);
  }
  Task<std::vector<TokenView>> tokens(Principal who) override { return list_tokens(farm_, std::move(who)); }
  Task<> revoke_token(Principal who, std::uint64_t id) override {
    return controller::revoke_token(farm_, std::move(who), id);
  }
  Result<Principal> authenticate(const std::string& token) override {
    return farm_->tokens.authenticate(token, utc_now());
  }

  std::shared_ptr<void> subscribe(std::function<void(const FarmEvent&)> handler) override {
    return follow(*farm_, std::move(handler));
  }
  std::shared_ptr<void> subscribe_log(std::uint64_t job, std::function<void()> on_growth) override {
    return follow_log(*farm_, job, std::move(on_growth));
  }
  std::uint64_t last_event() const override { return farm_->last_event; }
  Task<std::vector<FarmEvent>> events_after(std::uint64_t seq, std::size_t limit) override {
    return farm_->store->events_after(seq, limit);
  }

  WorkerLink& worker() override { return *farm_->worker; }

  std::vector<std::pair<std::string, double>> metrics() override {
    std::vector<std::pair<std::string, double>> out = {
        {"hilltop_jobs_open", static_cast<double>(farm_->jobs.size())},
        {"hilltop_jobs_finished_total", static_cast<double>(farm_->jobs_finished)},
        {"hilltop_requests_waiting", static_cast<double>(farm_->scheduler.waiting())},
        {"hilltop_grants_total", static_cast<double>(farm_->grants)},
        {"hilltop_events_total", static_cast<double>(farm_->last_event)}};
    std::map<std::string, double> boards;
    for (const auto& [name, board] : farm_->boards)
      boards[fmt::format("hilltop_boards{{state=\"{}\",health=\"{}\"}}", to_string(board.view.state),
                         to_string(board.view.health))] += 1;
    out.insert(out.end(), boards.begin(), boards.end());
    return out;
  }

  Task<> shut_down(Deadline deadline) override { return stop(farm_, deadline); }

 private:
  FarmRef farm_;
};

Task<std::shared_ptr<Farm>> open_farm(FarmRef farm) {
  farm->worker->on_event([weak = std::weak_ptr(farm)](WorkerEvent event) {
    if (const auto self = weak.lock()) on_worker_event(*self, std::move(event));
  });
  HILLTOP_CO_TRY(farm->lab_text, read_text(farm->options.lab_file));
  HILLTOP_CO_CHECK((co_await recover(farm)).within("recovery"));
  HILLTOP_CO_CHECK(co_await synchronise_boards(farm));
  HILLTOP_CO_CHECK(co_await ensure_admin_token(farm));
  farm->scope.spawn("times", watch_times(farm));
  dispatch(*farm);
  co_return std::shared_ptr<Farm>(std::make_shared<FarmImpl>(farm));
}

}  // namespace

Task<std::shared_ptr<Farm>> Farm::open(Options options, std::shared_ptr<Store> store,
                                       std::shared_ptr<WorkerLink> worker, boards::Inventory inventory) {
  auto farm = std::make_shared<FarmState>(std::move(options), std::move(store), std::move(worker),
                                          co_await asio::this_coro::executor);
  farm->inventory = std::move(inventory);
  co_return co_await open_farm(std::move(farm));
}

}  // namespace hilltop::controller
