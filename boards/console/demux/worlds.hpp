// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "boards/console/demux/prefix.hpp"
#include "boards/console/demux/scan.hpp"

namespace hilltop::boards::demux {

/// `worlds`: several programs on one UART. What the secure world says (TF-A, OP-TEE, TF-M) goes into `secure`, U-Boot
/// and MCUboot from their banner to their last words into `bootloader`. Once the secure world has been heard, all else
/// is `nonsecure`; before, it stays where it was. A message of the secure world in the middle of another line is taken
/// out where its mark is distinct (OP-TEE's "E/TC:", TF-M's "[Sec Error] "), and that line goes on behind it.
/// Source: TF-A common/tf_log.c (prefix_str); OP-TEE lib/libutils/ext/trace.c; TF-M secure_fw/spm log, platform/ext
/// tfm_log; MCUboot boot/zephyr (log prefixes), boot/bootutil/src/loader.c; U-Boot common/spl/spl.c, boot/bootm_os.c.
class WorldsDecoder final : public ScanDecoder {
 public:
  explicit WorldsDecoder(ChannelTable& channels)
      : secure_(channels.id("secure")), nonsecure_(channels.id("nonsecure")), bootloader_(channels.id("bootloader")) {}

  enum class Line : std::uint8_t { plain, secure, tf_a, loader_begins, loader_ends, area_begins, area_ends, kernel };

 private:
  void scan(Scan& scan) override;
  void restart() override;
  bool scan_line_begin(Scan& scan);
  bool scan_line(Scan& scan);
  void scan_secure(Scan& scan);
  void begin_line(Line line);
  void outer(Scan& scan, std::size_t to);

  ChannelId secure_, nonsecure_, bootloader_;
  bool in_secure_ = false;     ///< within a message of the secure world
  bool at_line_begin_ = true;  ///< of all that is not secure
  enum class Owner : std::uint8_t { rest, loader, area };
  Owner line_owner_ = Owner::rest;  ///< of the line that has begun
  Owner owner_ = Owner::rest;       ///< of the lines to come; area: what TF-M prints while it tests its secure side
  bool secure_heard_ = false;
  bool tf_a_heard_ = false;
};

}  // namespace hilltop::boards::demux
