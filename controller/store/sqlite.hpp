// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sqlite3.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "drivers/core/clock.hpp"
#include "drivers/core/result.hpp"

namespace hilltop::controller::sqlite {

/// The current row of a query. Columns count from 0.
class Row {
 public:
  explicit Row(sqlite3_stmt* statement) : statement_(statement) {}
  [[nodiscard]] std::string text(int column) const;
  [[nodiscard]] std::int64_t integer(int column) const { return sqlite3_column_int64(statement_, column); }
  [[nodiscard]] std::uint64_t number(int column) const { return static_cast<std::uint64_t>(integer(column)); }
  [[nodiscard]] bool flag(int column) const { return integer(column) != 0; }
  [[nodiscard]] bool is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
  [[nodiscard]] std::optional<std::uint64_t> maybe_number(int column) const;
  [[nodiscard]] std::optional<double> maybe_real(int column) const;
  [[nodiscard]] UtcTime time(int column) const { return UtcTime(std::chrono::microseconds(integer(column))); }

 private:
  sqlite3_stmt* statement_;
};

/// One connection with its prepared statements, each made at first use and kept.
/// Thread: one at a time.
class Database {
 public:
  enum class Mode : std::uint8_t { read_write, read_only };
  /// Errors: unavailable (infrastructure) naming the file.
  static Result<std::unique_ptr<Database>> open(const std::filesystem::path& file, Mode mode);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// Runs a script of several statements without parameters.
  Result<> script(const std::string& sql);

  /// Runs one statement. `sql` must be a literal: its address is the key of the prepared statement.
  template <class... Args>
  Result<> run(const char* sql, const Args&... args) {
    return query(sql, [](const Row&) {}, args...);
  }

  /// Calls `on_row` for each row.
  template <class OnRow, class... Args>
  Result<> query(const char* sql, OnRow&& on_row, const Args&... args) {
    HILLTOP_TRY(auto* statement, prepare(sql));
    int index = 0;
    (bind(statement, ++index, args), ...);
    return step_all(statement, on_row);
  }

 private:
  explicit Database(sqlite3* handle) : handle_(handle) {}
  Result<sqlite3_stmt*> prepare(const char* sql);
  Result<> step_all(sqlite3_stmt* statement, const std::function<void(const Row&)>& on_row);
  [[nodiscard]] Error last_error(std::string_view what) const;

  static void bind(sqlite3_stmt* s, int i, std::string_view value) {
    sqlite3_bind_text64(s, i, value.data() ? value.data() : "", value.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
  }
  static void bind(sqlite3_stmt* s, int i, const std::string& value) { bind(s, i, std::string_view(value)); }
  static void bind(sqlite3_stmt* s, int i, const char* value) { bind(s, i, std::string_view(value)); }
  template <std::integral T>
  static void bind(sqlite3_stmt* s, int i, T value) {
    sqlite3_bind_int64(s, i, static_cast<sqlite3_int64>(value));
  }
  static void bind(sqlite3_stmt* s, int i, double value) { sqlite3_bind_double(s, i, value); }
  static void bind(sqlite3_stmt* s, int i, std::chrono::seconds value) { sqlite3_bind_int64(s, i, value.count()); }
  static void bind(sqlite3_stmt* s, int i, UtcTime value) {
    sqlite3_bind_int64(s, i, value.time_since_epoch().count());
  }
  template <class T>
  static void bind(sqlite3_stmt* s, int i, const std::optional<T>& value) {
    value ? bind(s, i, *value) : static_cast<void>(sqlite3_bind_null(s, i));
  }

  sqlite3* handle_;
  std::unordered_map<const char*, sqlite3_stmt*> statements_;
};

}  // namespace hilltop::controller::sqlite
