// SPDX-License-Identifier: Apache-2.0
#include "drivers/emulator/qemu_devices.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "drivers/emulator/qemu_options.hpp"
#include "drivers/emulator/qemu_values.hpp"
#include "drivers/protocol/byte_size.hpp"

namespace hilltop::drivers {
namespace {

using Words = std::vector<std::string>;

// Source of the names in this file: QEMU 7.2, `-M help` and `-device help` of Debian's qemu-system-*.
constexpr std::string_view devices[] = {"virtio-blk-device",
                                        "virtio-blk-pci",
                                        "virtio-blk",
                                        "virtio-net-device",
                                        "virtio-net-pci",
                                        "virtio-net",
                                        "virtio-rng-device",
                                        "virtio-rng-pci",
                                        "virtio-rng",
                                        "virtio-scsi-device",
                                        "virtio-scsi-pci",
                                        "virtio-gpu-pci",
                                        "virtio-gpu-device",
                                        "virtio-vga",
                                        "virtio-keyboard-pci",
                                        "virtio-tablet-pci",
                                        "virtio-balloon-pci",
                                        "virtio-balloon-device",
                                        "ide-hd",
                                        "ide-cd",
                                        "scsi-hd",
                                        "scsi-cd",
                                        "sd-card",
                                        "nvme",
                                        "ahci",
                                        "ich9-ahci",
                                        "qemu-xhci",
                                        "nec-usb-xhci",
                                        "usb-ehci",
                                        "usb-kbd",
                                        "usb-mouse",
                                        "usb-tablet",
                                        "usb-storage",
                                        "usb-net",
                                        "e1000",
                                        "e1000e",
                                        "rtl8139",
                                        "pcnet",
                                        "ne2k_pci",
                                        "i82559er",
                                        "pcie-root-port",
                                        "pcie-pci-bridge",
                                        "isa-debug-exit",
                                        "VGA",
                                        "ramfb",
                                        "sdhci-pci",
                                        "i6300esb",
                                        "tpm-tis-device"};

constexpr std::string_view machines[] = {"virt",
                                         "pc",
                                         "q35",
                                         "microvm",
                                         "microbit",
                                         "mps2-an385",
                                         "mps2-an386",
                                         "mps2-an500",
                                         "mps2-an505",
                                         "mps2-an511",
                                         "mps2-an521",
                                         "mps3-an524",
                                         "mps3-an547",
                                         "lm3s6965evb",
                                         "lm3s811evb",
                                         "stm32vldiscovery",
                                         "netduino2",
                                         "netduinoplus2",
                                         "musca-a",
                                         "musca-b1",
                                         "emcraft-sf2",
                                         "versatilepb",
                                         "versatileab",
                                         "vexpress-a9",
                                         "vexpress-a15",
                                         "realview-pb-a8",
                                         "sabrelite",
                                         "raspi0",
                                         "raspi1ap",
                                         "raspi2b",
                                         "raspi3b",
                                         "orangepi-pc",
                                         "cubieboard",
                                         "xilinx-zynq-a9",
                                         "xlnx-zcu102",
                                         "xlnx-versal-virt",
                                         "sbsa-ref",
                                         "highbank",
                                         "sifive_e",
                                         "sifive_u",
                                         "spike",
                                         "opentitan",
                                         "malta",
                                         "mac99",
                                         "g3beige",
                                         "pseries",
                                         "powernv",
                                         "ppce500",
                                         "s390-ccw-virtio",
                                         "SS-5",
                                         "sun4u",
                                         "clipper",
                                         "hppa",
                                         "r2d",
                                         "sim",
                                         "de212",
                                         "collie",
                                         "integratorcp",
                                         "akita",
                                         "terrier",
                                         "mcimx6ul-evk",
                                         "mcimx7d-sabre",
                                         "integratorap",
                                         "qemu-xtensa",
                                         "lx60",
                                         "kc705",
                                         "nios2",
                                         "10m50-ghrd",
                                         "ast2500-evb",
                                         "ast2600-evb"};

bool listed(std::string_view name, std::span<const std::string_view> list) {
  return std::ranges::find(list, name) != list.end();
}

bool is_word(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("._-+:").contains(c);
  });
}

Result<> only_words(std::string_view option, const OptionValue& value) {
  for (const auto& [key, text] : value.keys)
    if (!is_word(text)) return denied(fmt::format("{} ...{}={}: this value is not allowed", option, key, text));
  return ok();
}

bool is_versioned(std::string_view name) {
  return is_word(name) && (name.starts_with("virt-") || name.starts_with("pc-i440fx-") || name.starts_with("pc-q35-"));
}

Result<Words> loader(OptionValue value, const std::filesystem::path& job_dir) {
  HILLTOP_CHECK(
      only_keys("-device loader", value, {"file", "addr", "cpu-num", "data", "data-len", "data-be", "force-raw"}));
  for (auto& [key, text] : value.keys) {
    if (key == "file") {
      HILLTOP_TRY(text, file_of_job("-device loader,file=", text, job_dir));
    } else if (!is_word(text)) {
      return denied("-device loader,..." + key + "=" + text + ": this value is not allowed");
    }
  }
  return Words{"-device", value.to_string()};
}

}  // namespace

Result<std::vector<std::string>> device_option(std::string_view text, const std::filesystem::path& job_dir) {
  HILLTOP_TRY(auto value, read_option_value(text));
  if (value.first == "loader") return loader(std::move(value), job_dir);
  if (!listed(value.first, devices))
    return denied(fmt::format("-device {}: this device is not on the list of allowed ones", text));
  HILLTOP_CHECK(only_keys("-device", value,
                          {"id",
                           "drive",
                           "bus",
                           "addr",
                           "netdev",
                           "mac",
                           "bootindex",
                           "serial",
                           "rng",
                           "port",
                           "slot",
                           "chassis",
                           "scsi-id",
                           "lun",
                           "disable-legacy",
                           "disable-modern",
                           "iommu_platform",
                           "logical_block_size",
                           "physical_block_size",
                           "max-bytes",
                           "period",
                           "removable",
                           "multifunction",
                           "iobase",
                           "iosize",
                           "speed",
                           "unit"}));
  HILLTOP_CHECK(only_words("-device", value));
  return Words{"-device", value.to_string()};
}

Result<std::vector<std::string>> object_option(std::string_view text) {
  HILLTOP_TRY(auto value, read_option_value(text));
  if (value.first == "rng-random" || value.first == "rng-builtin") {
    HILLTOP_CHECK(only_keys("-object", value, {"id", "filename"}));
    const auto* id = value.find("id");
    if (id == nullptr || !is_word(*id)) return denied(fmt::format("-object {}: an id was expected", text));
    return Words{"-object", "rng-builtin,id=" + *id};
  }
  if (value.first != "memory-backend-ram")
    return denied(fmt::format("-object {}: only memory-backend-ram and rng-* are allowed", text));
  HILLTOP_CHECK(only_keys("-object", value, {"id", "size"}));
  HILLTOP_CHECK(only_words("-object", value));
  if (const auto* size = value.find("size")) HILLTOP_CHECK(allowed_memory(*size));
  return Words{"-object", value.to_string()};
}

Result<std::vector<std::string>> network_option(std::string_view option, std::string_view text) {
  HILLTOP_TRY(auto value, read_option_value(text));
  if (value.first == "none" && value.keys.empty()) return Words{std::string(option), "none"};
  if (value.first == "nic" && option == "-net") {
    HILLTOP_CHECK(only_keys(option, value, {"model", "macaddr", "netdev", "name", "vectors"}));
  } else if (value.first == "user") {
    std::erase_if(value.keys, [](const auto& key) { return key.first == "restrict"; });
    for (const auto& [key, ignored] : value.keys) {
      if (key == "hostfwd" || key == "guestfwd" || key == "smb" || key == "tftp")
        return denied(fmt::format("{} {}: {} would reach the host's network or files", option, text, key));
    }
    HILLTOP_CHECK(only_keys(option, value, {"id", "model", "mac", "macaddr", "ipv4", "ipv6", "hostname"}));
    value.keys.emplace_back("restrict", "on");
  } else {
    return denied(fmt::format("{} {}: only user-mode networks (user) are allowed", option, text));
  }
  HILLTOP_CHECK(only_words(option, value));
  return Words{std::string(option), value.to_string()};
}

Result<std::string> allowed_machine(std::string_view text) {
  HILLTOP_TRY(auto value, read_option_value(text));
  if (const auto* type = value.find("type"); type != nullptr && value.first.empty()) value.first = *type;
  if (!listed(value.first, machines) && !is_versioned(value.first))
    return denied(fmt::format("the machine '{}' is not on the list of allowed ones",
                              value.first.empty() ? std::string(text) : value.first));
  std::erase_if(value.keys, [](const auto& key) { return key.first == "type"; });
  HILLTOP_CHECK(only_keys("-machine", value,
                          {"virtualization",
                           "secure",
                           "gic-version",
                           "accel",
                           "acpi",
                           "usb",
                           "mte",
                           "highmem",
                           "iommu",
                           "its",
                           "ras",
                           "pflash0",
                           "pflash1",
                           "smm",
                           "hpet",
                           "hmat",
                           "aclint",
                           "graphics",
                           "pic",
                           "pit",
                           "rtc",
                           "memory-backend",
                           "dtb-randomness",
                           "kernel-irqchip",
                           "kernel_irqchip",
                           "vmport",
                           "pcspk-audiodev",
                           "core-type"}));
  HILLTOP_CHECK(only_words("-machine", value));
  if (const auto* accel = value.find("accel"); accel != nullptr && *accel != "tcg")
    return denied("-machine ...accel=" + *accel + ": only tcg is allowed");
  return value.to_string();
}

Result<std::string> allowed_cpu(std::string_view value) {
  if (value == "host" || value.starts_with("host,"))
    return denied("the cpu 'host' needs KVM, and boards are emulated without it: name a model, or 'max'");
  const bool plain =
      !value.empty() && std::ranges::all_of(value, [](char c) { return is_word({&c, 1}) || c == ',' || c == '='; });
  if (!plain) return denied(fmt::format("the cpu '{}' is not allowed", value));
  return std::string(value);
}

Result<std::string> allowed_memory(std::string_view value) {
  if (value.starts_with("size=")) value.remove_prefix(5);
  const auto digits_only = std::ranges::all_of(value, [](char c) { return c >= '0' && c <= '9'; });
  const auto number = size_from(value);
  if (!number || *number == 0)
    return Error(Errc::bad_input, Blame::job, fmt::format("memory '{}': a size such as 512 or 1G was expected", value));
  constexpr std::uint64_t most = 4ull << 30;
  const std::uint64_t unit = digits_only ? 1ull << 20 : 1;  // QEMU counts in MiB
  if (*number > most / unit) return denied(fmt::format("memory '{}': at most 4 GiB are allowed", value));
  return std::string(value);
}

}  // namespace hilltop::drivers
