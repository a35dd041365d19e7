// SPDX-License-Identifier: Apache-2.0
#include "web/cli/context.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <cmath>

#include "drivers/core/clock.hpp"

namespace hilltop::cli {

Result<Api*> Context::api() {
  if (!api_) {
    const auto path = config_path();
    HILLTOP_TRY(const auto config, read_config(path));
    api_ = std::make_unique<Api>(resolve_target(globals.server, globals.token, globals.ca_file, config, path));
  }
  return api_.get();
}

int Context::fail(const Error& error) {
  out.flush();
  err << styled("hilltop:", Style::bad, screen.err_color) << ' ';
  // Line ends are ours (complaints stand a line each); other control characters may be a board's.
  for (std::size_t begin = 0; begin <= error.text.size();) {
    const auto end = std::min(error.text.find('\n', begin), error.text.size());
    err << printable(std::string_view(error.text).substr(begin, end - begin)) << '\n';
    begin = end + 1;
  }
  err.flush();
  return exit_code_of(error);
}

void Context::note(const std::string& text) {
  if (globals.quiet) return;
  if (before_note) before_note();
  out.flush();
  err << text << '\n';
  err.flush();
}

void Context::print(const Table& table, bool header) {
  const auto width = screen.out_is_terminal ? terminal_width(STDOUT_FILENO, 80) : Table::unlimited;
  out << table.to_text(width, screen.out_color, header);
}

void Context::print(const Json& json) {
  out << json.dump(2, ' ', false, Json::error_handler_t::replace) << '\n';
  out.flush();
}

std::string text_at(const Json& object, const std::string& key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  if (found == object.end() || found->is_null() || found->is_structured()) return "";
  return found->is_string() ? found->get<std::string>() : found->dump();
}

std::uint64_t number_at(const Json& object, const std::string& key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  return found != object.end() && found->is_number() ? found->get<std::uint64_t>() : 0;
}

std::string joined_at(const Json& object, const std::string& key, const std::string& between) {
  std::string text;
  const auto found = object.is_object() ? object.find(key) : object.end();
  if (found == object.end() || !found->is_array()) return text;
  for (const auto& item : *found) {
    text += (text.empty() ? "" : between) + (item.is_string() ? item.get<std::string>() : item.dump());
  }
  return text;
}

std::string ago(const std::string& rfc3339) {
  const auto time = from_rfc3339(rfc3339);
  if (!time) return "";
  const auto passed = std::chrono::duration_cast<std::chrono::seconds>(utc_now() - *time);
  if (passed < -1s) return "in " + to_human(-passed);
  if (passed < 1s) return "now";
  return to_human(passed) + " ago";
}

double seconds_between(const std::string& begin, const std::string& end) {
  const auto from = from_rfc3339(begin);
  if (!from) return 0;
  const auto to = end.empty() ? std::optional(utc_now()) : from_rfc3339(end);
  return to ? std::max(0.0, std::chrono::duration<double>(*to - *from).count()) : 0;
}

std::string short_seconds(double seconds) {
  if (seconds < 60) return fmt::format("{:.1f} s", seconds);
  const auto whole = static_cast<long>(std::floor(seconds));
  if (whole < 3600) return fmt::format("{}:{:02}", whole / 60, whole % 60);
  return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

Style style_of_verdict(const std::string& verdict) {
  if (verdict == "pass") return Style::good;
  if (verdict == "fail") return Style::bad;
  return verdict == "incomplete" || verdict == "canceled" || verdict == "unknown" ? Style::warn : Style::plain;
}

Style style_of_health(const std::string& health) {
  if (health == "good") return Style::good;
  if (health == "bad" || health == "retired") return Style::bad;
  return health == "suspect" || health == "maintenance" ? Style::warn : Style::plain;
}

}  // namespace hilltop::cli
