// SPDX-License-Identifier: Apache-2.0
#include "web/cli/log_lines.hpp"

#include <fmt/format.h>

#include "web/cli/context.hpp"

namespace hilltop::cli {
namespace {

Style style_of_level(const std::string& level) {
  if (level == "error") return Style::bad;
  if (level == "warning") return Style::warn;
  if (level == "results" || level == "event") return Style::good;
  return level == "debug" || level == "feedback" ? Style::dim : Style::plain;
}

std::string message_of(const Json& line) {
  const auto found = line.find("msg");
  if (found == line.end()) return "";
  return found->is_string() ? found->get<std::string>() : found->dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string as_text(const Json& line, bool color) {
  const auto time = text_at(line, "dt");
  const auto level = text_at(line, "lvl");
  // "2026-11-20T10:22:33.123456Z": the time of day to the millisecond.
  const auto clock = time.size() >= 23 && time[10] == 'T' ? time.substr(11, 12) : time;
  return fmt::format("{} {:<8} {}\n", styled(clock, Style::dim, color), level,
                     styled(printable(message_of(line)), style_of_level(level), color));
}

std::string as_lava(const Json& line) {
  Json entry{{"dt", text_at(line, "dt")}, {"lvl", text_at(line, "lvl")}};
  entry["msg"] = line.value("msg", Json(""));
  if (const auto space = text_at(line, "ns"); !space.empty()) entry["ns"] = space;
  // One-line JSON is one-line YAML.
  return "- " + entry.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

std::string LogLines::line(const std::string& json) {
  if (json.empty()) return "";
  const auto object = Json::parse(json, nullptr, false);
  if (!object.is_object()) return "";
  if (object.contains("end")) {
    ended_ = true;
    return "";
  }
  if (const auto number = number_at(object, "n"); number > 0) {
    if (number < next_) return "";
    next_ = number + 1;
  }
  switch (format_) {
    case LogFormat::jsonl:
      return json + "\n";
    case LogFormat::lava:
      return as_lava(object);
    case LogFormat::text:
      break;
  }
  return as_text(object, color_);
}

std::string LogLines::take(std::string_view piece) {
  std::string text;
  for (std::size_t end = 0; (end = piece.find('\n')) != std::string_view::npos; piece.remove_prefix(end + 1)) {
    pending_ += piece.substr(0, end);
    text += line(pending_);
    pending_.clear();
  }
  pending_ += piece;
  return text;
}

std::string LogLines::rest() {
  auto text = line(pending_);
  pending_.clear();
  return text;
}

}  // namespace hilltop::cli
