// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace hilltop::cli {

enum class LogFormat : unsigned char {
  text,   ///< "10:22:33.123 target  hello": for people
  jsonl,  ///< as the server stores it
  lava,   ///< a YAML list of one-line maps, as LAVA's clients read it
};

/// Turns a job's log, a JSON object a line {"n","dt","lvl","msg","ns"?}, into the wanted format. Pieces may break
/// anywhere. A line whose number was seen already is left out: a stream may be taken up again a little too early.
class LogLines {
 public:
  LogLines(LogFormat format, bool color) : format_(format), color_(color) {}

  /// The whole lines of `piece`, formatted.
  [[nodiscard]] std::string take(std::string_view piece);
  /// What is left without a line end, formatted: at the end of a message or of the log.
  [[nodiscard]] std::string rest();
  /// Leaves out what comes before line `number`.
  void skip_to(std::uint64_t number) { next_ = number; }
  /// The number of the line that is wanted next.
  [[nodiscard]] std::uint64_t next() const { return next_; }
  /// {"end":true} was read.
  [[nodiscard]] bool ended() const { return ended_; }

 private:
  [[nodiscard]] std::string line(const std::string& json);
  LogFormat format_;
  bool color_;
  bool ended_ = false;
  std::uint64_t next_ = 1;
  std::string pending_;
};

}  // namespace hilltop::cli
