// SPDX-License-Identifier: Apache-2.0
#include "jobs/definition/lava_names.hpp"

namespace hilltop::jobs::lava {

using Names = std::vector<std::string>;

const Names& deploy_targets() {
  static const Names names = {"avh",           "docker",  "download", "downloads", "fastboot", "flasher", "fvp",
                              "iso-installer", "mps",     "musca",    "nbd",       "nfs",      "overlay", "qdl",
                              "recovery",      "sata",    "sd",       "ssh",       "tftp",     "tmpfs",   "u-boot-ums",
                              "usb",           "usbg-ms", "uuu",      "vemsd"};
  return names;
}

const Names& boot_methods() {
  static const Names names = {
      "avh",      "barebox",  "bootloader",     "cmsis-dap",  "depthcharge", "dfu",    "docker", "fastboot",
      "fvp",      "gdb",      "grub",           "grub-efi",   "ipxe",        "jlink",  "kexec",  "minimal",
      "monitor",  "musca",    "new_connection", "nodebooter", "openocd",     "pyocd",  "qdl",    "qemu",
      "qemu-iso", "qemu-nfs", "recovery",       "schroot",    "ssh",         "u-boot", "uefi",   "uefi-menu",
      "uuu"};
  return names;
}

const Names& test_kinds() {
  static const Names names = {"definitions", "interactive", "monitors", "services"};
  return names;
}

const Names& context_keys() {
  static const Names names = {"arch",
                              "boot_console",
                              "boot_root",
                              "cpu",
                              "extra_options",
                              "guestfs_driveid",
                              "guestfs_interface",
                              "guestfs_size",
                              "machine",
                              "memory",
                              "model",
                              "monitor",
                              "netdevice",
                              "no_kvm",
                              "no_network",
                              "serial",
                              "vga",
                              "booti_dtb_addr",
                              "booti_kernel_addr",
                              "booti_ramdisk_addr",
                              "bootm_dtb_addr",
                              "bootm_kernel_addr",
                              "bootm_ramdisk_addr",
                              "bootz_dtb_addr",
                              "bootz_kernel_addr",
                              "bootz_ramdisk_addr",
                              "deploy_character_delay",
                              "boot_character_delay",
                              "test_character_delay",
                              "boot_retry",
                              "failure_retry",
                              "bootloader_prompt",
                              "console_device",
                              "custom_kernel_args",
                              "extra_kernel_args",
                              "extra_nfsroot_args",
                              "kernel_loglevel",
                              "kernel_start_message",
                              "lava_test_results_dir",
                              "menu_interrupt_prompt",
                              "mustang_menu_list",
                              "tftp_mac_address",
                              "uboot_extra_error_message",
                              "uboot_needs_interrupt",
                              "uboot_altbank"};
  return names;
}

const Names& operating_systems() {
  static const Names names = {"android", "apertis",          "archlinux", "centos", "centos_installer",
                              "debian",  "debian_installer", "fedora",    "lede",   "oe",
                              "qnx",     "slackware",        "ubuntu"};
  return names;
}

const Names& builtin_commands() {
  static const Names names = {"pre_power_command", "pre_os_command", "hard_reset",    "power_on",
                              "power_off",         "recovery_mode",  "recovery_exit", "usbg_ms_commands_disable",
                              "stop_test_services"};
  return names;
}

const Names& supported_deploy_targets() {
  static const Names names = {"download", "downloads", "flasher", "mps",   "musca", "overlay",
                              "recovery", "sd",        "tftp",    "tmpfs", "usb",   "vemsd"};
  return names;
}

const Names& supported_boot_methods() {
  static const Names names = {"cmsis-dap", "dfu",      "gdb",     "grub",   "grub-efi", "jlink",
                              "kexec",     "minimal",  "monitor", "musca",  "openocd",  "pyocd",
                              "qemu",      "recovery", "ssh",     "u-boot", "uefi"};
  return names;
}

const Names& supported_test_kinds() {
  static const Names names = {"definitions", "interactive", "monitors"};
  return names;
}

const Names& supported_commands() {
  static const Names names = {"power_on",          "power_off",      "hard_reset",
                              "pre_power_command", "pre_os_command", "power_cut"};
  return names;
}

}  // namespace hilltop::jobs::lava
