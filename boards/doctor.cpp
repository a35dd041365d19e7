// SPDX-License-Identifier: Apache-2.0
#include "boards/doctor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>

namespace hilltop::boards {
namespace {

using State = DoctorCheck::State;

/// A tool by the name that an address has for it: its driver's, or that of `tool:`.
struct KnownTool {
  std::string_view name, program, version_argument, package;
};

// Source: the tools' own manual pages and --help; packages as in Debian 12, else where the maker has it.
constexpr auto known_tools = std::to_array<KnownTool>({
    {"openocd", "openocd", "--version", "apt install openocd"},
    {"ssh", "ssh", "-V", "apt install openssh-client"},
    {"pyocd", "pyocd", "--version", "apt install python3-pyocd, or pipx install pyocd for newer chips"},
    {"jlink", "JLinkExe", "-?", "the J-Link software from segger.com"},
    {"st-flash", "st-flash", "--version", "apt install stlink-tools"},
    {"stlink", "st-flash", "--version", "apt install stlink-tools"},
    {"esptool", "esptool", "version", "apt install esptool"},
    {"bossac", "bossac", "--help", "apt install bossa-cli"},
    {"avrdude", "avrdude", "-?", "apt install avrdude"},
    {"stm32flash", "stm32flash", "-h", "apt install stm32flash"},
    {"nrfutil", "nrfutil", "--version", "nrfutil from nordicsemi.com, then nrfutil install device"},
    {"picotool", "picotool", "version", "picotool from github.com/raspberrypi/picotool"},
    {"fastboot", "fastboot", "--version", "apt install fastboot"},
    {"uuu", "uuu", "-h", "uuu from github.com/nxp-imx/mfgtools"},
    {"rkdeveloptool", "rkdeveloptool", "-v", "apt install rkdeveloptool"},
    {"sunxi-fel", "sunxi-fel", "version", "apt install sunxi-tools"},
    {"qdl", "qdl", "--version", "apt install qdl, or github.com/linux-msm/qdl"},
    {"openFPGALoader", "openFPGALoader", "--Version", "apt install openfpgaloader"},
    {"daplink", "mcopy", "--version", "apt install mtools"},
    {"uf2", "mtype", "--version", "apt install mtools"},
    {"v2m-storage", "mcopy", "--version", "apt install mtools"},
});

/// The paths below /dev of an address, with their keys.
void device_paths(const Node& address, std::vector<std::string>& out) {
  for (const auto& entry : address.entries()) device_paths(entry.value, out);
  for (const auto& item : address.items()) device_paths(item, out);
  if (address.is_string() && address.text().starts_with("/dev/")) out.push_back(address.text());
}

std::string group_of(std::string_view path) { return path.find("disk") == path.npos ? "dialout" : "disk"; }

DoctorCheck check_path(const DoctorView& view, const std::string& subject, const std::string& path) {
  const auto access = view.access(path);
  if (!access.there)
    return {State::bad, subject, path + " is not there", "is it plugged in? `hilltop discover` lists what is"};
  if (access.usable) return {State::good, subject, path, ""};
  const auto group = group_of(path);
  if (std::ranges::find(view.groups, group) != view.groups.end())
    return {State::bad, subject, path + " may not be read and written", "look at the rights of the file"};
  return {
      State::bad, subject, path + " may not be read and written",
      fmt::format("put the daemon's user into the group {}: usermod -aG {} USER, and start it again", group, group)};
}

/// The serial number and the place by which an address means a USB device; both empty where it means none.
struct UsbIdentity {
  std::string serial, path;
  [[nodiscard]] bool empty() const { return serial.empty() && path.empty(); }
  [[nodiscard]] bool fits(const drivers::HardwareDevice& device) const {
    return (serial.empty() || device.serial == serial) && (path.empty() || device.path == path);
  }
  [[nodiscard]] std::string title() const {
    if (serial.empty()) return "at " + path;
    return "with serial number " + serial + (path.empty() ? "" : " at " + path);
  }
};

UsbIdentity usb_identity(const Node& address) {
  UsbIdentity out;
  for (const auto& map : {address, address["usb"]}) {
    if (out.serial.empty()) out.serial = map["serial"].text();
    const auto& path = map["path"].text();
    if (out.path.empty() && path.find_first_not_of("0123456789.-") == path.npos) out.path = path;
  }
  return out;
}

DoctorCheck check_device(const DoctorView& view, const std::string& subject, const UsbIdentity& identity) {
  const auto fits = [&](const auto& one) { return identity.fits(one); };
  const auto count = std::ranges::count_if(view.hardware.usb, fits);
  if (count == 0)
    return {State::bad, subject, "there is no USB device " + identity.title(),
            "is it plugged in? `hilltop discover` lists what is"};
  if (count > 1) {
    std::string places;
    for (const auto& one : view.hardware.usb)
      if (fits(one)) places += (places.empty() ? "" : " or ") + one.path;
    return {State::bad, subject, fmt::format("there are {} USB devices {}", count, identity.title()),
            "name it by its place, too: path: " + places};
  }
  const auto found = std::ranges::find_if(view.hardware.usb, fits);
  if (found->usable)
    return {State::good, subject, fmt::format("{} {} at {}", found->id(), found->name, found->path), ""};
  return {State::bad, subject, fmt::format("{} {} may not be opened", found->id(), found->name),
          "install deploy/udev/70-hilltop.rules (the file says how), and plug it in again"};
}

void check_board(const DoctorView& view, const BoardConfig& board, std::vector<DoctorCheck>& out) {
  for (const auto& [role, address] : board.addresses.entries()) {
    if (role.text() == "emulator") continue;
    const auto subject = "board " + board.name + ": " + role.text();
    std::vector<std::string> paths;
    device_paths(address, paths);
    for (const auto& path : paths) out.push_back(check_path(view, subject, path));
    if (const auto identity = usb_identity(address); !identity.empty())
      out.push_back(check_device(view, subject, identity));
  }
}

void add_reason(NeededTool& tool, const std::string& board) {
  if (!tool.because.ends_with(' ' + board)) tool.because += (tool.because.empty() ? "board " : ", ") + board;
}

/// An emulator is a program a system; where the job chooses the system, none is needed before.
void add_emulator(std::map<std::string, NeededTool>& by_name, const std::string& board, const std::string& system) {
  if (system.empty()) return;
  auto& tool = by_name["qemu-system-" + system];
  tool.name = "qemu";
  tool.argv = {"qemu-system-" + system, "--version"};
  tool.package = "apt install qemu-system, or the package of this one alone";
  add_reason(tool, board);
}

std::string first_line(const std::string& text) {
  const auto begin = text.find_first_not_of("\r\n ");
  if (begin == text.npos) return "";
  return text.substr(begin, text.find_first_of("\r\n", begin) - begin);
}

}  // namespace

std::string_view to_string(State state) noexcept {
  constexpr std::array<std::string_view, 3> words{"good", "warning", "bad"};
  return words[static_cast<std::size_t>(state)];
}

std::vector<NeededTool> needed_tools(const std::vector<BoardConfig>& boards) {
  std::map<std::string, NeededTool> by_name;
  for (const auto& board : boards) {
    for (const auto& [role, address] : board.addresses.entries()) {
      const auto& name = address["tool"].text().empty() ? address["driver"].text() : address["tool"].text();
      if (name == "qemu") {
        add_emulator(by_name, board.name, address["system"].text());
        continue;
      }
      const auto known = std::ranges::find(known_tools, name, &KnownTool::name);
      if (known == known_tools.end()) continue;
      auto& tool = by_name[std::string(known->program)];
      tool.name = known->name;
      tool.argv = {std::string(known->program), std::string(known->version_argument)};
      tool.package = known->package;
      add_reason(tool, board.name);
    }
  }
  std::vector<NeededTool> out;
  for (auto& [program, tool] : by_name) out.push_back(std::move(tool));
  return out;
}

std::vector<DoctorCheck> check_permissions(const DoctorView& view, const std::vector<BoardConfig>& boards) {
  std::vector<DoctorCheck> out;
  if (view.is_root)
    out.push_back({State::warning, "user", "the daemon runs as root",
                   "give it a user of its own, in the groups dialout and plugdev, and deploy/udev/70-hilltop.rules"});
  if (!view.has_udev_rules && !view.is_root)
    out.push_back(
        {State::warning, "udev rules", "70-hilltop.rules is not installed",
         "cp deploy/udev/70-hilltop.rules /etc/udev/rules.d/ && udevadm control --reload && udevadm trigger"});
  for (const auto& board : boards) check_board(view, board, out);
  return out;
}

DoctorCheck check_tool(const NeededTool& tool, int status, const std::string& said) {
  const auto subject = "tool " + tool.argv.front();
  if (status < 0)
    return {State::bad, subject, fmt::format("it is not installed ({} needs it)", tool.because), tool.package};
  const auto line = first_line(said);
  return {State::good, subject, line.empty() ? "it is installed" : line, ""};
}

nlohmann::json to_json(const std::vector<DoctorCheck>& checks) {
  auto out = nlohmann::json::array();
  for (const auto& one : checks)
    out.push_back(
        {{"state", to_string(one.state)}, {"subject", one.subject}, {"detail", one.detail}, {"fix", one.fix}});
  return {{"checks", std::move(out)}};
}

}  // namespace hilltop::boards
