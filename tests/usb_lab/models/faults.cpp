// SPDX-License-Identifier: Apache-2.0
#include "tests/usb_lab/models/faults.hpp"

namespace hilltop::usb_lab {

Which::Which(const Options& options, std::string_view key) {
  auto text = options.text(key);
  if (text.empty()) return;
  const bool and_after = text.ends_with('+');
  if (and_after) text.pop_back();
  Options one;
  one.set(std::string(key), text);
  first_ = one.number(key, 0);
  last_ = and_after ? std::numeric_limits<unsigned>::max() : first_;
}

Faults::Faults(const Options& options)
    : stall(options, "stall"),
      mute(options, "mute"),
      wrong_reply(options, "wrong_reply"),
      short_reply(options, "short_reply"),
      delay(options.number("delay_ms", 0)),
      drop_after(options.number("drop_after", std::numeric_limits<unsigned>::max())),
      back_after(options.number("back_ms", 0)),
      busy(options.has("busy")) {}

}  // namespace hilltop::usb_lab
