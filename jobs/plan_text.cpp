// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "jobs/plan.hpp"

namespace hilltop::jobs {
namespace {

using nlohmann::json;

double seconds(std::chrono::nanoseconds value) { return std::chrono::duration<double>(value).count(); }

/// "1h30m", "90s" as "1m30s", "1.5s".
std::string duration_text(std::chrono::nanoseconds value) {
  const auto whole = std::chrono::duration_cast<std::chrono::seconds>(value);
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(value - whole).count();
  const auto total = whole.count();
  std::string text;
  if (total >= 3600) text += std::to_string(total / 3600) + "h";
  if (total / 60 % 60 != 0) text += std::to_string(total / 60 % 60) + "m";
  if (total % 60 == 0 && ms == 0 && !text.empty()) return text;
  text += std::to_string(total % 60);
  if (ms != 0) {
    std::string fraction = std::to_string(1000 + ms).substr(1);
    fraction.erase(fraction.find_last_not_of('0') + 1);
    text += "." + fraction;
  }
  return text + "s";
}

json to_json(const EffectiveTimeout& timeout) {
  return {{"seconds", seconds(timeout.value)}, {"origin", timeout.origin}, {"skip", timeout.skip}};
}

json to_json(const PlannedAction& action) {
  json children = json::array();
  for (const PlannedAction& child : action.children) children.push_back(to_json(child));
  return {{"level", action.level},
          {"name", action.name},
          {"summary", action.summary},
          {"namespace", action.name_space},
          {"timeout", to_json(action.timeout)},
          {"connection_timeout", to_json(action.connection_timeout)},
          {"attempts", action.attempts},
          {"repeat", action.repeat},
          {"attempt_seconds", seconds(action.attempt_budget)},
          {"children", std::move(children)}};
}

struct Row {
  std::array<std::string, 5> cells;  // level, action, time-out, connection, from
  std::string note;
};

std::string note_of(const PlannedAction& action) {
  std::string note = action.summary;
  const auto append = [&](const std::string& text) { note += (note.empty() ? "" : "; ") + text; };
  if (action.attempts > 1)
    append("up to " + std::to_string(action.attempts) + " attempts of " + duration_text(action.attempt_budget) +
           " each");
  if (action.repeat > 1)
    append(std::to_string(action.repeat) + " times, " + duration_text(action.attempt_budget) + " each");
  if (action.timeout.skip) append("skipped when its time is over");
  if (action.level.find('.') == std::string::npos && !action.name_space.empty() && action.name_space != "common")
    append("namespace " + action.name_space);
  return note;
}

void add_rows(const PlannedAction& action, std::size_t depth, std::vector<Row>& rows) {
  rows.push_back({{action.level, std::string(2 * depth, ' ') + action.name, duration_text(action.timeout.value),
                   duration_text(action.connection_timeout.value), action.timeout.origin},
                  note_of(action)});
  for (const PlannedAction& child : action.children) add_rows(child, depth + 1, rows);
}

void print(const Row& row, const std::array<std::size_t, 5>& widths, std::string& text) {
  for (std::size_t i = 0; i + 1 < row.cells.size(); ++i)
    text += row.cells[i] + std::string(widths[i] - row.cells[i].size() + 2, ' ');
  text += row.cells.back() + "\n";
  const std::size_t indent = widths[0] + 2 + row.cells[1].find_first_not_of(' ') + 2;
  if (!row.note.empty()) text += std::string(indent, ' ') + row.note + "\n";
}

}  // namespace

json Plan::to_json() const {
  json list = json::array();
  for (const PlannedAction& action : actions) list.push_back(jobs::to_json(action));
  return {{"board_type", board_type}, {"job_timeout", jobs::to_json(job_timeout)}, {"actions", std::move(list)}};
}

std::string Plan::to_text() const {
  std::vector<Row> rows = {{{"LEVEL", "ACTION", "TIMEOUT", "CONNECTION", "FROM"}, ""}};
  for (const PlannedAction& action : actions) add_rows(action, 0, rows);
  std::array<std::size_t, 5> widths{};
  for (const Row& row : rows)
    for (std::size_t i = 0; i < widths.size(); ++i) widths[i] = std::max(widths[i], row.cells[i].size());
  std::string text = "board type " + board_type + ", at most " + duration_text(job_timeout.value) + " by " +
                     job_timeout.origin + "\n\n";
  for (const Row& row : rows) print(row, widths, text);
  return text;
}

}  // namespace hilltop::jobs
