// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <memory>

#include "boards/board_type.hpp"
#include "boards/console/expect.hpp"

namespace hilltop::boards {

/// Tells whether a board has been waiting at its boot loader's prompt for the type's `rest_after`: nothing said, and
/// the last words are a loader's prompt. A board that computes in silence is none of these. Thread: of the coroutine
/// that uses it.
class IdleWatch {
 public:
  /// Errors: bad_input (configuration) for a prompt that is no pattern, which the type's reader has refused already.
  static Result<std::shared_ptr<IdleWatch>> make(const BoardType& type);

  static Task<bool> waits_at_prompt(std::shared_ptr<IdleWatch> self, std::shared_ptr<Console> console);
  /// Somebody typed: the time begins anew.
  void awake() { since_ = std::chrono::steady_clock::now(); }

 private:
  using Time = std::chrono::steady_clock::time_point;

  PatternSet prompts_;
  std::chrono::milliseconds rest_after_{0};
  std::uint64_t end_ = 0;
  Time since_{};
  std::optional<bool> at_prompt_;  // of the words before end_; nothing: not looked at yet
};

}  // namespace hilltop::boards
