// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace hilltop::usb_lab {

/// `state=FILE`: one line for each change of what a simulated device does to the board (a relay, a pin, VBUS, an
/// image). Tests judge a driver by this file, never by what the driver says. Lines are appended in one write each, so
/// that several devices may share a file.
class StateLog {
 public:
  StateLog() = default;
  explicit StateLog(std::string path) : path_(std::move(path)) {}
  void put(std::string_view line) const;

 private:
  std::string path_;
};

}  // namespace hilltop::usb_lab
