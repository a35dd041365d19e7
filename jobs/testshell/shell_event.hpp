// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "jobs/definition/job_definition.hpp"
#include "jobs/testshell/signals.hpp"

namespace hilltop::jobs::testshell {

/// What a signal means.
struct ShellEvent {
  enum class Kind : std::uint8_t {
    run_started,    ///< id, uuid
    run_ended,      ///< id, uuid, number: how many results its scripts reported
    case_started,   ///< id
    case_ended,     ///< id
    case_reported,  ///< id, result, measurement, units, number: which of the run's results it is
    set_started,    ///< id
    set_stopped,
    reference,       ///< id, result, text: the URL
    raised,          ///< text
    feedback,        ///< id: whose console
    event,           ///< text
    install_failed,  ///< id ("" from other scripts), status
    test_ran,        ///< id, status: of its run.sh
    runner_ended,    ///< EXIT
    shell_back,      ///< status: of the runner; the shell that started it says so
    unknown,         ///< text: a signal that nothing here knows
    malformed,       ///< text: what was said, and what is wrong with it
  };
  Kind kind = Kind::unknown;
  std::string id, uuid, text, units;
  CaseResult result = CaseResult::unknown;
  std::optional<double> measurement;
  std::optional<std::uint64_t> number;
  int status = 0;
  std::uint64_t begin = 0, end = 0;  ///< in the console
};

/// Reads a signal (LAVA 3.1). Never fails: what is wrong is `malformed`.
[[nodiscard]] ShellEvent interpret(const Signal& signal);

}  // namespace hilltop::jobs::testshell
