// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <iosfwd>
#include <istream>
#include <memory>
#include <optional>
#include <ostream>
#include <string>

#include "web/cli/api.hpp"
#include "web/cli/exit_code.hpp"
#include "web/cli/table.hpp"
#include "web/cli/terminal.hpp"

namespace hilltop::cli {

/// The options that every command takes.
struct Globals {
  std::string server, token, ca_file;
  std::string color = "auto";
  bool json = false;
  bool quiet = false;
};

/// Where the program and its data are.
struct Places {
  std::filesystem::path program;    ///< this executable
  std::filesystem::path types_dir;  ///< board types, for offline commands
  std::filesystem::path rules_dir;
  std::string version;
};

/// What a command works with: options, streams, and the server when it needs it.
class Context {
 public:
  Context(std::ostream& o, std::ostream& e, std::istream& i, Places p) : out(o), err(e), in(i), places(std::move(p)) {}

  Globals globals;
  std::ostream& out;
  std::ostream& err;
  std::istream& in;
  Places places;
  Screen screen;
  std::function<void()> before_note;  ///< takes a table that moves off the screen
  std::function<int()> action;        ///< the command that was named, with its options

  /// The server, found by options, environment and config file. Errors: a config file that cannot be read.
  Result<Api*> api();

  /// Prints the error ("hilltop: ...") on standard error. Value: its exit code.
  int fail(const Error& error);
  /// Prints a note on standard error, unless --quiet.
  void note(const std::string& text);
  /// Prints a table as wide as the terminal; of any width when standard output is none.
  void print(const Table& table, bool header = true);
  /// Prints JSON, indented, with one key a line.
  void print(const Json& json);

 private:
  std::unique_ptr<Api> api_;
};

/// A string member of an object; numbers and booleans as text; "" for null, others and where it is absent.
[[nodiscard]] std::string text_at(const Json& object, const std::string& key);
[[nodiscard]] std::uint64_t number_at(const Json& object, const std::string& key);
/// The strings of a list member, joined.
[[nodiscard]] std::string joined_at(const Json& object, const std::string& key, const std::string& between = ", ");

/// "3 min ago", "in 12 min", "" for no time: from an RFC 3339 text.
[[nodiscard]] std::string ago(const std::string& rfc3339);
/// Seconds since that time (or until `end`, when given); 0 without a time.
[[nodiscard]] double seconds_between(const std::string& begin, const std::string& end);
/// "1:05", "12.3 s": short, for tables that move.
[[nodiscard]] std::string short_seconds(double seconds);

[[nodiscard]] Style style_of_verdict(const std::string& verdict);
[[nodiscard]] Style style_of_health(const std::string& health);

}  // namespace hilltop::cli
