// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "drivers/api/device.hpp"
#include "drivers/core/env.hpp"

namespace hilltop::drivers {

/// A line of a GPIO chip. Thread: the worker's (the calls do not wait for anything).
class GpioLine {
 public:
  virtual ~GpioLine() = default;
  /// What the line is now, without changing its direction; `high` is the wire's level.
  /// Errors: not_found, denied, busy, io (infrastructure).
  virtual Result<bool> is_high() = 0;
  /// Drives it, and goes on driving it while this lives. Errors: as is_high().
  virtual Result<> drive(bool high) = 0;
};

/// A line by the character device (libgpiod 1.6). `chip`: a path, a name or a label ("gpiochip0", "ftdi-cbus"); `line`:
/// a number or a name.
std::unique_ptr<GpioLine> make_gpiod_line(std::string chip, std::string line);
/// A line that somebody exported below /sys/class/gpio; `folder` is its own: "/sys/class/gpio/gpio17".
/// Source: Linux, Documentation/admin-guide/gpio/sysfs.rst.
std::unique_ptr<GpioLine> make_sysfs_line(std::string folder);

/// Power that such a line switches, read back from it. `active_low`: on is low.
std::unique_ptr<Device> make_gpio_power(std::shared_ptr<GpioLine> line, std::string title, bool active_low);

}  // namespace hilltop::drivers
