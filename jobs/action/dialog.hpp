// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "boards/console/expect.hpp"
#include "jobs/action/job_run.hpp"
#include "jobs/parser/echo.hpp"

namespace hilltop::jobs {

/// What a dialog waits for. The first match by position wins, then prompts before others, then list order.
struct Awaited {
  boards::PatternSet prompts;  ///< count only after what was typed: an old prompt is no answer
  boards::PatternSet others;   ///< anywhere since the last match, as pexpect has it
};

struct DialogMatch {
  bool is_prompt = false;
  std::size_t index = 0;
  std::uint64_t begin = 0, end = 0;  ///< offsets in the console
  std::string text;
  std::map<std::string, std::string> groups;
  std::string echo;  ///< the echo that stood before or after it, "" when none was seen
};

/// Types to a board and waits for its answers; knows what was typed, and never takes its echo for an answer.
/// Thread: the pipeline's.
class Dialog {
 public:
  using Match = DialogMatch;

  /// Begins at the run's cursor, and moves it.
  explicit Dialog(std::shared_ptr<JobRun> run);

  /// Types `text` and Return. `secret`: the log shows that something was typed, not what.
  Task<> type(std::string text, bool secret, Deadline deadline);

  /// The next match. Errors: timeout (dut); canceled; those of Console::read and PatternSet::search. Nothing is
  /// consumed then.
  Task<DialogMatch> expect(Awaited awaited, Deadline deadline);

  /// Whether any byte came since `type` or, before it, since this dialog began.
  [[nodiscard]] bool heard_anything() const { return run_->console->end() > heard_from_; }
  /// The echo in what has not been consumed.
  [[nodiscard]] std::string echo() const;
  [[nodiscard]] std::string tail(std::size_t max = 200) const;

 private:
  Result<std::optional<DialogMatch>> look(const Awaited& awaited, bool quiet);
  [[nodiscard]] EchoSpan echo_span() const;
  void consume(std::uint64_t end);
  Task<bool> read_more(Deadline deadline);

  std::shared_ptr<JobRun> run_;
  std::string buffer_;
  std::uint64_t position_;  // of buffer_[0]
  std::uint64_t heard_from_;
  std::string typed_;           // its echo may still come
  std::uint64_t typed_at_ = 0;  // where the console stood then
  bool secret_ = false;         // it is not for the log
};

}  // namespace hilltop::jobs
