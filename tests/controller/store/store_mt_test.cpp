// SPDX-License-Identifier: Apache-2.0
#include "controller/store/store.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>
#include <random>
#include <set>

#include "controller/store/schema.hpp"
#include "tests/controller/farm_fixture.hpp"

namespace hilltop::controller {
namespace {

using test::run;

struct StoreTest : ::testing::Test {
  test::TempDir dir;
  asio::io_context context{1};
  std::filesystem::path file = dir.path() / "hilltop.db";

  std::shared_ptr<Store> open() {
    auto out = open_sqlite_store({file, context.get_executor()});
    EXPECT_TRUE(out) << out.error().text;
    return out ? *out : nullptr;
  }
};

InsertJob job_with(std::uint64_t id, const std::string& definition = "text") {
  InsertJob out;
  out.job.view.id = id;
  out.job.view.name = "n" + std::to_string(id);
  out.job.view.submitter = id % 2 ? "ann" : "bob";
  out.job.view.tags = {"usb", "\"quoted\""};
  out.job.max_attempts = 3;
  out.definition = definition;
  return out;
}

TEST_F(StoreTest, GivesBackWhatItWasGiven) {
  auto store = open();
  auto job = job_with(1, "a: b\n");
  job.job.view.lease = 9;
  jobs::TestCase one;
  one.suite = "s";
  one.name = "c";
  one.result = jobs::CaseResult::fail;
  one.measurement = 0.25;
  ASSERT_TRUE(run(context, commit(store, {job, AddCase{1, 1, one}})));
  job.job.view.state = JobState::finished;
  job.job.view.outcome = jobs::Outcome{jobs::Verdict::fail, Blame::dut, "it's over; DROP TABLE", false, false};
  ASSERT_TRUE(run(context, commit(store, {UpdateJob{job.job}})));
  const auto back = store->job_now(1);
  ASSERT_TRUE(back) << back.error().text;
  EXPECT_EQ(back->view.name, "n1");
  EXPECT_EQ(back->view.tags, job.job.view.tags);
  EXPECT_EQ(back->view.lease, 9U);
  EXPECT_EQ(back->max_attempts, 3U);
  EXPECT_EQ(back->view.outcome->verdict, jobs::Verdict::fail);
  EXPECT_EQ(back->view.outcome->blame, Blame::dut);
  EXPECT_EQ(back->view.outcome->reason, "it's over; DROP TABLE");
  EXPECT_EQ(*run(context, store->definition(1)), "a: b\n");
  const auto cases = run(context, store->cases(1));
  ASSERT_EQ(cases->size(), 1U);
  EXPECT_EQ(cases->front().result, jobs::CaseResult::fail);
  EXPECT_EQ(cases->front().measurement, 0.25);
  EXPECT_FALSE(cases->front().duration_s);
  EXPECT_EQ(store->job_now(2).error().code, Errc::not_found);
}

TEST_F(StoreTest, AReRunHasTheSameDefinition) {
  auto store = open();
  auto again = job_with(2, "");
  again.job.view.rerun_of = 1;
  ASSERT_TRUE(run(context, commit(store, {job_with(1, "first"), again})));
  EXPECT_EQ(*run(context, store->definition(2)), "first");
}

TEST_F(StoreTest, OneBadWriteDoesNotFailItsNeighbours) {
  auto store = open();
  ASSERT_TRUE(run(context, commit(store, {job_with(1)})));
  std::vector<bool> results;
  for (const std::uint64_t id : {2, 1, 3})
    store->write({job_with(id)}, [&](Result<> r) { results.push_back(r.has_value()); });
  while (results.size() < 3) {
    context.restart();  // it stops whenever it has nothing to do
    context.run_one_for(10ms);
  }
  EXPECT_EQ(results, (std::vector<bool>{true, false, true})) << "job 1 was there already";
  EXPECT_TRUE(store->job_now(3));
}

TEST_F(StoreTest, ListsByFilterNewestFirst) {
  auto store = open();
  Changes changes;
  for (std::uint64_t id = 1; id <= 10; ++id) changes.emplace_back(job_with(id));
  ASSERT_TRUE(run(context, commit(store, changes)));
  JobQuery query;
  query.submitter = "ann";
  query.limit = 3;
  auto found = run(context, store->jobs(query));
  ASSERT_EQ(found->size(), 3U);
  EXPECT_EQ(found->front().view.id, 9U);
  query.before = found->back().view.id;
  found = run(context, store->jobs(query));
  ASSERT_EQ(found->size(), 2U);
  EXPECT_EQ(found->back().view.id, 1U);
}

TEST_F(StoreTest, AnOldFileIsUpgradedAndACopyKept) {
  {
    auto old = sqlite::Database::open(file, sqlite::Database::Mode::read_write);
    ASSERT_TRUE(old);
    ASSERT_TRUE((*old)->script("BEGIN;" + std::string(sqlite::migration_to(1)) +
                               "PRAGMA user_version=1; PRAGMA application_id=1752461168;"
                               "INSERT INTO boards VALUES('b1','t','bad','broken pin'); COMMIT;"));
  }
  {
    auto store = open();
    const auto stored = store->load();
    ASSERT_TRUE(stored) << stored.error().text;
    ASSERT_EQ(stored->boards.size(), 1U);
    EXPECT_EQ(stored->boards[0].health_reason, "broken pin");
  }
  const auto version = [](const std::filesystem::path& path) {
    std::int64_t out = 0;
    auto database = sqlite::Database::open(path, sqlite::Database::Mode::read_write);
    EXPECT_TRUE((*database)->query("PRAGMA user_version", [&](const sqlite::Row& row) { out = row.integer(0); }));
    return out;
  };
  EXPECT_EQ(version(file), sqlite::newest_schema());
  EXPECT_EQ(version(file.string() + ".before-version-" + std::to_string(sqlite::newest_schema())), 1);
}

TEST_F(StoreTest, ANewerFileIsRefused) {
  open();
  {
    auto database = sqlite::Database::open(file, sqlite::Database::Mode::read_write);
    ASSERT_TRUE((*database)->script("PRAGMA user_version=99"));
  }
  const auto refused = open_sqlite_store({file, context.get_executor()});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().blame, Blame::configuration);
  EXPECT_NE(refused.error().text.find("newer hilltop (schema 99"), std::string::npos) << refused.error().text;
}

TEST_F(StoreTest, AFileOfSomebodyElseIsRefused) {
  {
    auto database = sqlite::Database::open(file, sqlite::Database::Mode::read_write);
    ASSERT_TRUE((*database)->script("CREATE TABLE other(x)"));
  }
  const auto refused = open_sqlite_store({file, context.get_executor()});
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().text.find("is not a database of hilltop"), std::string::npos);
}

/// The child: stores jobs as fast as it can, and says the number of each on `out` once it is acknowledged.
[[noreturn]] void submit_until_killed(const std::filesystem::path& file, std::uint64_t first, int out) {
  asio::io_context context{1};
  auto store = open_sqlite_store({file, context.get_executor()});
  if (!store) ::_exit(9);
  auto work = asio::make_work_guard(context);
  std::uint64_t next = first;
  std::function<void()> submit = [&] {
    const auto id = next++;
    (*store)->write({job_with(id, std::string(2000, 'x'))}, [&, id](Result<> result) {
      if (!result || ::write(out, &id, sizeof id) != sizeof id) ::_exit(8);
      submit();
    });
  };
  for (int parallel = 0; parallel < 20; ++parallel) submit();
  context.run();
  ::_exit(7);
}

TEST_F(StoreTest, EveryAcknowledgedSubmissionOutlivesKill9) {
  std::mt19937 random(42);
  std::set<std::uint64_t> acknowledged;
  for (int round = 0; round < 8; ++round) {
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    const std::uint64_t first = 1 + static_cast<std::uint64_t>(round) * 1'000'000;
    const auto child = ::fork();
    if (child == 0) submit_until_killed(file, first, ends[1]);
    ::close(ends[1]);
    // Killed after a random number of acknowledgements: in the middle of whatever it does then.
    const auto wanted = 1 + random() % 200;
    std::uint64_t id = 0;
    for (unsigned n = 0; n < wanted && ::read(ends[0], &id, sizeof id) == sizeof id; ++n) acknowledged.insert(id);
    ::kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "it ended by itself: " << WEXITSTATUS(status);
    while (::read(ends[0], &id, sizeof id) == sizeof id) acknowledged.insert(id);
    ::close(ends[0]);
  }
  auto store = open();
  EXPECT_GT(acknowledged.size(), 8U);
  for (const auto id : acknowledged) {
    ASSERT_TRUE(store->job_now(id)) << "job " << id << " was acknowledged and is lost";
    ASSERT_EQ(run(context, store->definition(id))->size(), 2000U);
  }
}

}  // namespace
}  // namespace hilltop::controller
