// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <string>

namespace hilltop::tests {

/// A pseudo terminal: `path` is the port, `controller` the board. Raw until somebody else says otherwise.
struct Pty {
  Pty() : controller(::posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)) {
    EXPECT_EQ(::grantpt(controller), 0);
    EXPECT_EQ(::unlockpt(controller), 0);
    std::array<char, 128> name{};
    EXPECT_EQ(::ptsname_r(controller, name.data(), name.size()), 0);
    path = name.data();
    termios line{};
    EXPECT_EQ(::tcgetattr(controller, &line), 0);
    ::cfmakeraw(&line);
    EXPECT_EQ(::tcsetattr(controller, TCSANOW, &line), 0);
  }
  ~Pty() { unplug(); }
  Pty(const Pty&) = delete;
  Pty& operator=(const Pty&) = delete;
  void unplug() {
    if (controller >= 0) ::close(controller);
    controller = -1;
  }
  /// How the line is driven.
  [[nodiscard]] termios line() const {
    termios out{};
    EXPECT_EQ(::tcgetattr(controller, &out), 0);
    return out;
  }
  [[nodiscard]] speed_t speed() const {
    const auto now = line();
    return ::cfgetospeed(&now);
  }
  int controller;
  std::string path;
};

/// Bytes of every value, an IAC and carriage returns among them, and "end".
inline std::string every_byte() {
  std::string out = "\r\n\r\xff\xff\r";
  for (int i = 0; i < 256; ++i) out += static_cast<char>(i);
  return out + "end";
}

}  // namespace hilltop::tests
