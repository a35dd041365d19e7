// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "boards/console/demux/scan.hpp"
#include "drivers/protocol/smp.hpp"

namespace hilltop::boards::demux {

/// `smp`: packets of mcumgr between lines of text into `smp`, each a frame (header and CBOR). Lines of a packet may
/// have text between them.
class SmpDecoder final : public ScanDecoder {
 public:
  SmpDecoder(ChannelTable& channels, std::size_t max_packet)
      : smp_(channels.id("smp")), assembler_(max_packet + framing_bytes) {}

 private:
  static constexpr std::size_t framing_bytes = 4;  // length and CRC
  void scan(Scan& scan) override;
  void restart() override { assembler_.clear(); }
  bool scan_line(Scan& scan);

  ChannelId smp_;
  drivers::smp::Assembler assembler_;
  std::uint64_t begin_ = 0;  ///< raw offset of the packet's first line
};

}  // namespace hilltop::boards::demux
