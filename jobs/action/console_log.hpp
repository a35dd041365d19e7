// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "boards/console/console.hpp"
#include "boards/console/demux/demux.hpp"
#include "boards/console/match/line_splitter.hpp"
#include "boards/console/match/rules.hpp"
#include "jobs/action/masker.hpp"
#include "jobs/parser/ztest_summary.hpp"
#include "jobs/ports.hpp"

namespace hilltop::jobs {

/// A console line for display: escape sequences gone, control characters replaced, UTF-8 mended.
[[nodiscard]] std::string clean_for_display(std::string_view line);

/// Follows a board's console while a job runs: every line goes to the job's log, and lines that say something about the
/// run (faults, resets, summaries) are remembered with their offsets.
/// Thread: the pipeline's.
class ConsoleLog {
 public:
  /// A line that a rule found.
  struct Notable {
    std::uint64_t offset = 0;
    std::uint64_t log_line = 0;
    const boards::Rule* rule = nullptr;
    std::string text;
  };
  struct Summary {
    std::uint64_t offset = 0, end = 0;
    ZtestLine line;
  };

  ConsoleLog(asio::any_io_executor executor, std::shared_ptr<boards::Console> console, boards::RuleSet rules,
             ResultSink* sink, std::shared_ptr<const Masker> masker);

  /// Reads until it is canceled.
  static Task<> follow(std::shared_ptr<ConsoleLog> self);

  /// Waits until everything before `offset` was read and, for a short while, until the line that holds it has ended.
  static Task<> catch_up(std::shared_ptr<ConsoleLog> self, std::uint64_t offset, Deadline deadline);
  /// catch_up() for as long as there is progress: time alone does not tell that the log is stuck, for a machine that
  /// stood still let nobody read. Errors: timeout when nothing was read in two waits of its own; canceled.
  static Task<> settle(std::shared_ptr<ConsoleLog> self, std::uint64_t offset);
  /// Judges the line that has not ended as far as it came: for the end of a test.
  void judge_rest();

  /// The log line that shows the console's byte at `offset`; 0 when it is not known (any more).
  [[nodiscard]] std::uint64_t log_line_at(std::uint64_t offset) const;
  /// Rule hits of severity fault, and unexpected boot banners, in [from, to).
  [[nodiscard]] std::vector<Notable> faults(std::uint64_t from, std::uint64_t to) const;
  [[nodiscard]] std::vector<Notable> boots(std::uint64_t from, std::uint64_t to) const;
  [[nodiscard]] std::vector<Summary> summaries(std::uint64_t from, std::uint64_t to) const;

  /// The board starts anew, and what it says comes from `offset` on.
  void started_at(std::uint64_t offset);
  /// Lines in [from, to) that say again, word for word, the first line that the board said when it was started: a reset
  /// of a board whose banner no rule knows, or firmware that repeats itself. `rule` is nullptr.
  [[nodiscard]] std::vector<Notable> repeats(std::uint64_t from, std::uint64_t to) const;

  /// Called with every piece of the console as it is read, exact and in order.
  using OnBytes = std::function<void(std::string_view bytes, std::uint64_t offset, UtcTime time)>;
  void on_bytes(OnBytes handler) { on_bytes_ = std::move(handler); }

  /// What `demux` takes out of the console as text (the records of dictionary logs) is a line of its own from now on,
  /// and goes out of the lines around it.
  void take_apart(boards::demux::Demux demux);

  /// `secret` is typed where the console stands at `offset`: its echo there, or on a line of its own soon after, is not
  /// shown. For words that are no secret elsewhere.
  void secret_typed(std::string secret, std::uint64_t offset);

  void set_name_space(std::string name_space) { name_space_ = std::move(name_space); }

 private:
  class Pieces;
  static Task<> refill(std::shared_ptr<ConsoleLog> self, std::uint64_t to);
  void let_go(UtcTime time);
  void take(std::string_view bytes, std::uint64_t offset, UtcTime time);
  void line(std::string_view text, std::uint64_t offset, UtcTime time);
  [[nodiscard]] std::string display(std::string_view text, std::uint64_t offset);
  [[nodiscard]] std::string without_echo(std::string_view text, std::uint64_t offset);
  void judge(std::string_view text, std::uint64_t offset, std::uint64_t log_line);

  std::shared_ptr<boards::Console> console_;
  boards::RuleScanner rules_;
  ResultSink* sink_;
  std::shared_ptr<const Masker> masker_;
  boards::LineSplitter splitter_;
  std::unique_ptr<boards::demux::Demux> demux_;  // or null: all is text
  Event progress_;
  std::uint64_t position_;    // everything before it was read
  std::uint64_t line_begin_;  // where the line that has not ended begins
  std::string name_space_;
  std::string held_;                    // the end of a piece of a long line, where a secret may begin
  std::uint64_t held_to_ = UINT64_MAX;  // where the next piece of that line begins
  std::string typed_;                   // a secret whose echo may come; "" after a few lines
  std::uint64_t typed_at_ = 0;
  int lines_since_typed_ = 0;
  OnBytes on_bytes_;
  struct Shown {
    std::uint64_t offset, log_line;
  };
  std::deque<Shown> shown_;
  std::vector<Notable> faults_, boots_, repeats_;
  std::uint64_t started_at_ = UINT64_MAX;
  std::string first_line_;  // of the board since then
  std::vector<Summary> summaries_;
  std::uint64_t judged_partial_ = 0;  // offset + 1 of a partial line that was judged already
};

}  // namespace hilltop::jobs
