// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include "boards/console/demux/scan.hpp"
#include "drivers/protocol/cmux.hpp"

namespace hilltop::boards::demux {

/// `cmux`: what a modem or its host sends on line n goes on in `muxn`. Commands (SABM, UA, DISC, DM) are frames there,
/// and all of the control channel is frames in `mux0`: address, control field and information. The option is found by
/// the first frame whose FCS is right, unless it is given.
class CmuxDecoder final : public ScanDecoder {
 public:
  enum class Mode : std::uint8_t { either, basic, advanced };
  CmuxDecoder(ChannelTable& channels, std::size_t max_frame, Mode mode)
      : channels_(channels), max_frame_(max_frame), given_(mode), mode_(mode) {}

 private:
  enum class Found : std::uint8_t { no, yes, more };
  void scan(Scan& scan) override;
  void restart() override;
  Found try_basic(Scan& scan, std::size_t flags);
  Found try_advanced(Scan& scan);
  Found try_frame(Scan& scan);
  void emit(Scan& scan, const drivers::cmux::Frame& frame, std::size_t to, std::uint64_t info_at);
  [[nodiscard]] std::size_t next_flag(std::string_view bytes, std::size_t from) const;
  ChannelId channel(unsigned dlci);

  ChannelTable& channels_;
  std::size_t max_frame_;
  Mode given_, mode_;
  bool behind_flag_ = false;  ///< the flag behind a frame may open the next one
  std::array<ChannelId, 64> lines_{};
};

}  // namespace hilltop::boards::demux
