// SPDX-License-Identifier: Apache-2.0
// Driver `gpio`: power that a GPIO line of this machine switches, by the kernel's character device.
//   driver: gpio
//   chip: gpiochip0        # its name, path or label
//   line: 17               # its number, or its name in the chip
//   active_low: true       # optional: the board is on when the line is low
// Driver `gpio-sysfs`: the same for a line that was exported below /sys/class/gpio, on kernels without the other way.
//   driver: gpio-sysfs
//   path: /sys/class/gpio/gpio17
#include "drivers/core/fields.hpp"
#include "drivers/power/gpio_line.hpp"
#include "drivers/tables.hpp"

namespace hilltop::drivers {
namespace {

struct GpioAddress {
  std::string chip = {};
  std::string line = {};
  std::string path = {};
  bool active_low = false;
};

GpioAddress read_gpio(const Node& address, Diagnostics& diagnostics) {
  Fields fields(address, "gpio", diagnostics);
  (void)fields.text("driver");
  fields.require("chip", "the GPIO chip's name, path or label");
  fields.require("line", "the line's number or name");
  GpioAddress out;
  out.chip = fields.text("chip").value_or("");
  const auto line = fields.take("line");
  if (line && !line.as_integer() && !line.is_string())
    fields.error(line, "'line' must be a number or a name", "'gpioinfo' shows them");
  if (line.as_integer() && *line.as_integer() < 0) fields.error(line, "'line' must not be negative");
  out.line = line.text();
  out.active_low = fields.flag("active_low").value_or(false);
  fields.refuse_others();
  return out;
}

GpioAddress read_gpio_sysfs(const Node& address, Diagnostics& diagnostics) {
  Fields fields(address, "gpio-sysfs", diagnostics);
  (void)fields.text("driver");
  fields.require("path", "the line's folder below /sys/class/gpio");
  GpioAddress out;
  out.path = fields.text("path").value_or("");
  if (!out.path.empty() && !out.path.starts_with('/')) fields.error(address["path"], "'path' must begin with '/'");
  out.active_low = fields.flag("active_low").value_or(false);
  fields.refuse_others();
  return out;
}

void check_gpio(const Node& address, Diagnostics& diagnostics) { (void)read_gpio(address, diagnostics); }
void check_gpio_sysfs(const Node& address, Diagnostics& diagnostics) { (void)read_gpio_sysfs(address, diagnostics); }

Result<std::unique_ptr<Device>> make_gpio(const Env&, const Node& address) {
  Diagnostics diagnostics;
  auto read = read_gpio(address, diagnostics);
  if (diagnostics.has_errors()) return diagnostics.to_error(Blame::configuration);
  auto title = "line " + read.line + " of GPIO chip " + read.chip;
  return make_gpio_power(make_gpiod_line(std::move(read.chip), std::move(read.line)), std::move(title),
                         read.active_low);
}

Result<std::unique_ptr<Device>> make_gpio_sysfs(const Env&, const Node& address) {
  Diagnostics diagnostics;
  auto read = read_gpio_sysfs(address, diagnostics);
  if (diagnostics.has_errors()) return diagnostics.to_error(Blame::configuration);
  return make_gpio_power(make_sysfs_line(read.path), read.path, read.active_low);
}

}  // namespace

constinit const DriverInfo gpio{
    .name = "gpio",
    .offers = "power",
    .summary = "a GPIO line of this machine, read back",
    .source = "libgpiod 1.6.3, gpiod.h; Linux, Documentation/driver-api/gpio",
    .verified = Verified::specification,
    .check = check_gpio,
    .make = make_gpio,
};

constinit const DriverInfo gpio_sysfs{
    .name = "gpio-sysfs",
    .offers = "power",
    .summary = "an exported GPIO line below /sys/class/gpio, read back",
    .source = "Linux, Documentation/admin-guide/gpio/sysfs.rst",
    .verified = Verified::specification,
    .check = check_gpio_sysfs,
    .make = make_gpio_sysfs,
};

}  // namespace hilltop::drivers
