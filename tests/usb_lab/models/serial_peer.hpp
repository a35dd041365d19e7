// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <string>

#include "tests/usb_lab/models/bytes.hpp"
#include "tests/usb_lab/models/options.hpp"
#include "tests/usb_lab/models/state_log.hpp"

namespace hilltop::usb_lab {

/// What hangs at the serial lines of a USB adapter: the same for a model that speaks USB and for a tty that usbmock
/// makes. Threads: any; calls wait for each other.
class SerialPeer {
 public:
  virtual ~SerialPeer() = default;
  void from_host(std::span<const std::uint8_t> bytes);
  /// At most `room` bytes.
  Bytes to_host(std::size_t room);
  void set_powered(bool powered);

 protected:
  virtual void on_bytes(std::span<const std::uint8_t> bytes) = 0;
  virtual void on_power(bool powered) { (void)powered; }
  /// Takes what has come meanwhile by answer().
  virtual void poll() {}
  void answer(std::span<const std::uint8_t> bytes) { output_.insert(output_.end(), bytes.begin(), bytes.end()); }
  void answer(std::string_view text) { output_.insert(output_.end(), text.begin(), text.end()); }

 private:
  std::mutex mutex_;
  std::deque<std::uint8_t> output_;
};

/// relay=lcus|numato (serial_relay.hpp), sock=PATH (a Unix socket: a board's UART), or else the lines are joined: what
/// is sent comes back.
std::unique_ptr<SerialPeer> make_serial_peer(const Options& options);

}  // namespace hilltop::usb_lab
