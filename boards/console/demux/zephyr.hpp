// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "boards/console/demux/prefix.hpp"
#include "boards/console/demux/scan.hpp"

namespace hilltop::boards::demux {

/// The parts of a line of Zephyr's log: "[00:00:01.234,000] <inf> module: text", with colours or without.
struct LogLine {
  std::string_view stamp;   ///< "00:00:01.234,000"; "" where there is none
  std::string_view level;   ///< err wrn inf dbg
  std::string_view module;  ///< "" where there is none
  std::string_view text;
};
/// Nothing when `line` is no such line. The views are into it.
[[nodiscard]] std::optional<LogLine> parse_log_line(std::string_view line);

/// Whether a line of Zephyr's log begins with `text`. Source: Zephyr subsys/logging/log_output.c, prefix_print(),
/// timestamp_print(), ids_print(), log_output_dropped_process().
[[nodiscard]] Fit fit_log_line(std::string_view text);

/// `zephyr`: lines of the log into `log`, all else (shell, prompts, printk) into `shell`. A log line in the middle of
/// another line is taken out, and that line goes on behind it. Lines of a hexdump belong to the log line before them.
class ZephyrDecoder final : public ScanDecoder {
 public:
  explicit ZephyrDecoder(ChannelTable& channels) : log_(channels.id("log")), shell_(channels.id("shell")) {}

 private:
  enum class Where : std::uint8_t { shell, log, behind_log };
  void scan(Scan& scan) override;
  void restart() override { where_ = Where::shell; }
  bool scan_shell(Scan& scan);
  bool scan_behind_log(Scan& scan);
  void scan_log(Scan& scan);

  ChannelId log_, shell_;
  Where where_ = Where::shell;
};

}  // namespace hilltop::boards::demux
