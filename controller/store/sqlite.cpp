// SPDX-License-Identifier: Apache-2.0
#include "controller/store/sqlite.hpp"

#include <fmt/format.h>

namespace hilltop::controller::sqlite {

std::string Row::text(int column) const {
  const auto* begin = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  if (begin == nullptr) return {};
  return {begin, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

std::optional<std::uint64_t> Row::maybe_number(int column) const {
  if (is_null(column)) return std::nullopt;
  return number(column);
}

std::optional<double> Row::maybe_real(int column) const {
  if (is_null(column)) return std::nullopt;
  return sqlite3_column_double(statement_, column);
}

Result<std::unique_ptr<Database>> Database::open(const std::filesystem::path& file, Mode mode) {
  sqlite3* handle = nullptr;
  const int flags = SQLITE_OPEN_NOMUTEX |
                    (mode == Mode::read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  const int rc = sqlite3_open_v2(file.c_str(), &handle, flags, nullptr);
  std::unique_ptr<Database> database(new Database(handle));
  if (rc != SQLITE_OK) return database->last_error(fmt::format("cannot open {}", file.string()));
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_timeout(handle, 5000);
  return database;
}

Database::~Database() {
  for (auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close(handle_);
}

Result<> Database::script(const std::string& sql) {
  if (sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) return last_error("database");
  return ok();
}

Result<sqlite3_stmt*> Database::prepare(const char* sql) {
  auto& statement = statements_[sql];
  if (statement == nullptr &&
      sqlite3_prepare_v3(handle_, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr) != SQLITE_OK)
    return last_error("database");
  return statement;
}

Result<> Database::step_all(sqlite3_stmt* statement, const std::function<void(const Row&)>& on_row) {
  int rc = sqlite3_step(statement);
  for (; rc == SQLITE_ROW; rc = sqlite3_step(statement)) on_row(Row(statement));
  // The error's text must be read before the reset, which overwrites it.
  Result<> out = ok();
  if (rc != SQLITE_DONE) out = last_error("database");
  sqlite3_reset(statement);
  sqlite3_clear_bindings(statement);
  return out;
}

Error Database::last_error(std::string_view what) const {
  const auto code = sqlite3_errcode(handle_) & 0xff;
  const auto kind =
      code == SQLITE_CANTOPEN || code == SQLITE_BUSY || code == SQLITE_FULL ? Errc::unavailable : Errc::io;
  return {kind, Blame::infrastructure, fmt::format("{}: {}", what, sqlite3_errmsg(handle_))};
}

}  // namespace hilltop::controller::sqlite
