// SPDX-License-Identifier: Apache-2.0
#include "drivers/usb/usb_tty.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstdlib>
#include <memory>
#include <regex>
#include <tuple>

namespace hilltop::drivers {
namespace {

constexpr std::string_view ttys_folder = "/sys/class/tty/";

std::string real_path(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr), &std::free);
  return real ? std::string(real.get()) : std::string();
}

/// Of a converter that has several ports behind one interface. Source: Linux, drivers/usb/serial/bus.c.
unsigned port_number(const std::string& tty) {
  const auto path = std::string(ttys_folder) + tty + "/device/port_number";
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return 0;
  std::array<char, 16> text{};
  const auto size = ::read(fd, text.data(), text.size() - 1);
  ::close(fd);
  return size > 0 ? static_cast<unsigned>(std::strtoul(text.data(), nullptr, 10)) : 0;
}

std::string listed(const std::vector<UsbTty>& ttys) {
  std::string out;
  for (const auto& tty : ttys)
    out += fmt::format("{}{} is interface {}", out.empty() ? "" : ", ", tty.node(), tty.interface);
  return out;
}

}  // namespace

std::optional<UsbTty> usb_tty_at(const std::string& sysfs_path) {
  static const std::regex form(R"(.*/([0-9]+-[0-9.]+):[0-9]+\.([0-9]+)/(?:[^/]+/)?tty/([^/]+))");
  std::smatch found;
  if (!std::regex_match(sysfs_path, found, form)) return std::nullopt;
  return UsbTty{.name = found[3],
                .usb_path = found[1],
                .interface = static_cast<unsigned>(std::strtoul(found[2].str().c_str(), nullptr, 10))};
}

std::vector<UsbTty> usb_ttys() {
  std::vector<UsbTty> out;
  const std::unique_ptr<DIR, decltype(&::closedir)> folder(::opendir(ttys_folder.data()), &::closedir);
  while (const auto* entry = folder ? ::readdir(folder.get()) : nullptr) {
    const std::string name = entry->d_name;
    if (name.starts_with('.')) continue;
    auto tty = usb_tty_at(real_path(std::string(ttys_folder) + name));
    if (!tty) continue;
    tty->port = port_number(name);
    out.push_back(*std::move(tty));
  }
  std::ranges::sort(out, {}, [](const auto& tty) { return std::tie(tty.usb_path, tty.interface, tty.port); });
  return out;
}

Result<UsbTty> find_usb_tty(const std::vector<UsbTty>& ttys, const std::string& usb_path,
                            std::optional<unsigned> interface) {
  std::vector<UsbTty> there;
  std::vector<UsbTty> fitting;
  for (const auto& tty : ttys) {
    if (tty.usb_path != usb_path) continue;
    there.push_back(tty);
    if (!interface || tty.interface == *interface) fitting.push_back(tty);
  }
  if (fitting.size() == 1) return fitting.front();
  if (!fitting.empty())
    return Error(
        Errc::bad_input, Blame::configuration,
        fmt::format("the device at {} has several serial ports: add 'interface:' ({})", usb_path, listed(there)));
  const auto wanted = interface ? fmt::format(" at its interface {}", *interface) : std::string();
  return Error(Errc::unavailable, Blame::infrastructure,
               fmt::format("the device at {} has no serial port{}{}", usb_path, wanted,
                           there.empty() ? ": has the kernel a driver for it?" : ": " + listed(there)));
}

}  // namespace hilltop::drivers
