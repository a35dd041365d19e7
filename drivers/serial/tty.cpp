// SPDX-License-Identifier: Apache-2.0
// Driver `tty`: a serial port of this machine.
//   driver: tty
//   path: /dev/serial/by-id/usb-FTDI_...-if00-port0
//   baud: 115200           # optional, as all below; the other options of a line: drivers/serial/line_options.hpp
//   allow_unstable: true   # takes /dev/ttyUSB0 and its like, which name whatever was plugged in first
// Driver `pty`: a pseudo terminal that another program made, such as socat's or an emulator's.
//   driver: pty
//   path: /run/lab/board-7.pty   # or a link to it
#include "drivers/core/fields.hpp"
#include "drivers/serial/line_options.hpp"
#include "drivers/serial/stream_device.hpp"
#include "drivers/serial/tty_stream.hpp"
#include "drivers/tables.hpp"

namespace hilltop::drivers {
namespace {

/// Numbered in the order of plugging in: after a restart another board may have the name.
bool is_unstable(std::string_view path) { return path.starts_with("/dev/ttyUSB") || path.starts_with("/dev/ttyACM"); }

std::string read_path(Fields& fields, std::string_view expected) {
  fields.require("path", expected);
  auto path = fields.text("path").value_or("");
  if (!path.empty() && !path.starts_with('/')) fields.error(fields.node()["path"], "'path' must begin with '/'");
  return path;
}

TtyStream::Options read_tty(const Node& address, Diagnostics& diagnostics) {
  Fields fields(address, "tty", diagnostics);
  (void)fields.text("driver");
  TtyStream::Options out;
  out.path = read_path(fields, "the port's name below /dev/serial/by-id");
  out.line = read_line_options(fields);
  if (!fields.flag("allow_unstable").value_or(false) && is_unstable(out.path))
    fields.error(address["path"], "'" + out.path + "' names whatever was plugged in first",
                 "use its name below /dev/serial/by-id, or say 'allow_unstable: true'");
  fields.refuse_others();
  return out;
}

TtyStream::Options read_pty(const Node& address, Diagnostics& diagnostics) {
  Fields fields(address, "pty", diagnostics);
  (void)fields.text("driver");
  TtyStream::Options out;
  out.path = read_path(fields, "the pseudo terminal, or a link to it");
  out.is_port = false;
  fields.refuse_others();
  return out;
}

void check_tty(const Node& address, Diagnostics& diagnostics) { (void)read_tty(address, diagnostics); }
void check_pty(const Node& address, Diagnostics& diagnostics) { (void)read_pty(address, diagnostics); }

Result<std::unique_ptr<Device>> make(TtyStream::Options (*read)(const Node&, Diagnostics&), const Node& address) {
  Diagnostics diagnostics;
  auto options = read(address, diagnostics);
  if (diagnostics.has_errors()) return diagnostics.to_error(Blame::configuration);
  return make_stream_device<TtyStream>(std::move(options));
}

Result<std::unique_ptr<Device>> make_tty(const Env&, const Node& address) { return make(&read_tty, address); }
Result<std::unique_ptr<Device>> make_pty(const Env&, const Node& address) { return make(&read_pty, address); }

}  // namespace

constinit const DriverInfo tty{
    .name = "tty",
    .offers = "console",
    .summary = "a serial port of this machine",
    .source = "termios(3), ioctl_tty(2)",
    .verified = Verified::specification,
    .check = check_tty,
    .make = make_tty,
};

constinit const DriverInfo pty_console{
    .name = "pty",
    .offers = "console",
    .summary = "a pseudo terminal that another program made",
    .source = "pty(7), termios(3)",
    .verified = Verified::independent_tool,
    .check = check_pty,
    .make = make_pty,
};

}  // namespace hilltop::drivers
