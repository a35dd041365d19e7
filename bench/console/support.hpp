// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// What the programs of the console benchmark share. They are driven by console_bench.py: arguments are `--name value`,
/// a program that waits says "ready" on its standard output, is told "go" and "stop" on its standard input, and ends
/// with one line of JSON.
namespace hilltop::bench {

/// The arguments `--name value`; a wrong one ends the program with a message.
class Arguments {
 public:
  Arguments(int argc, char** argv);
  [[nodiscard]] bool has(const std::string& name) const { return values_.contains(name); }
  [[nodiscard]] std::string text(const std::string& name, const std::string& otherwise = "") const;
  [[nodiscard]] std::uint64_t number(const std::string& name, std::uint64_t otherwise) const;

 private:
  std::map<std::string, std::string> values_;
};

/// Ends the program: "NAME: errno's text".
[[noreturn]] void fail(const std::string& what);

[[nodiscard]] std::string read_file(const std::string& path);
/// Name and pattern, a line each, a tab between; lines that begin with # are comments.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> read_patterns(const std::string& path);
/// `count` prompts of boards of a farm, as a lab's job definitions have them.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> board_prompts(std::size_t count);

/// Seconds of CPU: of this thread; of this process; of each of its threads by its number, which grows with each thread.
[[nodiscard]] double thread_cpu();
[[nodiscard]] double process_cpu();
[[nodiscard]] std::map<int, double> cpu_by_thread();
[[nodiscard]] std::uint64_t monotonic_ns();
/// Resident memory of this process, in MB (10^6 bytes).
[[nodiscard]] double resident_mb();

/// Waits for a line on standard input: that line, or "" at its end.
[[nodiscard]] std::string wait_for_word();
/// Prints one line and flushes it.
void say(const std::string& line);

/// The path of board `index`'s terminal in `dir`.
[[nodiscard]] std::string board_path(const std::string& dir, std::size_t index);
/// "b000" and so on.
[[nodiscard]] std::string board_name(std::size_t index);
/// Opens a terminal (path of a tty) raw and non-blocking.
[[nodiscard]] int open_terminal(const std::string& path);

[[nodiscard]] std::string sha256_hex(std::string_view bytes);

}  // namespace hilltop::bench
