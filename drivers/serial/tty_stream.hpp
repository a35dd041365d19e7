// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <linux/serial.h>

#include <functional>
#include <optional>
#include <string>

#include "drivers/api/byte_stream.hpp"

namespace hilltop::drivers {

/// A terminal line of this machine: a serial port, or the end of a pseudo terminal. No byte is changed.
/// Source: termios(3), ioctl_tty(2), flock(2), linux/serial.h; latency_timer: Linux, drivers/usb/serial/ftdi_sio.c.
class TtyStream final : public ByteStream {
 public:
  struct Options {
    std::string path;
    LineSettings line;
    bool is_port = true;  ///< a serial port: held for us alone, with modem lines and counters
    /// Says which node it is now, each time it is opened: `path` after that. Without it `path` stays.
    std::function<Task<std::string>(Deadline)> find = {};
  };
  /// Reads a port's counters; false where it has none.
  using ReadCounters = std::function<bool(int fd, serial_icounter_struct& counters)>;
  static bool read_counters(int fd, serial_icounter_struct& counters);

  explicit TtyStream(Options options, ReadCounters counters = &read_counters)
      : options_(std::move(options)), read_counters_(std::move(counters)) {}
  ~TtyStream() override { TtyStream::close(); }
  TtyStream(const TtyStream&) = delete;
  TtyStream& operator=(const TtyStream&) = delete;

  Task<int> open(Deadline deadline) override;
  void close() override;
  [[nodiscard]] bool reopens() const override { return true; }
  [[nodiscard]] std::optional<LineSettings> line_settings() const override {
    return options_.is_port ? std::optional(options_.line) : std::nullopt;
  }
  /// Also refuses speeds that are not usual, and settings that the port does not take.
  Result<LineSettings> set_line(const LineSettings& settings) override;
  Result<> hold_break(bool on) override;
  [[nodiscard]] bool counts_errors() const override { return options_.is_port; }
  LineErrors take_errors() override;

  /// Drives the modem lines of the port, which must be open; nothing leaves a line as it is.
  /// Errors: unavailable, io (infrastructure); unsupported (configuration) for a port without these lines.
  Result<> drive_modem_lines(std::optional<bool> dtr, std::optional<bool> rts);
  [[nodiscard]] bool is_open() const { return fd_ >= 0; }

 private:
  static Task<int> find_and_open(TtyStream* self, Deadline deadline);
  Result<int> open_now();
  Result<> prepare();
  Result<> drive(const LineSettings& settings);
  void lower_latency() const;

  Options options_;
  ReadCounters read_counters_;
  std::optional<serial_icounter_struct> counted_;  // nothing: the port does not count
  int fd_ = -1;
};

}  // namespace hilltop::drivers
