// SPDX-License-Identifier: Apache-2.0
#include "drivers/emulator/qemu_boot.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "drivers/emulator/qemu_values.hpp"

namespace hilltop::drivers {
namespace {

using Words = std::vector<std::string>;

// The network that QEMU's user mode makes. Source: QEMU 7.2, "Network options", -netdev user (net, host, dhcpstart); a
// guestfwd may not be at the router's address, its default is .4.
constexpr auto router_ip = "10.0.2.2";
constexpr auto forward_address = "10.0.2.4";
constexpr auto first_dhcp_ip = "10.0.2.15";

void append(Words& to, Words words) { std::ranges::move(words, std::back_inserter(to)); }

Error unsupported(std::string text) { return Error(Errc::unsupported, Blame::job, std::move(text)); }

/// A folder within the job's whose files are files: QEMU's TFTP server would follow a link to anywhere.
Result<std::string> tftp_folder(const std::string& path, const std::string& job_dir) {
  std::error_code error;
  const auto whole = std::filesystem::canonical(job_dir, error);
  const auto dir = error ? std::filesystem::path() : std::filesystem::canonical(path, error);
  const bool inside = !error && std::mismatch(whole.begin(), whole.end(), dir.begin(), dir.end()).first == whole.end();
  if (job_dir.empty() || !inside || !std::filesystem::is_directory(dir, error))
    return denied("the TFTP folder " + path + " is not within the job's");
  for (std::filesystem::recursive_directory_iterator it(dir, error), end; !error && it != end; it.increment(error))
    if (it->is_symlink()) return denied("the TFTP folder has a link in it: " + it->path().filename().string());
  if (error) return system_error(dir.string(), error.value());
  return dir.string();
}

bool is_mac(std::string_view text) {
  constexpr std::size_t length = 17;
  if (text.size() != length) return false;
  for (std::size_t i = 0; i < length; ++i) {
    const char c = text[i];
    const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (i % 3 == 2 ? c != ':' : !hex) return false;
  }
  return true;
}

/// The card of `netdev`: the machine's own one, or one on a bus.
Words card_words(const std::string& card, const std::string& netdev, const std::string& mac) {
  if (card == "onboard") return {"-net", "nic,netdev=" + netdev + (mac.empty() ? "" : ",macaddr=" + mac)};
  return {"-device", card + ",netdev=" + netdev + (mac.empty() ? "" : ",mac=" + mac)};
}

}  // namespace

QemuBoot::QemuBoot(QemuAddress address, std::filesystem::path state_dir)
    : address_(std::move(address)), state_dir_(std::move(state_dir)) {}

BootFiles::Network QemuBoot::network() const {
  if (address_.network_card.empty()) return {};
  return {.tftp_ip = router_ip, .forward_ip = forward_address, .board_ip = first_dhcp_ip};
}

Words QemuBoot::drives() const {
  Words out;
  for (const auto& drive : address_.drives) out.push_back(drive.name);
  return out;
}

Result<> QemuBoot::check_files(Lent& lent) const {
  for (auto* path : {&lent.kernel, &lent.ramdisk, &lent.dtb}) {
    if (path->empty()) continue;
    HILLTOP_TRY(*path, file_of_job("boot file", *path, lent.job_dir));
  }
  if (lent.kernel.empty() && !(lent.ramdisk + lent.dtb + lent.command_line).empty())
    return Error(Errc::bad_input, Blame::job, "a ramdisk, device tree or command line needs a kernel");
  if (!lent.tftp_dir.empty()) {
    HILLTOP_TRY(lent.tftp_dir, tftp_folder(lent.tftp_dir, lent.job_dir));
  }
  for (const auto& link : lent.links)
    if (!is_mac(link.mac)) return denied("'" + link.mac + "' is no network card's address");
  const bool has_network = !address_.network_card.empty();
  if (!has_network && (!lent.tftp_dir.empty() || !lent.forwards.empty() || !lent.links.empty()))
    return unsupported("this board has no network");
  return ok();
}

Result<> QemuBoot::check_drives(Lent& lent) const {
  for (auto& [name, path] : lent.drives) {
    const auto drive = std::ranges::find(address_.drives, name, &QemuDrive::name);
    if (drive == address_.drives.end() || drive->readonly)
      return Error(Errc::bad_input, Blame::job, "this board has no drive '" + name + "' that a job may fill");
    HILLTOP_TRY(path, file_of_job("drive " + name, path, lent.job_dir));
    HILLTOP_CHECK(fit_image(*drive, path));
  }
  return ok();
}

Result<> QemuBoot::lend(Lent lent) {
  HILLTOP_CHECK(check_files(lent));
  HILLTOP_CHECK(check_drives(lent));
  lent_ = std::move(lent);
  return ok();
}

void QemuBoot::take_back() {
  lent_ = {};
  for (const auto& drive : address_.drives) forget_lease(drive, state_dir_);
}

Result<Words> QemuBoot::firmware_words() const {
  Words out;
  if (!lent_.kernel.empty()) {
    append(out, {"-kernel", lent_.kernel});
    if (!lent_.ramdisk.empty()) append(out, {"-initrd", lent_.ramdisk});
    if (!lent_.dtb.empty()) append(out, {"-dtb", lent_.dtb});
    if (!lent_.command_line.empty()) append(out, {"-append", lent_.command_line});
    return out;
  }
  for (const auto& [option, file] : {std::pair{"-bios", address_.bios}, std::pair{"-kernel", address_.kernel}}) {
    if (file.empty()) continue;
    std::error_code error;
    if (!std::filesystem::is_regular_file(file, error))
      return Error(Errc::not_found, Blame::configuration,
                   fmt::format("{}: {}: no such file", option + 1, file.string()));
    append(out, {option, file.string()});
  }
  return out;
}

Words QemuBoot::network_words() const {
  if (address_.network_card.empty()) return {};  // QEMU is run with -nodefaults
  // restrict=on: the board reaches nothing but what is named here.
  std::string value = "user,id=net0,restrict=on";
  if (!lent_.tftp_dir.empty()) value += ",tftp=" + comma_safe(lent_.tftp_dir);
  // A program for each connection: QEMU's own way to a socket shares one connection among all of the board's.
  for (const auto& [guest_port, host_port] : lent_.forwards)
    value +=
        fmt::format(",guestfwd=tcp:{}:{}-cmd:socat STDIO TCP4:127.0.0.1:{}", forward_address, guest_port, host_port);
  Words out{"-netdev", std::move(value)};
  append(out, card_words(address_.network_card, "net0", ""));
  for (std::size_t i = 0; i < lent_.links.size(); ++i) {
    const auto& link = lent_.links[i];
    const auto id = fmt::format("link{}", i);
    append(out, {"-netdev", fmt::format("dgram,id={},local.type=unix,local.path={},remote.type=unix,remote.path={}", id,
                                        comma_safe(link.local_path), comma_safe(link.remote_path))});
    append(out, card_words(address_.network_card, id, link.mac));
  }
  return out;
}

Task<Words> QemuBoot::drives_words(std::shared_ptr<QemuBoot> self, Deadline deadline) {
  Words out;
  for (const auto& drive : self->address_.drives) {
    // A kernel that is loaded directly takes the place of firmware.
    if (drive.interface == QemuDrive::Interface::pflash && !self->lent_.kernel.empty()) continue;
    if (const auto lent = self->lent_.drives.find(drive.name); lent != self->lent_.drives.end()) {
      HILLTOP_CO_TRY(auto words, drive_words(drive, lent->second, false));
      append(out, std::move(words));
    } else if (!drive.template_file.empty()) {
      HILLTOP_CO_TRY(const auto image, co_await own_image(drive, self->state_dir_, deadline));
      HILLTOP_CO_TRY(auto words, drive_words(drive, image, drive.keep == QemuDrive::Keep::power_on));
      append(out, std::move(words));
    }
  }
  co_return out;
}

Task<Words> QemuBoot::prepare(std::shared_ptr<QemuBoot> self, Deadline deadline) {
  HILLTOP_CO_TRY(auto out, self->firmware_words());
  HILLTOP_CO_TRY(auto drives, co_await drives_words(self, deadline));
  append(out, std::move(drives));
  append(out, self->network_words());
  co_return out;
}

}  // namespace hilltop::drivers
