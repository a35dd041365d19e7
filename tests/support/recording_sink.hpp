// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "jobs/ports.hpp"

namespace hilltop::test {

/// A ResultSink that keeps everything.
class RecordingSink final : public jobs::ResultSink {
 public:
  struct Action {
    std::string level, name;
    bool ended = false, ok = false;
  };

  std::uint64_t log(jobs::LogLine line) override {
    lines.push_back(line);
    if (on_log) on_log(line);
    return lines.size();
  }
  void result(jobs::TestCase test_case) override { cases.push_back(std::move(test_case)); }
  void action_started(std::string_view level, std::string_view name) override {
    actions.push_back({std::string(level), std::string(name)});
    if (on_action) on_action(name);
  }
  void action_ended(std::string_view level, std::string_view name, bool ok, double) override {
    actions.push_back({std::string(level), std::string(name), true, ok});
  }

  /// The lines of one level.
  [[nodiscard]] std::vector<std::string> texts(jobs::LogLevel level) const {
    std::vector<std::string> out;
    for (const auto& line : lines)
      if (line.level == level) out.push_back(line.text);
    return out;
  }
  [[nodiscard]] bool says(std::string_view text) const {
    return std::ranges::any_of(lines, [&](const auto& line) { return line.text.contains(text); });
  }
  /// "suite/name=result" of all cases that are not in suite `lava`, in order.
  [[nodiscard]] std::vector<std::string> checks() const {
    std::vector<std::string> out;
    for (const auto& one : cases)
      if (one.suite != "lava") out.push_back(one.suite + "/" + one.name + "=" + std::string(to_string(one.result)));
    return out;
  }

  std::vector<jobs::LogLine> lines;
  std::vector<jobs::TestCase> cases;
  std::vector<Action> actions;
  std::function<void(const jobs::LogLine&)> on_log;
  std::function<void(std::string_view)> on_action;
};

}  // namespace hilltop::test
