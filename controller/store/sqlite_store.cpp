// SPDX-License-Identifier: Apache-2.0
#include <boost/asio/post.hpp>
#include <deque>
#include <mutex>

#include "controller/store/schema.hpp"
#include "controller/store/sqlite_rows.hpp"
#include "controller/store/store.hpp"
#include "drivers/core/lane.hpp"
#include "drivers/core/log.hpp"

namespace hilltop::controller {
namespace {

using sqlite::Database;

/// WAL: readers never wait for the writer. synchronous=FULL: the log is synced at each commit, so that an acknowledged
/// submission survives a power cut, not only kill -9 (NORMAL syncs at checkpoints only); group commit pays for it.
/// Source: sqlite.org/pragma.html#pragma_synchronous.
constexpr const char* writer_settings =
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; "
    "PRAGMA cache_size=-2000;";
constexpr const char* reader_settings = "PRAGMA query_only=ON; PRAGMA cache_size=-2000;";
constexpr std::size_t most_in_one_commit = 2000;

struct Write {
  Changes changes;
  std::function<void(Result<>)> done;
};

Result<> apply_all(Database& database, const Changes& changes) {
  for (const auto& change : changes)
    HILLTOP_CHECK(std::visit([&](const auto& one) { return sqlite::apply(database, one); }, change));
  return ok();
}

class SqliteStore final : public Store {
 public:
  SqliteStore(asio::any_io_executor home, std::unique_ptr<Database> writer, std::unique_ptr<Database> reader,
              std::unique_ptr<Database> at_home)
      : home_(std::move(home)), writer_(std::move(writer)), reader_(std::move(reader)), at_home_(std::move(at_home)) {}

  void write(Changes changes, std::function<void(Result<>)> done) override {
    const std::lock_guard lock(mutex_);
    waiting_.push_back({std::move(changes), std::move(done)});
    if (std::exchange(pump_posted_, true)) return;
    write_lane_.post([this] { pump(); });
  }

  Result<StoredFarm> load() override {
    StoredFarm out;
    HILLTOP_TRY(out.open_jobs, sqlite::open_jobs(*reader_));
    HILLTOP_TRY(out.open_leases, sqlite::open_leases(*reader_));
    HILLTOP_TRY(out.boards, sqlite::all_boards(*reader_));
    HILLTOP_TRY(out.tokens, sqlite::all_tokens(*reader_));
    HILLTOP_TRY(out.memberships, sqlite::all_memberships(*reader_));
    HILLTOP_TRY(out.last_job, sqlite::largest(*reader_, "SELECT max(id) FROM jobs"));
    HILLTOP_TRY(out.last_lease, sqlite::largest(*reader_, "SELECT max(id) FROM leases"));
    HILLTOP_TRY(out.last_event, sqlite::largest(*reader_, "SELECT max(seq) FROM events"));
    HILLTOP_TRY(out.last_token, sqlite::largest(*reader_, "SELECT max(id) FROM tokens"));
    return out;
  }

  Task<std::vector<JobRecord>> jobs(JobQuery query) override {
    return read_lane_.run([this, query = std::move(query)] { return sqlite::find_jobs(*reader_, query); });
  }
  Task<std::string> definition(std::uint64_t job) override {
    return read_lane_.run([this, job] { return sqlite::find_definition(*reader_, job); });
  }
  Task<std::vector<jobs::TestCase>> cases(std::uint64_t job) override {
    return read_lane_.run([this, job] { return sqlite::find_cases(*reader_, job); });
  }
  Task<std::vector<FarmEvent>> events_after(std::uint64_t seq, std::size_t limit) override {
    return read_lane_.run([this, seq, limit] { return sqlite::find_events(*reader_, seq, limit); });
  }
  Task<std::vector<LeaseView>> ended_leases(std::size_t limit) override {
    return read_lane_.run([this, limit] { return sqlite::ended_leases(*reader_, limit); });
  }
  Result<JobRecord> job_now(std::uint64_t id) override { return sqlite::find_job(*at_home_, id); }
  Result<LeaseView> lease_now(std::uint64_t id) override { return sqlite::find_lease(*at_home_, id); }

 private:
  /// On the write lane: everything that waits goes into one commit.
  void pump() {
    std::vector<Write> batch;
    {
      const std::lock_guard lock(mutex_);
      while (!waiting_.empty() && batch.size() < most_in_one_commit) {
        batch.push_back(std::move(waiting_.front()));
        waiting_.pop_front();
      }
      if (waiting_.empty())
        pump_posted_ = false;
      else
        write_lane_.post([this] { pump(); });
    }
    auto results = write_together(batch);
    asio::post(home_, [batch = std::move(batch), results = std::move(results)]() mutable {
      for (std::size_t i = 0; i < batch.size(); ++i)
        if (batch[i].done) batch[i].done(std::move(results[i]));
    });
  }

  std::vector<Result<>> write_together(const std::vector<Write>& batch) {
    auto together = in_transaction([&]() -> Result<> {
      for (const auto& write : batch) HILLTOP_CHECK(apply_all(*writer_, write.changes));
      return ok();
    });
    if (together || batch.size() == 1) return std::vector<Result<>>(batch.size(), together);
    // One of them is at fault: the others must not fail with it.
    std::vector<Result<>> out;
    for (const auto& write : batch) out.push_back(in_transaction([&] { return apply_all(*writer_, write.changes); }));
    return out;
  }

  template <class F>
  Result<> in_transaction(F work) {
    HILLTOP_CHECK(writer_->run("BEGIN IMMEDIATE"));
    auto done = work();
    if (done) done = writer_->run("COMMIT");
    if (done) return ok();
    log::error("store: {}", done.error().text);
    if (auto undone = writer_->run("ROLLBACK"); !undone) log::debug("store: rollback: {}", undone.error().text);
    return done;
  }

  asio::any_io_executor home_;
  std::unique_ptr<Database> writer_, reader_, at_home_;
  std::mutex mutex_;
  std::deque<Write> waiting_;
  bool pump_posted_ = false;
  Lane read_lane_;
  Lane write_lane_;  // last: joined first, while everything that it uses still lives
};

Result<std::unique_ptr<Database>> open_reader(const std::filesystem::path& file) {
  HILLTOP_TRY(auto database, Database::open(file, Database::Mode::read_only));
  HILLTOP_CHECK(database->script(reader_settings));
  return database;
}

Task<> wait_for_write(std::shared_ptr<Store> store, Changes changes) {
  struct Pending {
    explicit Pending(asio::any_io_executor home) : event(std::move(home)) {}
    Event event;
    std::optional<Result<>> result;
  };
  auto pending = std::make_shared<Pending>(co_await asio::this_coro::executor);
  store->write(std::move(changes), [pending](Result<> result) {
    pending->result = std::move(result);
    pending->event.notify();
  });
  while (!pending->result) HILLTOP_CO_CHECK(co_await pending->event.wait(Deadline::never()));
  co_return *pending->result;
}

}  // namespace

Task<> commit(std::shared_ptr<Store> store, Changes changes) {
  return wait_for_write(std::move(store), std::move(changes));
}

Result<std::shared_ptr<Store>> open_sqlite_store(SqliteOptions options) {
  HILLTOP_TRY(auto writer, Database::open(options.file, Database::Mode::read_write));
  HILLTOP_CHECK(sqlite::upgrade(*writer, options.file));
  HILLTOP_CHECK(writer->script(writer_settings).within(options.file.string()));
  HILLTOP_TRY(auto reader, open_reader(options.file));
  HILLTOP_TRY(auto at_home, open_reader(options.file));
  return std::shared_ptr<Store>(
      std::make_shared<SqliteStore>(options.home, std::move(writer), std::move(reader), std::move(at_home)));
}

}  // namespace hilltop::controller
