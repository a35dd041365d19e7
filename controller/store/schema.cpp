// SPDX-License-Identifier: Apache-2.0
#include "controller/store/schema.hpp"

#include <fmt/format.h>

#include <array>

#include "drivers/core/log.hpp"

namespace hilltop::controller::sqlite {
namespace {

/// "hilltop's database", in the file's header: "htop" in ASCII. Source: sqlite.org/pragma.html#pragma_application_id.
constexpr int application_id = 0x68746f70;

/// Version 1. Times are microseconds since 1970 UTC, 0 where it has not happened. Lists are JSON text.
constexpr std::string_view version_1 = R"sql(
CREATE TABLE users (name TEXT PRIMARY KEY, created INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE groups (name TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE memberships (user TEXT NOT NULL REFERENCES users(name), grp TEXT NOT NULL REFERENCES groups(name),
  PRIMARY KEY (user, grp)) WITHOUT ROWID;
CREATE TABLE projects (name TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE roles (user TEXT NOT NULL REFERENCES users(name), project TEXT NOT NULL REFERENCES projects(name),
  role TEXT NOT NULL, PRIMARY KEY (user, project)) WITHOUT ROWID;
CREATE TABLE tokens (id INTEGER PRIMARY KEY, hash TEXT NOT NULL UNIQUE, user TEXT NOT NULL REFERENCES users(name),
  name TEXT NOT NULL, project TEXT NOT NULL REFERENCES projects(name), role TEXT NOT NULL, created INTEGER NOT NULL,
  expires INTEGER NOT NULL, last_used INTEGER NOT NULL, revoked INTEGER NOT NULL);
CREATE TABLE boards (name TEXT PRIMARY KEY, type TEXT NOT NULL, health TEXT NOT NULL, health_reason TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE jobs (id INTEGER PRIMARY KEY, name TEXT NOT NULL, project TEXT NOT NULL, submitter TEXT NOT NULL,
  board_type TEXT NOT NULL, board TEXT NOT NULL, state TEXT NOT NULL, priority INTEGER NOT NULL, attempt INTEGER NOT NULL,
  submitted INTEGER NOT NULL, started INTEGER NOT NULL, finished INTEGER NOT NULL,
  verdict TEXT NOT NULL, blame TEXT NOT NULL, reason TEXT NOT NULL,
  tags TEXT NOT NULL, is_public INTEGER NOT NULL, viewing_groups TEXT NOT NULL, lease INTEGER, rerun_of INTEGER,
  cases INTEGER NOT NULL, passed INTEGER NOT NULL, failed INTEGER NOT NULL,
  file_name TEXT NOT NULL, pin_board TEXT NOT NULL, pin_worker TEXT NOT NULL, avoid_board TEXT NOT NULL,
  max_attempts INTEGER NOT NULL, job_timeout_s INTEGER NOT NULL, queue_timeout_s INTEGER NOT NULL);
CREATE INDEX jobs_open ON jobs(id) WHERE state <> 'finished';
CREATE TABLE definitions (job INTEGER PRIMARY KEY, text TEXT NOT NULL);
CREATE TABLE leases (id INTEGER PRIMARY KEY, state TEXT NOT NULL, owner TEXT NOT NULL, project TEXT NOT NULL,
  wanted TEXT NOT NULL, tags TEXT NOT NULL, board TEXT NOT NULL, job INTEGER, priority INTEGER NOT NULL,
  created INTEGER NOT NULL, started INTEGER NOT NULL, ends INTEGER NOT NULL, ended INTEGER NOT NULL,
  end_reason TEXT NOT NULL, duration_s INTEGER NOT NULL);
CREATE INDEX leases_open ON leases(id) WHERE state <> 'ended';
CREATE TABLE test_cases (job INTEGER NOT NULL, number INTEGER NOT NULL, suite TEXT NOT NULL, name TEXT NOT NULL,
  result TEXT NOT NULL, measurement REAL, units TEXT NOT NULL, duration_s REAL, line INTEGER NOT NULL,
  message TEXT NOT NULL, PRIMARY KEY (job, number)) WITHOUT ROWID;
CREATE TABLE events (seq INTEGER PRIMARY KEY, time INTEGER NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL,
  data TEXT NOT NULL);
CREATE TABLE audit (id INTEGER PRIMARY KEY, time INTEGER NOT NULL, user TEXT NOT NULL, action TEXT NOT NULL,
  subject TEXT NOT NULL, detail TEXT NOT NULL);
)sql";

/// Version 2: lists of jobs by board and by submitter do not read the whole table.
constexpr std::string_view version_2 = R"sql(
CREATE INDEX jobs_by_board ON jobs(board, id);
CREATE INDEX jobs_by_submitter ON jobs(submitter, id);
)sql";

constexpr std::array<std::string_view, 2> migrations = {version_1, version_2};

Result<std::int64_t> pragma(Database& database, const char* sql) {
  std::int64_t value = 0;
  HILLTOP_CHECK(database.query(sql, [&](const Row& row) { value = row.integer(0); }));
  return value;
}

/// A consistent copy, whatever the write-ahead log holds. A copy that a failed upgrade left behind is as good: kept.
Result<> back_up(Database& database, const std::filesystem::path& file, int version) {
  const auto copy = fmt::format("{}.before-version-{}", file.string(), newest_schema());
  if (std::filesystem::exists(copy)) return ok();
  log::info("store: schema {} is upgraded to {}; a copy is kept in {}", version, newest_schema(), copy);
  return database.run("VACUUM INTO ?", copy).within("copy before the upgrade");
}

}  // namespace

int newest_schema() noexcept { return static_cast<int>(migrations.size()); }

std::string_view migration_to(int version) noexcept { return migrations.at(static_cast<std::size_t>(version) - 1); }

Result<> upgrade(Database& database, const std::filesystem::path& file) {
  HILLTOP_TRY(const auto id, pragma(database, "PRAGMA application_id"));
  HILLTOP_TRY(const auto version, pragma(database, "PRAGMA user_version"));
  HILLTOP_TRY(const auto tables, pragma(database, "SELECT count(*) FROM sqlite_schema"));
  if (id != application_id && (tables > 0 || version > 0))
    return Error(Errc::unsupported, Blame::configuration,
                 fmt::format("{} is not a database of hilltop", file.string()));
  if (version > newest_schema())
    return Error(
        Errc::unsupported, Blame::configuration,
        fmt::format("{} was written by a newer hilltop (schema {}; this one knows up to {}): install that version, "
                    "or go back to the copy that it made before its upgrade",
                    file.string(), version, newest_schema()));
  if (version > 0 && version < newest_schema()) HILLTOP_CHECK(back_up(database, file, static_cast<int>(version)));
  for (int next = static_cast<int>(version) + 1; next <= newest_schema(); ++next) {
    auto done = database.script(fmt::format("BEGIN IMMEDIATE;{}PRAGMA user_version={};PRAGMA application_id={};COMMIT;",
                                            migration_to(next), next, application_id));
    if (!done) return std::move(done).within(fmt::format("upgrade of {} to schema {}", file.string(), next));
  }
  return ok();
}

}  // namespace hilltop::controller::sqlite
