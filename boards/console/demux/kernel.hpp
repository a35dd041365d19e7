// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "boards/console/demux/prefix.hpp"
#include "boards/console/demux/scan.hpp"

namespace hilltop::boards::demux {

/// What stands before a line of the Linux kernel's log: "[   12.345678] ", "[    0.000000][    T0] ",
/// "<6>[   12.345678] ". Source: Linux kernel/printk/printk.c, print_syslog(), print_time(), print_caller(),
/// info_print_prefix().
struct PrintkPrefix {
  std::size_t size = 0;           ///< with the blank behind it
  std::uint64_t time_us = 0;      ///< since the kernel began
  std::optional<unsigned> level;  ///< 0 emergency to 7 debug; rarely printed on a console
};
/// `text` begins at its '[' or its '<'.
[[nodiscard]] Fit fit_printk(std::string_view text, PrintkPrefix& prefix);

/// `kernel`: the kernel's messages into `kernel`, all else into `shell`. The kernel writes whole lines, but into the
/// middle of what user space is writing: such a line is taken out, and the shell's line goes on behind it. In the
/// middle of a line only a message that is not older than the last one counts: user space may quote old ones there.
/// Reads `text` and `nonsecure`.
class KernelDecoder final : public ScanDecoder {
 public:
  explicit KernelDecoder(ChannelTable& channels) : kernel_(channels.id("kernel")), shell_(channels.id("shell")) {}

 private:
  void scan(Scan& scan) override;
  void restart() override;
  std::size_t scan_message(Scan& scan, std::size_t from);
  [[nodiscard]] std::size_t begin_of(std::string_view bytes, std::size_t bracket, std::size_t from) const;
  Fit looks_like_message(std::string_view bytes, std::size_t begin, std::size_t from);

  ChannelId kernel_, shell_;
  bool in_message_ = false;
  char shell_before_ = '\n';  ///< the last byte of the shell's stream
  bool with_levels_ = true;   ///< the last message had one, or there was none
  std::uint64_t time_us_ = 0;
};

}  // namespace hilltop::boards::demux
