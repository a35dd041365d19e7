// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "controller/store/sqlite_rows.hpp"

namespace hilltop::controller::sqlite {
namespace {

#define HILLTOP_LEASE_COLUMNS \
  "id,state,owner,project,wanted,tags,board,job,priority,created,started,ends,ended,end_reason,duration_s"

LeaseView lease_of(const Row& row) {
  LeaseView out;
  out.id = row.number(0);
  out.state = lease_state_from(row.text(1)).value_or(LeaseState::ended);
  out.owner = row.text(2);
  out.project = row.text(3);
  out.wanted = row.text(4);
  out.tags = words_from_json(row.text(5));
  out.board = row.text(6);
  out.job = row.maybe_number(7);
  out.priority = static_cast<std::uint32_t>(row.number(8));
  out.created = row.time(9);
  out.started = row.time(10);
  out.ends = row.time(11);
  out.ended = row.time(12);
  out.end_reason = row.text(13);
  out.duration = std::chrono::seconds(row.integer(14));
  return out;
}

}  // namespace

Result<> apply(Database& database, const PutLease& change) {
  const auto& l = change.lease;
  return database.run("INSERT OR REPLACE INTO leases(" HILLTOP_LEASE_COLUMNS ") VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)",
                      l.id, to_string(l.state), l.owner, l.project, l.wanted, words_to_json(l.tags), l.board, l.job,
                      l.priority, l.created, l.started, l.ends, l.ended, l.end_reason, l.duration);
}

Result<> apply(Database& database, const PutBoard& change) {
  const auto& b = change.board;
  return database.run("INSERT OR REPLACE INTO boards(name,type,health,health_reason) VALUES(?,?,?,?)", b.name, b.type,
                      to_string(b.health), b.health_reason);
}

Result<std::vector<LeaseView>> open_leases(Database& database) {
  std::vector<LeaseView> out;
  HILLTOP_CHECK(database.query("SELECT " HILLTOP_LEASE_COLUMNS " FROM leases WHERE state<>'ended' ORDER BY id",
                               [&](const Row& row) { out.push_back(lease_of(row)); }));
  return out;
}

Result<std::vector<LeaseView>> ended_leases(Database& database, std::size_t limit) {
  std::vector<LeaseView> out;
  HILLTOP_CHECK(database.query(
      "SELECT " HILLTOP_LEASE_COLUMNS " FROM leases WHERE state='ended' ORDER BY id DESC LIMIT ?",
      [&](const Row& row) { out.push_back(lease_of(row)); }, limit));
  return out;
}

Result<LeaseView> find_lease(Database& database, std::uint64_t id) {
  std::optional<LeaseView> out;
  HILLTOP_CHECK(database.query(
      "SELECT " HILLTOP_LEASE_COLUMNS " FROM leases WHERE id=?", [&](const Row& row) { out = lease_of(row); }, id));
  if (!out) return Error(Errc::not_found, Blame::job, fmt::format("there is no lease {}", id));
  return *std::move(out);
}

Result<std::vector<BoardRecord>> all_boards(Database& database) {
  std::vector<BoardRecord> out;
  HILLTOP_CHECK(database.query("SELECT name,type,health,health_reason FROM boards", [&](const Row& row) {
    out.push_back(
        {row.text(0), row.text(1), board_health_from(row.text(2)).value_or(BoardHealth::unknown), row.text(3)});
  }));
  return out;
}

}  // namespace hilltop::controller::sqlite
