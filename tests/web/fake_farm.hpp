// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "controller/farm.hpp"
#include "drivers/core/task.hpp"

/// A farm without boards, store or scheduler: what the web layer's tests talk to. All on the control thread, as the
/// real one.
namespace hilltop::web::testing {

using controller::BoardHealth;
using controller::BoardState;
using controller::BoardView;
using controller::ConsoleRead;
using controller::ConsoleWrite;
using controller::Farm;
using controller::FarmEvent;
using controller::FlashCommand;
using controller::JobFilter;
using controller::JobState;
using controller::JobView;
using controller::LeaseRequest;
using controller::LeaseState;
using controller::LeaseView;
using controller::Page;
using controller::PowerCommand;
using controller::Principal;
using controller::Role;
using controller::role_from;
using controller::TokenView;
using controller::WorkerCommand;
using controller::WorkerEvent;
using controller::WorkerLink;
using controller::WorkerReply;

/// One console of which the last `kept` bytes are in memory.
class FakeWorker final : public WorkerLink {
 public:
  explicit FakeWorker(asio::any_io_executor executor) : grown_(std::move(executor)) {}

  void say(std::string_view bytes) {
    text_ += bytes;
    grown_.notify();
  }
  void keep_last(std::size_t bytes) { kept_ = bytes; }
  /// Also from the transcript.
  void delete_before(std::size_t offset) { stored_from_ = offset; }

  Task<WorkerReply> call(WorkerCommand command, Deadline deadline) override {
    return run(this, std::move(command), deadline);
  }
  void on_event(std::function<void(WorkerEvent)>) override {}
  Task<> shut_down(Deadline) override { co_return ok(); }

  std::string power = "off";
  std::string typed;
  std::vector<std::string> flashed;
  std::size_t console_reads = 0;
  /// Answers what this worker itself does not.
  std::function<Task<WorkerReply>(WorkerCommand)> others;

 private:
  static Task<WorkerReply> run(FakeWorker* self, WorkerCommand command, Deadline deadline) {
    WorkerReply reply;
    if (auto* p = std::get_if<PowerCommand>(&command)) {
      if (p->action != "status") self->power = p->action == "off" ? "off" : "on";
      reply.text = self->power;
    } else if (auto* w = std::get_if<ConsoleWrite>(&command)) {
      self->typed += w->bytes;
      self->say(w->bytes);  // the echo
    } else if (auto* f = std::get_if<FlashCommand>(&command)) {
      for (const auto& path : f->files) {
        std::ifstream in(path, std::ios::binary);
        self->flashed.emplace_back(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>());
      }
    } else if (auto* r = std::get_if<ConsoleRead>(&command)) {
      co_return co_await read(self, *r, deadline);
    } else if (self->others) {
      co_return co_await self->others(std::move(command));
    } else if (std::holds_alternative<controller::TranscriptPageRead>(command)) {
      reply.text = R"({"marks":[],"records":[]})";  // nothing is stored here
    } else if (std::holds_alternative<controller::TranscriptList>(command)) {
      reply.text = R"([{"board":"qemu-1","console":"main","first":)" + std::to_string(self->stored_from_) + "}]";
    } else if (std::holds_alternative<controller::DiscoverHardware>(command) ||
               std::holds_alternative<controller::CheckHardware>(command) ||
               std::holds_alternative<controller::IdentifyBoard>(command)) {
      reply.text = "{}";  // nothing is plugged in
    } else if (std::holds_alternative<controller::TranscriptGrep>(command)) {
      reply.lost = 1;  // nor found
    }
    co_return reply;
  }

  static Task<WorkerReply> read(FakeWorker* self, ConsoleRead r, Deadline deadline) {
    ++self->console_reads;
    const auto from = r.from == UINT64_MAX ? self->text_.size() : r.from;
    const auto until = deadline.at_most(std::chrono::milliseconds(r.wait_ms));
    while (self->text_.size() <= from && !until.passed())
      if (auto woken = co_await self->grown_.wait(until); !woken && woken.error().code == Errc::canceled)
        co_return std::move(woken).error();
    WorkerReply reply;
    if (r.exact && from < self->stored_from_)
      co_return Error(Errc::not_found, Blame::infrastructure, "retention has deleted it");
    const auto oldest = r.exact || self->text_.size() < self->kept_ ? 0 : self->text_.size() - self->kept_;
    reply.offset = std::min<std::uint64_t>(std::max<std::uint64_t>(from, oldest),
                                           std::max<std::uint64_t>(self->text_.size(), from));
    reply.lost = reply.offset - from;
    if (reply.offset < self->text_.size()) reply.bytes = self->text_.substr(reply.offset, r.max);
    if (reply.bytes.empty()) reply.offset = self->text_.size();
    co_return reply;
  }

  std::string text_;
  std::size_t kept_ = SIZE_MAX, stored_from_ = 0;
  Event grown_;
};

class FakeFarm final : public Farm {
 public:
  explicit FakeFarm(asio::any_io_executor executor) : link(executor) {
    auto name = (std::filesystem::temp_directory_path() / "hilltop-web-XXXXXX").string();
    if (::mkdtemp(name.data()) != nullptr) dir = name;
    for (const auto* board : {"microbit-1", "microbit-2", "qemu-1"}) {
      BoardView view;
      view.name = board;
      view.type = std::string(board).substr(0, std::string_view(board).find('-'));
      view.power = "off";
      view.consoles = {"main"};
      board_views[board] = view;
    }
  }
  ~FakeFarm() override { std::filesystem::remove_all(dir); }

  // What the tests do to it
  void happen(std::string kind, std::string subject, std::string data = "{}") {
    FarmEvent event;
    event.seq = ++last_seq;
    event.time = utc_now();
    event.kind = std::move(kind);
    event.subject = std::move(subject);
    event.data = std::move(data);
    stored.push_back(event);
    for (const auto& [id, handler] : handlers) handler(event);
  }
  std::uint64_t add_job(std::string submitter) {
    JobView view;
    view.id = ++last_id;
    view.name = "job " + std::to_string(view.id);
    view.submitter = std::move(submitter);
    view.board_type = "microbit";
    view.submitted = utc_now();
    job_views[view.id] = view;
    return view.id;
  }
  void write_log(std::uint64_t job, std::string_view lines) {
    std::ofstream(log_path(job), std::ios::app | std::ios::binary) << lines;
    for (const auto& [id, follower] : followers)
      if (follower.first == job) follower.second();
  }
  void complete_log(std::uint64_t job) {
    complete.insert(job);
    write_log(job, "");
  }
  std::uint64_t lease_board(const std::string& board, std::string owner) {
    LeaseView lease;
    lease.id = ++last_id;
    lease.owner = owner;
    lease.wanted = lease.board = board;
    lease.state = LeaseState::active;
    lease_views[lease.id] = lease;
    board_views[board].lease = lease.id;
    board_views[board].holder = std::move(owner);
    board_views[board].state = BoardState::leased;
    return lease.id;
  }
  void end_lease(std::uint64_t id, std::string reason) {
    auto& lease = lease_views[id];
    lease.state = LeaseState::ended;
    lease.end_reason = std::move(reason);
    auto& view = board_views[lease.board];
    view.lease.reset();
    view.holder.clear();
    happen("lease", std::to_string(id));
  }

  // Farm
  Task<std::uint64_t> submit(Principal who, std::string text, std::string file) override {
    HILLTOP_CO_CHECK(check(text, file));
    const auto id = add_job(who.user);
    definitions[id] = std::move(text);
    co_return id;
  }
  Result<jobs::Plan> plan(const Principal&, const std::string& text, const std::string& file) override {
    HILLTOP_CHECK(check(text, file));
    return jobs::Plan{};
  }
  Result<JobView> job(const Principal&, std::uint64_t id) override {
    const auto it = job_views.find(id);
    if (it == job_views.end()) return Error(Errc::not_found, Blame::job, "there is no job " + std::to_string(id));
    return it->second;
  }
  Task<Page<JobView>> jobs(Principal, JobFilter filter) override {
    Page<JobView> page;
    for (auto it = job_views.rbegin(); it != job_views.rend(); ++it) {
      if (!filter.cursor.empty() && it->first >= std::stoull(filter.cursor)) continue;
      if (page.items.size() == filter.limit) {
        page.next = std::to_string(page.items.back().id);
        break;
      }
      page.items.push_back(it->second);
    }
    co_return page;
  }
  Task<std::vector<jobs::TestCase>> results(Principal who, std::uint64_t id) override {
    HILLTOP_CO_CHECK(job(who, id));
    jobs::TestCase one;
    one.suite = "suite";
    one.name = "<case>";
    one.result = jobs::CaseResult::pass;
    co_return std::vector<jobs::TestCase>{one};
  }
  Task<std::string> definition(Principal who, std::uint64_t id) override {
    HILLTOP_CO_CHECK(job(who, id));
    co_return definitions[id];
  }
  Task<LogFile> log_file(Principal who, std::uint64_t id) override {
    HILLTOP_CO_CHECK(job(who, id));
    co_return LogFile{log_path(id), complete.contains(id)};
  }
  Task<> cancel(Principal who, std::uint64_t id) override {
    HILLTOP_CO_TRY(auto view, job(who, id));
    if (view.submitter != who.user && who.role < Role::technician)
      co_return Error(Errc::denied, Blame::job, "the job is " + view.submitter + "'s");
    job_views[id].state = JobState::canceling;
    co_return ok();
  }
  std::vector<BoardView> boards(const Principal&) override {
    std::vector<BoardView> out;
    for (const auto& [name, view] : board_views) out.push_back(view);
    return out;
  }
  Result<BoardView> board(const Principal&, const std::string& name) override {
    const auto it = board_views.find(name);
    if (it == board_views.end()) return Error(Errc::not_found, Blame::job, "there is no board '" + name + "'");
    return it->second;
  }
  Result<> may_operate(const Principal& who, const std::string& name) override {
    HILLTOP_TRY(const auto view, board(who, name));
    if (who.role >= Role::technician || (view.lease && view.holder == who.user)) return ok();
    if (view.lease) return Error(Errc::busy, Blame::job, name + " is held by " + view.holder);
    return Error(Errc::denied, Blame::job, "take a lease of " + name + " first");
  }
  Task<> set_health(Principal who, std::string name, BoardHealth health, std::string reason) override {
    HILLTOP_CO_CHECK(board(who, name));
    board_views[name].health = health;
    board_views[name].health_reason = std::move(reason);
    co_return ok();
  }
  Task<LeaseView> take(Principal who, LeaseRequest request) override {
    HILLTOP_CO_CHECK(board(who, request.wanted));
    if (board_views[request.wanted].lease) co_return Error(Errc::busy, Blame::job, "it is taken");
    co_return lease_views[lease_board(request.wanted, who.user)];
  }
  Result<LeaseView> lease(const Principal&, std::uint64_t id) override {
    const auto it = lease_views.find(id);
    if (it == lease_views.end()) return Error(Errc::not_found, Blame::job, "there is no lease " + std::to_string(id));
    return it->second;
  }
  std::vector<LeaseView> leases(const Principal&, bool ended_too) override {
    std::vector<LeaseView> out;
    for (const auto& [id, view] : lease_views)
      if (ended_too || view.state != LeaseState::ended) out.push_back(view);
    return out;
  }
  Task<LeaseView> extend(Principal who, std::uint64_t id, std::chrono::seconds duration) override {
    HILLTOP_CO_TRY(auto view, lease(who, id));
    lease_views[id].duration = duration;
    co_return lease_views[id];
  }
  Task<> release(Principal who, std::uint64_t id, std::string) override {
    HILLTOP_CO_TRY(auto view, lease(who, id));
    end_lease(id, view.owner == who.user ? "released" : "revoked by " + who.user);
    co_return ok();
  }
  const boards::BoardTypes& types() const override { return board_types; }
  const boards::Inventory& inventory() const override { return lab; }
  Task<boards::InventoryChange> apply_lab(Principal, std::string text, std::string) override {
    boards::InventoryChange change;
    change.added = {text};
    co_return change;
  }
  Task<std::pair<TokenView, std::string>> create_token(Principal, std::string user, std::string name, Role role,
                                                       std::string project, std::chrono::seconds) override {
    TokenView view;
    view.id = ++last_id;
    view.user = std::move(user);
    view.name = std::move(name);
    view.role = role;
    view.project = std::move(project);
    co_return std::pair<TokenView, std::string>(view, "secret");
  }
  Task<std::vector<TokenView>> tokens(Principal) override { co_return std::vector<TokenView>{}; }
  Task<> revoke_token(Principal, std::uint64_t id) override {
    if (id > last_id) co_return Error(Errc::not_found, Blame::job, "there is no token " + std::to_string(id));
    co_return ok();
  }
  /// Tokens are "viewer", "submitter", ...: the role and the user's name in one.
  Result<Principal> authenticate(const std::string& token) override {
    const auto role = role_from(token);
    if (!role) return Error(Errc::denied, Blame::job, "the token is not known");
    Principal who;
    who.user = token;
    who.role = *role;
    who.project = "default";
    return who;
  }
  std::shared_ptr<void> subscribe(std::function<void(const FarmEvent&)> handler) override {
    const auto id = ++last_id;
    handlers[id] = std::move(handler);
    return std::shared_ptr<void>(nullptr, [this, id](void*) { handlers.erase(id); });
  }
  std::shared_ptr<void> subscribe_log(std::uint64_t job_id, std::function<void()> on_growth) override {
    const auto id = ++last_id;
    followers[id] = {job_id, std::move(on_growth)};
    return std::shared_ptr<void>(nullptr, [this, id](void*) { followers.erase(id); });
  }
  std::uint64_t last_event() const override { return last_seq; }
  Task<std::vector<FarmEvent>> events_after(std::uint64_t seq, std::size_t limit) override {
    std::vector<FarmEvent> out;
    for (const auto& event : stored)
      if (event.seq > seq && out.size() < limit) out.push_back(event);
    co_return out;
  }
  WorkerLink& worker() override { return link; }
  std::vector<std::pair<std::string, double>> metrics() override {
    return {{"hilltop_boards{state=\"idle\"}", 3},
            {"hilltop_jobs_total", 7},
            {"hilltop_boards{state=\"leased\"}", 0},
            {"hilltop_events_total", static_cast<double>(last_seq)}};
  }
  Task<> shut_down(Deadline) override { co_return ok(); }

  std::filesystem::path log_path(std::uint64_t job_id) const { return dir / (std::to_string(job_id) + ".jsonl"); }

  FakeWorker link;
  std::map<std::string, BoardView> board_views;
  std::map<std::uint64_t, JobView> job_views;
  std::map<std::uint64_t, LeaseView> lease_views;
  std::map<std::uint64_t, std::string> definitions;
  std::map<std::uint64_t, std::function<void(const FarmEvent&)>> handlers;
  std::map<std::uint64_t, std::pair<std::uint64_t, std::function<void()>>> followers;
  std::set<std::uint64_t> complete;
  std::vector<FarmEvent> stored;
  std::uint64_t last_id = 0, last_seq = 0;
  std::filesystem::path dir;
  boards::BoardTypes board_types;
  boards::Inventory lab;

 private:
  static Result<> check(const std::string& text, const std::string& file) {
    if (text.find("wrong") == std::string::npos) return ok();
    return Error(
        Errc::bad_input, Blame::job,
        file + ":3:5: 'tmpf' is not a deploy method (did you mean 'tmpfs'?)\n" + file + ":9:1: warning: key 'x' twice");
  }
};

}  // namespace hilltop::web::testing
