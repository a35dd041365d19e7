// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "boards/console/transcript_page.hpp"

namespace hilltop::boards {

/// How a transcript leaves the house.
/// - raw: the bytes, exactly.
/// - text: `TIME LINE`, with control characters made visible; records as `TIME -- gap: ...`.
/// - jsonl: `{"offset","time","bound","text","eol"}` a line, whose text + eol are its bytes exactly; where they are no
///   UTF-8, `"base64"` has the bytes of text. A line of more than 64 KiB comes in pieces without eol. Records:
///   `{"record","offset","time","bound","count"}`.
/// - lava: LAVA's log, a YAML list of `{dt, lvl: target, msg}`.
/// The time of a line is that of the read that brought its first byte, which came after `bound`.
enum class ExportFormat : std::uint8_t { raw, text, jsonl, lava };
[[nodiscard]] std::optional<ExportFormat> export_format_from(std::string_view name);
[[nodiscard]] std::string_view media_type(ExportFormat format);

/// Turns pages into an export. Memory: a page and a line. Thread: one at a time.
class TranscriptExporter {
 public:
  explicit TranscriptExporter(ExportFormat format);
  ~TranscriptExporter();
  TranscriptExporter(TranscriptExporter&&) noexcept;
  TranscriptExporter& operator=(TranscriptExporter&&) noexcept;
  /// What the lines that end in `page` become. Pages come in order.
  [[nodiscard]] std::string feed(const TranscriptPage& page);
  /// The last line, which has no end.
  [[nodiscard]] std::string end();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hilltop::boards
