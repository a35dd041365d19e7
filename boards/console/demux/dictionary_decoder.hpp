// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "boards/console/demux/scan.hpp"
#include "drivers/protocol/dictionary_log.hpp"

namespace hilltop::boards::demux {

/// `dictlog`: Zephyr's dictionary logs as lines of text into `dictlog`. Binary records begin with 0 or 1, which text
/// does not have, so that both may share a console; hexadecimal ones come behind their mark.
class DictionaryDecoder final : public ScanDecoder {
 public:
  enum class Mode : std::uint8_t { either, binary, hex };
  DictionaryDecoder(ChannelTable& channels, std::shared_ptr<const drivers::dictionary_log::Database> database,
                    Mode mode)
      : dictlog_(channels.id("dictlog")), database_(std::move(database)), mode_(mode) {}

 private:
  enum class Found : std::uint8_t { no, yes, more };
  void scan(Scan& scan) override;
  void restart() override { in_hex_ = false; }
  Found try_binary(Scan& scan);
  Found try_hex(Scan& scan);
  Found try_mark(Scan& scan);
  Found try_at(Scan& scan);

  ChannelId dictlog_;
  std::shared_ptr<const drivers::dictionary_log::Database> database_;
  Mode mode_;
  bool in_hex_ = false;  ///< behind the mark
};

}  // namespace hilltop::boards::demux
