// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cmath>

#include "jobs/definition/parts.hpp"

namespace hilltop::jobs::reading {
namespace {

using std::chrono::nanoseconds;

struct Unit {
  std::string_view name;
  double seconds;
};
constexpr std::array<Unit, 4> units = {{{"days", 86400}, {"hours", 3600}, {"minutes", 60}, {"seconds", 1}}};
constexpr double longest_days = 3650;

/// "5 minutes" and the like, written as a text or a bare number: what the writer meant.
std::string meant(const Node& node) {
  return node.as_number() ? "write {seconds: " + node.text() + "}" : "write {minutes: 5}";
}

std::optional<double> read_amount(const Node& node, const Unit& unit, const std::string& what, Diagnostics& out) {
  const auto amount = node.kind() == Node::Kind::boolean ? std::nullopt : node.as_number();
  if (!amount) {
    wrong_type(node, what, "a number", out);
    return {};
  }
  if (!std::isfinite(*amount) || *amount < 1 || *amount * unit.seconds > longest_days * 86400) {
    out.error(node.place(), what + ": " + node.text() + " is out of range", "at least 1, and at most ten years");
    return {};
  }
  return *amount * unit.seconds;
}

void check_not_longer(const TimeoutSpec& timeout, const std::string& what, const TimeoutSpec& job, Diagnostics& out) {
  if (timeout.value > job.value)
    out.error(timeout.place, what + " is longer than the whole job may take",
              "timeouts job is on line " + std::to_string(job.place.line));
}

bool is_action_name(std::string_view name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) { return (c >= 'a' && c <= 'z') || c == '-'; });
}

}  // namespace

std::optional<TimeoutSpec> read_timeout(const Node& node, const std::string& what, Place key_place, Diagnostics& out) {
  if (node && node.is_scalar() && !node.is_null()) {
    out.error(node.place(), what + ": expected a map, not " + std::string(node.kind_name()), meant(node));
    return {};
  }
  MapReader map(node, what, out);
  if (!map.is_map()) return {};
  TimeoutSpec timeout{.place = std::move(key_place)};
  timeout.skip = map.boolean("skip").value_or(false);
  double seconds = 0;
  std::size_t given = 0;
  bool good = true;
  for (const Unit& unit : units) {
    const Node amount = map.take(unit.name);
    if (!amount) continue;
    ++given;
    const auto one = read_amount(amount, unit, map.name_of(unit.name), out);
    good = good && one;
    seconds += one.value_or(0);
  }
  const bool misspelled = map.finish() > 0;
  if (given == 0 && !misspelled)
    out.error(node.place(), what + ": no time is given", "one of days, hours, minutes or seconds");
  if (given > 1)
    out.warning(node.place(), what + " has " + std::to_string(given) + " units: their sum is taken", "use one unit");
  if (given == 0 || !good) return {};
  seconds = std::min(seconds, longest_days * 86400);
  timeout.value = std::chrono::duration_cast<nanoseconds>(std::chrono::duration<double>(seconds));
  return timeout;
}

std::map<std::string, TimeoutSpec> read_named_timeouts(const Node& node, const std::string& what, Diagnostics& out) {
  std::map<std::string, TimeoutSpec> result;
  each_entry(node, what, out, [&](const std::string& name, const Node& key, const Node& value) {
    if (!is_action_name(name)) {
      out.error(key.place(), what + ": '" + name + "' is not the name of an action",
                "names have lower-case letters and '-' only");
      return;
    }
    if (auto timeout = read_timeout(value, what + " " + name, key.place(), out)) result[name] = *std::move(timeout);
  });
  return result;
}

JobTimeouts read_job_timeouts(const Node& node, Diagnostics& out) {
  JobTimeouts timeouts;
  MapReader map(node, "timeouts", out);
  if (!map.is_map()) return timeouts;
  const auto one = [&](std::string_view key, bool required) -> std::optional<TimeoutSpec> {
    const Node value = required ? map.require(key) : map.take(key);
    return value ? read_timeout(value, map.name_of(key), map.key_place(key), out) : std::nullopt;
  };
  timeouts.job = one("job", true).value_or(TimeoutSpec{});
  timeouts.action = one("action", false);
  timeouts.connection = one("connection", false);
  timeouts.queue = one("queue", false);
  if (const Node actions = map.take("actions"))
    timeouts.actions = read_named_timeouts(actions, "timeouts actions", out);
  if (const Node connections = map.take("connections"))
    timeouts.connections = read_named_timeouts(connections, "timeouts connections", out);
  map.finish();
  return timeouts;
}

void check_against_job(const JobDefinition& job, Diagnostics& out) {
  const JobTimeouts& all = job.timeouts;
  if (all.job.value == nanoseconds(0)) return;  // complained about already
  if (all.action) check_not_longer(*all.action, "timeouts action", all.job, out);
  if (all.connection) check_not_longer(*all.connection, "timeouts connection", all.job, out);
  for (const auto& [name, timeout] : all.actions) check_not_longer(timeout, "timeouts actions " + name, all.job, out);
  for (const auto& [name, timeout] : all.connections)
    check_not_longer(timeout, "timeouts connections " + name, all.job, out);
  for (const ActionBlock& block : job.actions)
    if (const auto& own = common_of(block).timeout)
      check_not_longer(*own, std::string(kind_of(block)) + " timeout", all.job, out);
}

}  // namespace hilltop::jobs::reading
