// SPDX-License-Identifier: Apache-2.0
#include "tests/usb_lab/models/dfuse.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace hilltop::usb_lab {
namespace {

constexpr std::uint32_t flash_base = 0x08000000;
constexpr std::uint32_t flash_size = 1024 * 1024;
enum Command : std::uint8_t { get_commands = 0x00, set_address = 0x21, erase_command = 0x41, read_unprotect = 0x92 };
constexpr std::uint8_t err_target = 0x01;
constexpr std::uint8_t err_address = 0x08;

struct Sector {
  std::uint32_t begin, size;
};
/// 4 * 16 KiB, 64 KiB, 7 * 128 KiB, as an STM32F4.
Sector sector_of(std::uint32_t offset) {
  constexpr std::uint32_t kib = 1024;
  if (offset < 64 * kib) return {offset / (16 * kib) * (16 * kib), 16 * kib};
  if (offset < 128 * kib) return {64 * kib, 64 * kib};
  return {offset / (128 * kib) * (128 * kib), 128 * kib};
}

}  // namespace

DfuSe::DfuSe(const Options& options) : Dfu(options) {
  image_.resize(flash_size, 0xff);
  busy_between_blocks();
  Description d;
  d.vendor = 0x0483;
  d.product = 0xdf11;
  d.release = 0x2200;
  d.manufacturer = "STMicroelectronics";
  d.name = "STM32  BOOTLOADER";
  d.serial = "205A3876574E";
  describe_loader({{.alternate = 0, .name = "@Internal Flash  /0x08000000/04*016Kg,01*064Kg,07*128Kg"},
                   {.alternate = 1, .name = "@Option Bytes  /0x1FFFC000/01*016 e"}},
                  std::move(d), 0x011a);
}

bool DfuSe::fits(std::uint32_t address, std::size_t size) const {
  return address >= flash_base && address - flash_base <= flash_size && size <= flash_size - (address - flash_base);
}

bool DfuSe::take_block(std::uint16_t block, const Bytes& data) {
  if (block == 0) return command(data);
  const auto address = address_ + (block - 2U) * transfer_size();
  if (block == 1 || alternate(0) != 0 || !fits(address, data.size())) return fail(err_address);
  for (std::size_t i = 0; i < data.size(); ++i) {
    auto& byte = image_[address - flash_base + i];
    if (byte != 0xff && byte != data[i]) return fail(err_target);  // not erased
    byte = data[i];
  }
  state().put(fmt::format("write {:08x} {}", address, data.size()));
  return true;
}

bool DfuSe::command(const Bytes& data) {
  if (data.size() == 1 && data[0] == erase_command) {
    std::ranges::fill(image_, 0xff);
    state().put("erase all");
    return true;
  }
  if (data.size() != 5) return fail(err_target);
  const auto address = get32(data, 1);
  if (data[0] == erase_command) return erase(address);
  if (data[0] != set_address) return fail(err_target);
  address_ = address;
  return true;
}

bool DfuSe::erase(std::uint32_t address) {
  if (!fits(address, 1)) return fail(err_address);
  const auto sector = sector_of(address - flash_base);
  std::fill_n(image_.begin() + sector.begin, sector.size, 0xff);
  state().put(fmt::format("erase {:08x}", flash_base + sector.begin));
  return true;
}

Bytes DfuSe::give_block(std::uint16_t block, std::size_t room) {
  if (block == 0) return {get_commands, set_address, erase_command, read_unprotect};
  const auto address = address_ + (block - 2U) * transfer_size();
  if (block == 1 || !fits(address, 0)) return {};
  const auto from = image_.begin() + (address - flash_base);
  return {from, from + static_cast<std::ptrdiff_t>(std::min<std::size_t>(room, flash_base + flash_size - address))};
}

bool DfuSe::finish() {
  state().put(fmt::format("dfu leave {:08x}", address_));
  keep_image();
  at_ = manifest;
  return true;
}

}  // namespace hilltop::usb_lab
