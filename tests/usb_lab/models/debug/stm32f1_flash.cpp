// SPDX-License-Identifier: Apache-2.0
#include "tests/usb_lab/models/debug/stm32f1_flash.hpp"

#include <array>

#include "tests/usb_lab/models/bytes.hpp"

namespace hilltop::usb_lab {
namespace {

constexpr std::uint32_t flash_base = 0x08000000;
constexpr std::uint32_t flash_size = 128 * 1024;
constexpr std::uint32_t page = 1024;
constexpr std::uint32_t registers = 0x40022000;
constexpr std::uint32_t device_id = 0xe0042000;
constexpr std::uint32_t flash_size_register = 0x1ffff7e0;
enum Offset : std::uint32_t { acr = 0x00, keyr = 0x04, sr = 0x0c, cr = 0x10, ar = 0x14, obr = 0x1c, wrpr = 0x20 };
enum Control : std::uint32_t { pg = 1, per = 2, mer = 4, strt = 0x40, lock = 0x80 };
enum Status : std::uint32_t { pgerr = 0x04, wrprterr = 0x10, eop = 0x20 };

}  // namespace

bool Stm32f1Flash::owns(std::uint32_t address) const {
  return (address >= registers && address < registers + 0x24) || address == device_id ||
         (address & ~3U) == flash_size_register;
}

bool Stm32f1Flash::is_flash(std::uint32_t address) const {
  return address >= flash_base && address < flash_base + flash_size;
}

bool Stm32f1Flash::read(std::uint32_t address, std::span<std::uint8_t> bytes) const {
  std::uint32_t value = 0;
  if (address == device_id) {
    value = 0x10016420;  // STM32F100, medium density value line
  } else if ((address & ~3U) == flash_size_register) {
    value = flash_size / 1024;
  } else {
    switch (address - registers) {
      case acr:
        value = 0x30;
        break;
      case sr:
        value = status_;
        break;
      case cr:
        value = control_;
        break;
      case ar:
        value = address_;
        break;
      case obr:
        value = 0x03fffffc;
        break;
      case wrpr:
        value = 0xffffffff;
        break;
      default:
        break;
    }
  }
  Bytes word;
  put32(word, value);
  for (std::size_t i = 0; i < bytes.size() && i < word.size(); ++i) bytes[i] = word[i];
  return true;
}

bool Stm32f1Flash::write(std::uint32_t address, std::span<const std::uint8_t> bytes) {
  if (is_flash(address)) {
    if ((control_ & pg) == 0 || (control_ & lock) != 0) {
      status_ |= pgerr;
      return true;
    }
    status_ |= eop;
    return target_.write(address, bytes);
  }
  if (bytes.size() == 4 && address >= registers && address < registers + 0x24)
    write_register(address - registers, get32(bytes, 0));
  return true;
}

void Stm32f1Flash::write_register(std::uint32_t offset, std::uint32_t value) {
  switch (offset) {
    case keyr:
      if (half_unlocked_ && value == 0xcdef89ab) control_ &= ~lock;
      half_unlocked_ = value == 0x45670123;
      break;
    case sr:
      status_ &= ~(value & (pgerr | wrprterr | eop));
      break;
    case ar:
      address_ = value;
      break;
    case cr:
      if ((control_ & lock) != 0 && (value & lock) == 0) break;  // the key alone unlocks it
      control_ = value;
      if ((value & strt) == 0) break;
      if ((value & mer) != 0)
        erase(flash_base, flash_size);
      else if ((value & per) != 0)
        erase(address_ & ~(page - 1), page);
      control_ &= ~strt;
      status_ |= eop;
      break;
    default:
      break;
  }
}

void Stm32f1Flash::erase(std::uint32_t address, std::uint32_t size) {
  std::array<std::uint8_t, 512> empty;
  empty.fill(0xff);
  for (std::uint32_t done = 0; done < size; done += empty.size()) (void)target_.write(address + done, empty);
}

}  // namespace hilltop::usb_lab
