// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include "boards/console/demux/scan.hpp"

namespace hilltop::boards::demux {

/// `rtt`: a stream of SEGGER RTT as OpenOCD's `rtt server` and J-Link's telnet server give it. Such a stream is one
/// up-channel. Up-channel 0 has terminals: each goes into `rttn`; of another up-channel all goes into `rttn`. What
/// J-Link says of itself before stays where it was.
class RttDecoder final : public ScanDecoder {
 public:
  RttDecoder(ChannelTable& channels, unsigned up_channel);

 private:
  void scan(Scan& scan) override;
  void restart() override;
  bool scan_greeting(Scan& scan);
  bool scan_switch(Scan& scan);

  std::array<ChannelId, 16> terminals_{};
  bool switches_;
  bool greeting_ = true;
  unsigned terminal_ = 0;
};

}  // namespace hilltop::boards::demux
