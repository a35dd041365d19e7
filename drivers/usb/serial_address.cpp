// SPDX-License-Identifier: Apache-2.0
#include "drivers/usb/serial_address.hpp"

#include "drivers/usb/usb_tty.hpp"

namespace hilltop::drivers {
namespace {

/// The kernel's driver adds the port a moment after the device.
constexpr auto between_looks = std::chrono::milliseconds(50);

/// Numbered in the order of plugging in: after a restart another board may have the name.
bool is_unstable(std::string_view path) { return path.starts_with("/dev/ttyUSB") || path.starts_with("/dev/ttyACM"); }

Result<std::string> look(UsbBus& bus, const SerialAddress& address) {
  HILLTOP_TRY(const auto devices, bus.devices());
  HILLTOP_TRY(const auto device, find_usb_device(devices, address.usb));
  HILLTOP_TRY(const auto tty, find_usb_tty(usb_ttys(), device.path, address.interface));
  return tty.node();
}

}  // namespace

std::string SerialAddress::title() const { return path.empty() ? "the serial port of " + usb.title() : path; }

SerialAddress read_serial_address(Fields& fields, Diagnostics& diagnostics) {
  SerialAddress out;
  out.path = fields.text("path").value_or("");
  const auto usb = fields.map("usb");
  const bool unstable = fields.flag("allow_unstable").value_or(false);
  const auto& node = fields.node();
  if (usb) {
    Fields inner(usb, "'usb'", diagnostics);
    out.usb = read_usb_match(inner);
    if (const auto interface = inner.integer("interface", 0, 255)) out.interface = static_cast<unsigned>(*interface);
    inner.refuse_others();
    if (node.contains("path")) fields.error(node["path"], "'path' and 'usb' both say which port it is", "keep one");
  } else if (!node.contains("path")) {
    fields.error(node, "'path' or 'usb' is missing: which serial port it is",
                 "'path: /dev/serial/by-id/...', or 'usb: {serial: ...}'; 'hilltop discover' shows them");
  }
  if (!out.path.empty() && !out.path.starts_with('/')) fields.error(node["path"], "'path' must begin with '/'");
  if (!unstable && is_unstable(out.path))
    fields.error(node["path"], "'" + out.path + "' names whatever was plugged in first",
                 "use its name below /dev/serial/by-id, or 'usb:', or say 'allow_unstable: true'");
  return out;
}

Task<std::string> find_serial_node(Env env, SerialAddress address, Deadline deadline) {
  if (!address.path.empty()) co_return address.path;
  HILLTOP_CO_TRY(const auto bus, UsbBus::of(env));
  for (;;) {
    auto node = look(*bus, address);
    if (node || node.error().code != Errc::unavailable) co_return node;
    if (const auto waited = co_await sleep_for(between_looks, deadline); !waited)
      co_return waited.error().code == Errc::canceled ? waited.error() : std::move(node).error();
  }
}

}  // namespace hilltop::drivers
