// SPDX-License-Identifier: Apache-2.0
#include "controller/store/sqlite_rows.hpp"

namespace hilltop::controller::sqlite {

Result<> apply(Database& database, const AddEvent& change) {
  const auto& e = change.event;
  return database.run("INSERT INTO events(seq,time,kind,subject,data) VALUES(?,?,?,?,?)", e.seq, e.time, e.kind,
                      e.subject, e.data);
}

Result<> apply(Database& database, const AddAudit& change) {
  return database.run("INSERT INTO audit(time,user,action,subject,detail) VALUES(?,?,?,?,?)", change.time, change.user,
                      change.action, change.subject, change.detail);
}

Result<> apply(Database& database, const PutUser& change) {
  HILLTOP_CHECK(database.run("INSERT OR IGNORE INTO users(name,created) VALUES(?,?)", change.user, utc_now()));
  HILLTOP_CHECK(database.run("INSERT OR IGNORE INTO projects(name) VALUES(?)", change.project));
  return database.run("INSERT OR REPLACE INTO roles(user,project,role) VALUES(?,?,?)", change.user, change.project,
                      to_string(change.role));
}

Result<> apply(Database& database, const PutMember& change) {
  HILLTOP_CHECK(database.run("INSERT OR IGNORE INTO users(name,created) VALUES(?,?)", change.user, utc_now()));
  HILLTOP_CHECK(database.run("INSERT OR IGNORE INTO groups(name) VALUES(?)", change.group));
  return database.run("INSERT OR IGNORE INTO memberships(user,grp) VALUES(?,?)", change.user, change.group);
}

Result<> apply(Database& database, const PutToken& change) {
  const auto& t = change.token.view;
  return database.run(
      "INSERT OR REPLACE INTO tokens(id,hash,user,name,project,role,created,expires,last_used,revoked)"
      " VALUES(?,?,?,?,?,?,?,?,?,?)",
      t.id, change.token.hash, t.user, t.name, t.project, to_string(t.role), t.created, t.expires, t.last_used,
      t.revoked);
}

Result<std::vector<FarmEvent>> find_events(Database& database, std::uint64_t after, std::size_t limit) {
  std::vector<FarmEvent> out;
  HILLTOP_CHECK(database.query(
      "SELECT seq,time,kind,subject,data FROM events WHERE seq>? ORDER BY seq LIMIT ?",
      [&](const Row& row) { out.push_back({row.number(0), row.time(1), row.text(2), row.text(3), row.text(4)}); },
      after, limit));
  return out;
}

Result<std::vector<TokenRecord>> all_tokens(Database& database) {
  std::vector<TokenRecord> out;
  const auto on_row = [&](const Row& row) {
    TokenRecord token;
    token.view.id = row.number(0);
    token.hash = row.text(1);
    token.view.user = row.text(2);
    token.view.name = row.text(3);
    token.view.project = row.text(4);
    token.view.role = role_from(row.text(5)).value_or(Role::viewer);
    token.view.created = row.time(6);
    token.view.expires = row.time(7);
    token.view.last_used = row.time(8);
    token.view.revoked = row.flag(9);
    out.push_back(std::move(token));
  };
  HILLTOP_CHECK(database.query(
      "SELECT id,hash,user,name,project,role,created,expires,last_used,revoked FROM tokens ORDER BY id", on_row));
  return out;
}

Result<std::vector<Membership>> all_memberships(Database& database) {
  std::vector<Membership> out;
  HILLTOP_CHECK(database.query("SELECT user,grp FROM memberships",
                               [&](const Row& row) { out.push_back({row.text(0), row.text(1)}); }));
  return out;
}

Result<std::uint64_t> largest(Database& database, const char* sql) {
  std::uint64_t out = 0;
  HILLTOP_CHECK(database.query(sql, [&](const Row& row) { out = row.number(0); }));
  return out;
}

}  // namespace hilltop::controller::sqlite
