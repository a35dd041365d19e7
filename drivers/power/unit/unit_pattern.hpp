// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "drivers/core/result.hpp"

namespace hilltop::drivers::unit {

/// A POSIX extended regular expression. What a unit says is not trusted: glibc's matcher neither recurses with the
/// length of the text nor tries alternatives again and again; its time may grow with the square of the length, so that
/// only the first 32 KiB are looked at. Source: regex(7), regexec(3) (REG_STARTEND).
class Pattern {
 public:
  struct Match {
    std::size_t end = 0;  ///< behind the match
    std::string text;     ///< its first group; the whole match where the expression has none
  };
  /// Errors: bad_input (configuration) for an expression that is none.
  static Result<Pattern> compile(const std::string& expression);
  /// The first match in `text`, which may hold any byte.
  [[nodiscard]] std::optional<Match> find(std::string_view text) const;

 private:
  struct Compiled;
  std::shared_ptr<const Compiled> compiled_;
};

}  // namespace hilltop::drivers::unit
