// SPDX-License-Identifier: Apache-2.0
#include "boards/console/transcript_export.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <span>

#include "boards/console/match/printable.hpp"

namespace hilltop::boards {
namespace {

constexpr std::size_t longest_line = 64 * 1024;

/// RFC 4648 4.
std::string base64(std::string_view bytes) {
  constexpr std::string_view digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto part = bytes.substr(i, 3);
    std::uint32_t bits = 0;
    for (std::size_t k = 0; k < 3; ++k) bits = bits << 8 | (k < part.size() ? static_cast<unsigned char>(part[k]) : 0U);
    for (std::size_t k = 0; k < 4; ++k) out += k > part.size() ? '=' : digits[bits >> (18 - 6 * k) & 63];
  }
  return out;
}

std::string dump(const nlohmann::json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

bool is_utf8(const std::string& text) {
  try {
    (void)nlohmann::json(text).dump();
    return true;
  } catch (const nlohmann::json::type_error&) {  // its way to say so
    return false;
  }
}

struct Line {
  std::string text, eol;
  std::uint64_t offset = 0;
  UtcTime time, bound;
};

std::string as_json(const Line& line) {
  nlohmann::ordered_json out{{"offset", line.offset},
                             {"time", to_rfc3339(line.time)},
                             {"bound", to_rfc3339(line.bound)},
                             {"text", line.text},
                             {"eol", line.eol}};
  if (!is_utf8(line.text)) out["base64"] = base64(line.text);
  return out.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

std::string as_lava(UtcTime time, std::string_view level, const std::string& message) {
  auto stamp = to_rfc3339(time);
  if (stamp.ends_with('Z')) stamp.pop_back();  // LAVA's times have no zone: they are UTC
  return "- {\"dt\": \"" + stamp + "\", \"lvl\": \"" + std::string(level) + "\", \"msg\": " + dump(message) + "}\n";
}

std::string describe(const ConsoleRecord& record) {
  auto out = std::string(to_string(record.kind));
  if (record.count > 0) out += " " + std::to_string(record.count);
  if (record.bound < record.time) out += ", since " + to_rfc3339(record.bound);
  return out;
}

}  // namespace

std::optional<ExportFormat> export_format_from(std::string_view name) {
  if (name == "raw") return ExportFormat::raw;
  if (name == "text") return ExportFormat::text;
  if (name == "jsonl") return ExportFormat::jsonl;
  if (name == "lava") return ExportFormat::lava;
  return std::nullopt;
}

std::string_view media_type(ExportFormat format) {
  switch (format) {
    case ExportFormat::raw:
      return "application/octet-stream";
    case ExportFormat::text:
      return "text/plain; charset=utf-8";
    case ExportFormat::jsonl:
      return "application/x-ndjson";
    case ExportFormat::lava:
      return "application/yaml";
  }
  return "";
}

struct TranscriptExporter::State {
  ExportFormat format = ExportFormat::raw;
  Line line;  // not ended yet
  std::uint64_t next = 0;
  bool begun = false;

  std::string finish(std::string_view eol) {
    line.eol = eol;
    if (eol == "\n" && line.text.ends_with('\r')) {
      line.text.pop_back();
      line.eol = "\r\n";
    }
    std::string out;
    if (format == ExportFormat::text)
      out = to_rfc3339(line.time) + " " + printable(line.text, line.text.size() * 4) + "\n";
    if (format == ExportFormat::jsonl) out = as_json(line);
    if (format == ExportFormat::lava) out = as_lava(line.time, "target", line.text);
    line.text.clear();
    return out;
  }

  std::string write(const ConsoleRecord& record) const {
    if (format == ExportFormat::text) return to_rfc3339(record.time) + " -- " + describe(record) + "\n";
    if (format == ExportFormat::lava) return as_lava(record.time, "info", "console: " + describe(record));
    return nlohmann::ordered_json{{"record", std::string(to_string(record.kind))},
                                  {"offset", record.offset},
                                  {"time", to_rfc3339(record.time)},
                                  {"bound", to_rfc3339(record.bound)},
                                  {"count", record.count}}
               .dump() +
           "\n";
  }

  void take(std::string_view bytes, std::uint64_t at, std::span<const TimeMark> marks, std::string& out) {
    while (!bytes.empty()) {
      if (line.text.empty()) {
        line.offset = at;
        const auto mark = std::ranges::upper_bound(marks, at, {}, &TimeMark::offset);
        if (mark != marks.begin()) {
          line.time = std::prev(mark)->time;
          line.bound = std::prev(mark)->bound;
        }
      }
      const auto end = bytes.find('\n');
      const auto part = bytes.substr(0, std::min(end, longest_line - line.text.size()));
      line.text += part;
      bytes.remove_prefix(part.size());
      at += part.size();
      if (!bytes.empty() && bytes.front() == '\n') {
        out += finish("\n");
        bytes.remove_prefix(1);
        ++at;
      } else if (line.text.size() >= longest_line) {
        out += finish("");
      }
    }
    next = at;
  }
};

TranscriptExporter::TranscriptExporter(ExportFormat format) : state_(std::make_unique<State>()) {
  state_->format = format;
}
TranscriptExporter::~TranscriptExporter() = default;
TranscriptExporter::TranscriptExporter(TranscriptExporter&&) noexcept = default;
TranscriptExporter& TranscriptExporter::operator=(TranscriptExporter&&) noexcept = default;

std::string TranscriptExporter::feed(const TranscriptPage& page) {
  auto& s = *state_;
  if (s.format == ExportFormat::raw) return page.bytes;
  std::string out;
  if (s.begun && page.from != s.next) out += end();  // bytes are missing in between
  s.begun = true;
  auto at = page.from;
  const std::string_view bytes = page.bytes;
  const auto until = [&](std::uint64_t offset) {
    const auto stop = std::clamp(offset, at, page.end);
    s.take(bytes.substr(at - page.from, stop - at), at, page.marks, out);
    at = stop;
  };
  for (const auto& record : page.records) {  // at its place: a line that it interrupts is told in two
    until(record.offset);
    out += end();
    out += s.write(record);
  }
  until(page.end);
  s.next = page.end;
  return out;
}

std::string TranscriptExporter::end() { return state_->line.text.empty() ? "" : state_->finish(""); }

}  // namespace hilltop::boards
