// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
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

/// Whether `text` begins with the usual form of it: five places of seconds, no level and no caller. Quick; what it does
/// not know fit_printk() may.
[[nodiscard]] inline bool is_usual_printk(std::string_view text) {
  constexpr std::size_t size = 15;
  if (text.size() < size || text[0] != '[' || text[6] != '.' || text[13] != ']' || text[14] != ' ') return false;
  bool fits = Prefix::is_digit(text[5]);
  for (std::size_t i = 7; i < 13; ++i) fits &= Prefix::is_digit(text[i]);
  std::size_t blanks = 1;
  while (blanks < 5 && text[blanks] == ' ') ++blanks;
  for (std::size_t i = blanks; i < 5; ++i) fits &= Prefix::is_digit(text[i]);
  return fits;
}

/// `kernel`: the kernel's messages into `kernel`, all else into `shell`. The kernel writes whole lines, but into the
/// middle of what user space is writing: such a line is taken out, and the shell's line goes on behind it. In the
/// middle of a line only a message that is not older than the last one counts: user space may quote old ones there.
class KernelDecoder final : public ScanDecoder {
 public:
  explicit KernelDecoder(ChannelTable& channels) : kernel_(channels.id("kernel")), shell_(channels.id("shell")) {}

 private:
  void scan(Scan& scan) override;
  void restart() override;
  std::size_t scan_message(Scan& scan, std::size_t from);
  [[nodiscard]] std::size_t begin_of(std::string_view bytes, std::size_t bracket, std::size_t from) const;
  Fit looks_like_message(std::string_view bytes, std::size_t begin, std::size_t from);
  [[nodiscard]] std::uint64_t last_time() const;

  ChannelId kernel_, shell_;
  bool in_message_ = false;
  char shell_before_ = '\n';      ///< the last byte of the shell's stream
  bool with_levels_ = true;       ///< the last message had one, or there was none
  std::uint64_t time_us_ = 0;     ///< of the last message, unless `stamp_` has it
  std::array<char, 16> stamp_{};  ///< of a message of the usual form: read when its time is needed, which is seldom
};

}  // namespace hilltop::boards::demux
