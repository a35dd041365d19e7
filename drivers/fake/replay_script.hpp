// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <regex>
#include <string>
#include <vector>

#include "drivers/core/node.hpp"

namespace hilltop::drivers {

/// What a board of driver `replay` does, played from its first step at each power-on and reset. A script is a list of
/// steps, or a map:
///   fail_power_on: 1          # the first power-on fails (unavailable)
///   read_back_wrong: 1        # after the first switch, the power's state reads as its opposite
///   fail_flash: 1             # the first flashing fails: its read-back differs (mismatch)
///   steps: [...]
/// A step is a map with one of these:
///   {say: "text\r\n"}         # YAML's escapes in double quotes; repeat: 3 says it three times
///   {say_base64: AAE=}        # bytes
///   {say_file: boot.log}      # a recorded console; a relative name is beside the file that names it
///   {expect: "reg.*ex"}       # waits until what was typed holds it (ECMAScript); goes on behind the match
///   {flood: {lines: 100000}}  # numbered lines: "flood 0\r\n", "flood 1\r\n", ...; text: other words than "flood"
///   {echo: true}              # from now on what is typed is said again; false: no more
///   {wait: true}              # nothing: for its after_ms
///   {silent: true}            # says nothing more, and stays powered; so does the end of the script
///   {die: "reason"}           # power is lost
///   {repeat: 0, steps: [...]} # plays steps again and again; 0: for ever
/// and may have:
///   after_ms: 20              # waits first
///   boot: 2                   # plays at the second power-on or reset only
struct ReplayStep {
  enum class Kind : std::uint8_t { say, expect, flood, echo, wait, silent, die, repeat };
  Kind kind = Kind::wait;
  std::chrono::milliseconds after{0};
  std::optional<std::uint64_t> boot;
  std::string text;                         ///< of say, flood, die
  std::uint64_t count = 1;                  ///< of say, flood, repeat
  bool on = false;                          ///< of echo
  std::shared_ptr<const std::regex> typed;  ///< of expect
  std::vector<ReplayStep> steps;            ///< of repeat
};

struct ReplayScript {
  std::uint64_t fail_power_on = 0;
  std::uint64_t read_back_wrong = 0;
  std::uint64_t fail_flash = 0;
  std::vector<ReplayStep> steps;
};

/// Reads `script` of an address: inline, or the name of a YAML file. Complaints, with places, go to `diagnostics`.
[[nodiscard]] ReplayScript read_replay_script(const Node& script, Diagnostics& diagnostics);

}  // namespace hilltop::drivers
