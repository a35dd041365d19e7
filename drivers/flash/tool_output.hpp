// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "drivers/flash/tool_spec.hpp"

namespace hilltop::drivers {

/// Watches what a flashing tool says: how far it is, whether it said that it succeeded, and why it failed. The same at
/// any chunk size, as far as whole lines go. Lines end in \n or \r.
class ToolOutputWatch {
 public:
  /// `spec` outlives this. `images`: how many are written in one run.
  ToolOutputWatch(const ToolSpec& spec, std::size_t images) : spec_(spec), images_(images) {}

  /// Value: how much of the run is done, 0 to 1, when that became more.
  std::optional<double> feed(std::string_view piece);
  /// What its end means. Errors: the first fault that it told of; unavailable (infrastructure) with its last lines for
  /// another status than 0, and for 0 without the line that says success.
  Result<> judge(int status);

 private:
  void take_line();
  void look_at_progress(std::optional<double>& out);

  const ToolSpec& spec_;
  std::size_t images_;
  std::string line_;
  std::string last_lines_;
  std::size_t successes_ = 0;
  const ToolSpec::Fault* fault_ = nullptr;
  std::string fault_line_;
  double part_ = 0;           // of the image that is written now
  std::size_t finished_ = 0;  // images before it
  double told_ = 0;
};

}  // namespace hilltop::drivers
