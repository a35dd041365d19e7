// SPDX-License-Identifier: Apache-2.0
// Driver `tty`: a serial port of this machine.
//   driver: tty
//   path: /dev/serial/by-id/usb-FTDI_...-if00-port0
//   usb: {serial: A50285BI, interface: 0}   # instead of `path`: found anew whenever the device comes back
//   allow_unstable: true   # takes /dev/ttyUSB0 and its like, which name whatever was plugged in first
//   baud: 115200           # optional, as all below; the other options of a line: drivers/serial/line_options.hpp
//   reset_sequence: esp32  # how DTR and RTS reset the board: drivers/serial/reset_sequence.hpp
// Driver `pty`: a pseudo terminal that another program made, such as socat's or an emulator's.
//   driver: pty
//   path: /run/lab/board-7.pty   # or a link to it
#include "drivers/core/fields.hpp"
#include "drivers/serial/line_options.hpp"
#include "drivers/serial/stream_device.hpp"
#include "drivers/serial/tty_device.hpp"
#include "drivers/tables.hpp"
#include "drivers/usb/serial_address.hpp"

namespace hilltop::drivers {
namespace {

std::string read_path(Fields& fields, std::string_view expected) {
  fields.require("path", expected);
  auto path = fields.text("path").value_or("");
  if (!path.empty() && !path.starts_with('/')) fields.error(fields.node()["path"], "'path' must begin with '/'");
  return path;
}

struct TtyAddress {
  SerialAddress port = {};
  LineSettings line = {};
  ResetSequence reset = {};
};

TtyAddress read_tty(const Node& address, Diagnostics& diagnostics) {
  Fields fields(address, "tty", diagnostics);
  (void)fields.text("driver");
  TtyAddress out;
  out.port = read_serial_address(fields, diagnostics);
  out.line = read_line_options(fields);
  out.reset = read_reset_sequence(fields, diagnostics);
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

Result<std::unique_ptr<Device>> make_tty(const Env& env, const Node& address) {
  Diagnostics diagnostics;
  auto read = read_tty(address, diagnostics);
  if (diagnostics.has_errors()) return diagnostics.to_error(Blame::configuration);
  TtyStream::Options options{.path = read.port.title(), .line = read.line};
  if (read.port.path.empty())
    options.find = [env, port = read.port](Deadline deadline) { return find_serial_node(env, port, deadline); };
  return std::unique_ptr<Device>(std::make_unique<TtyDevice>(std::move(options), std::move(read.reset)));
}

Result<std::unique_ptr<Device>> make_pty(const Env&, const Node& address) {
  Diagnostics diagnostics;
  auto options = read_pty(address, diagnostics);
  if (diagnostics.has_errors()) return diagnostics.to_error(Blame::configuration);
  return make_stream_device<TtyStream>(std::move(options));
}

}  // namespace

constinit const DriverInfo tty{
    .name = "tty",
    .offers = "console, probe",
    .summary = "a serial port of this machine, found by its USB device too; resets by DTR and RTS",
    .source = "termios(3), ioctl_tty(2); reset sequences: drivers/serial/reset_sequence.hpp",
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
