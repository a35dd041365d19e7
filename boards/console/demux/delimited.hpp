// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "boards/console/demux/scan.hpp"

namespace hilltop::boards::demux {

/// Whether a stretch of bytes is text with a line end in it: what a console prints beside frames.
[[nodiscard]] bool is_lines_of_text(std::string_view bytes);

/// `slip`: frames into `slip`. A frame begins and ends with END; what stands between an end and the next begin is text.
/// Where begin and end were mistaken for each other (a byte was lost), lines of text tell: they are no frame.
class SlipDecoder final : public ScanDecoder {
 public:
  SlipDecoder(ChannelTable& channels, std::size_t max_frame) : slip_(channels.id("slip")), max_frame_(max_frame) {}

 private:
  void scan(Scan& scan) override;
  void restart() override {}
  bool scan_frame(Scan& scan);

  ChannelId slip_;
  std::size_t max_frame_;  ///< escaped
};

/// `cobs`: frames into `cobs`. Each ends with a zero, the next one may begin behind it; lines of text behind a zero are
/// text up to the next one.
class CobsDecoder final : public ScanDecoder {
 public:
  CobsDecoder(ChannelTable& channels, std::size_t max_frame) : cobs_(channels.id("cobs")), max_frame_(max_frame) {}

 private:
  void scan(Scan& scan) override;
  void restart() override { in_frame_ = true; }
  bool scan_frame(Scan& scan);

  ChannelId cobs_;
  std::size_t max_frame_;
  bool in_frame_ = true;  ///< since the last zero, or the begin, nothing speaks against a frame
};

}  // namespace hilltop::boards::demux
