// SPDX-License-Identifier: Apache-2.0
#include "drivers/usb/usb_device.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <regex>

namespace hilltop::drivers {
namespace {

constexpr std::size_t most_candidates = 6;

std::optional<std::uint16_t> read_hex(std::string_view text) {
  std::uint16_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (text.size() != 4 || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

void read_usb_id(Fields& fields, UsbMatch& out) {
  const auto text = fields.text("usb_id");
  if (!text) return;
  if (text->size() == 9 && (*text)[4] == ':') {
    out.vendor = read_hex(std::string_view(*text).substr(0, 4));
    out.product = read_hex(std::string_view(*text).substr(5));
  }
  if (!out.vendor || !out.product)
    fields.error(fields.node()["usb_id"], "'usb_id' must be the device's vendor and product in hexadecimal digits",
                 "as lsusb shows them: \"0403:6001\"");
}

bool is_of_kind(const UsbDeviceInfo& device, const UsbMatch& match) {
  return (!match.vendor || *match.vendor == device.vendor) && (!match.product || *match.product == device.product);
}

std::string titles(const std::vector<const UsbDeviceInfo*>& devices) {
  std::string out;
  for (std::size_t i = 0; i < devices.size() && i < most_candidates; ++i)
    out += (i == 0 ? "" : "; ") + devices[i]->title();
  if (devices.size() > most_candidates) out += fmt::format("; and {} more", devices.size() - most_candidates);
  return out;
}

template <class Condition>
std::vector<const UsbDeviceInfo*> those(const std::vector<UsbDeviceInfo>& devices, Condition condition) {
  std::vector<const UsbDeviceInfo*> out;
  for (const auto& device : devices)
    if (condition(device)) out.push_back(&device);
  return out;
}

Error several_fit(const std::vector<const UsbDeviceInfo*>& fitting, const UsbMatch& match) {
  auto text = fmt::format("{} devices fit {}: {}", fitting.size(), match.title(), titles(fitting));
  text += match.path.empty()
              ? fmt::format(": add 'path: {}' (or the other's) to its address in the lab file", fitting.front()->path)
              : ": add 'usb_id' to its address in the lab file";
  return {Errc::bad_input, Blame::configuration, std::move(text)};
}

/// The wanted serial number is somewhere else than the lab file says.
std::optional<Error> moved(const std::vector<UsbDeviceInfo>& devices, const UsbMatch& match) {
  if (match.serial.empty() || match.path.empty()) return std::nullopt;
  const auto elsewhere =
      those(devices, [&](const auto& d) { return d.serial == match.serial && is_of_kind(d, match); });
  if (elsewhere.empty()) return std::nullopt;
  return Error(Errc::mismatch, Blame::infrastructure,
               fmt::format("what has the serial number {} is not at {} but is {}: plug it in where it was, or write "
                           "'path: {}' into the lab file",
                           match.serial, match.path, titles(elsewhere), elsewhere.front()->path));
}

Error none_fits(const std::vector<UsbDeviceInfo>& devices, const UsbMatch& match) {
  std::string text = "no USB device is " + match.title();
  const auto there = those(devices, [&](const auto& d) { return !match.path.empty() && d.path == match.path; });
  const auto same_serial =
      those(devices, [&](const auto& d) { return !match.serial.empty() && d.serial == match.serial; });
  const auto alike = those(devices, [&](const auto& d) {
    return match.vendor && is_of_kind(d, match) && d.path != match.path && d.serial != match.serial;
  });
  const auto silent = those(devices, [&](const auto& d) { return alike.empty() && d.unreadable; });
  if (!there.empty()) text += "; in that place is " + titles(there);
  if (!same_serial.empty()) text += "; that serial number has " + titles(same_serial);
  if (!alike.empty()) text += "; of that kind there is " + titles(alike);
  if (!match.serial.empty() && !silent.empty()) text += "; not readable is " + titles(silent);
  if (there.empty() && same_serial.empty() && alike.empty()) text += ": is it plugged in, and has it power?";
  return {Errc::unavailable, Blame::infrastructure, std::move(text)};
}

}  // namespace

bool is_usb_path(const std::string& path) {
  static const std::regex form(R"(usb[0-9]+|[0-9]+-[0-9]+(\.[0-9]+)*)");
  return std::regex_match(path, form);
}

std::string_view to_string(UsbSpeed speed) noexcept {
  switch (speed) {
    case UsbSpeed::low:
      return "1.5 Mbit/s";
    case UsbSpeed::full:
      return "12 Mbit/s";
    case UsbSpeed::high:
      return "480 Mbit/s";
    case UsbSpeed::super:
      return "5 Gbit/s";
    case UsbSpeed::super_plus:
      return "10 Gbit/s";
    case UsbSpeed::unknown:
      break;
  }
  return "unknown speed";
}

std::string UsbDeviceInfo::title() const {
  auto out = fmt::format("{:04x}:{:04x}", vendor, product);
  if (!name.empty()) out += fmt::format(" '{}'", name);
  if (!serial.empty()) out += " serial " + serial;
  if (unreadable) out += " (its strings cannot be read)";
  return out + " at " + path;
}

bool UsbMatch::fits(const UsbDeviceInfo& device) const {
  if (serial.empty() && path.empty()) return false;
  return is_of_kind(device, *this) && (serial.empty() || serial == device.serial) &&
         (path.empty() || path == device.path);
}

std::string UsbMatch::title() const {
  std::string out;
  if (!serial.empty()) out = "serial " + serial;
  if (!path.empty()) out += (out.empty() ? "at " : " at ") + path;
  if (out.empty()) out = "without serial and path";
  if (vendor && product) out += fmt::format(" ({:04x}:{:04x})", *vendor, *product);
  if (vendor && !product) out += fmt::format(" (vendor {:04x})", *vendor);
  return out;
}

UsbMatch read_usb_match(Fields& fields, std::optional<UsbMatch> id) {
  UsbMatch out = id.value_or(UsbMatch{});
  if (!id) read_usb_id(fields, out);
  out.serial = fields.text("serial").value_or("");
  out.path = fields.text("path").value_or("");
  const bool says_serial = fields.node().contains("serial");
  const bool says_path = fields.node().contains("path");
  if (!says_serial && !says_path)
    fields.error(fields.node(), "'serial' or 'path' is missing: which USB device it is",
                 "'hilltop discover' shows them; never the first of its kind");
  if (fields.node()["serial"].is_string() && out.serial.empty())
    fields.error(fields.node()["serial"], "'serial' is empty", "use 'path' for a device without a serial number");
  if (fields.node()["path"].is_string() && !is_usb_path(out.path))
    fields.error(fields.node()["path"], "'path' must be a place on the USB, not '" + out.path + "'",
                 "bus, hyphen, ports with dots, as the kernel writes it: \"1-1.4.2\"");
  return out;
}

Result<UsbDeviceInfo> find_usb_device(const std::vector<UsbDeviceInfo>& devices, const UsbMatch& match) {
  const auto fitting = those(devices, [&](const auto& device) { return match.fits(device); });
  if (fitting.size() == 1) return *fitting.front();
  if (fitting.size() > 1) return several_fit(fitting, match);
  if (auto error = moved(devices, match)) return *std::move(error);
  return none_fits(devices, match);
}

}  // namespace hilltop::drivers
