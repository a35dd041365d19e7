// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <limits>

#include "tests/usb_lab/models/options.hpp"

namespace hilltop::usb_lab {

/// Which transfers a fault strikes, counted from 1: `3` is the third, `3+` the third and all after it.
class Which {
 public:
  Which() = default;
  /// Throws UsageError.
  Which(const Options& options, std::string_view key);
  [[nodiscard]] bool strikes(unsigned transfer) const { return transfer >= first_ && transfer <= last_; }

 private:
  unsigned first_ = std::numeric_limits<unsigned>::max();
  unsigned last_ = 0;
};

/// What goes wrong with a device on purpose. Requests of the standard (descriptors, configuration) are never struck and
/// not counted: the device enumerates; a transfer that waits for data is counted when it has some.
struct Faults {
  Faults() = default;
  explicit Faults(const Options& options);

  Which stall;                         ///< stall=N: the endpoint halts, nothing is done
  Which mute;                          ///< mute=N: hangs there until it is reset; the host's time-out strikes
  Which wrong_reply;                   ///< wrong_reply=N: each bit of the answer is inverted
  Which short_reply;                   ///< short_reply=N: the first half of the answer
  std::chrono::milliseconds delay{0};  ///< delay_ms=N: each transfer takes this long
  unsigned drop_after = std::numeric_limits<unsigned>::max();  ///< drop_after=N: after N transfers it is unplugged
  std::chrono::milliseconds back_after{
      0};             ///< back_ms=N: and is back, under another address, this much later; 0: never
  bool busy = false;  ///< busy: another program has its interfaces
};

}  // namespace hilltop::usb_lab
