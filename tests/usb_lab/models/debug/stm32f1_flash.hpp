// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/usb_lab/models/debug/target.hpp"

namespace hilltop::usb_lab {

/// The flash controller of an STM32F1 (ST PM0075) in front of memory that knows of none, with the two registers by
/// which OpenOCD recognizes the chip. Flash takes a write only while the controller is unlocked and programming.
/// Vouched for by OpenOCD's stm32f1x driver.
class Stm32f1Flash {
 public:
  explicit Stm32f1Flash(Target& target) : target_(target) {}

  /// Whether `address` is a register of its own.
  [[nodiscard]] bool owns(std::uint32_t address) const;
  [[nodiscard]] bool is_flash(std::uint32_t address) const;
  bool read(std::uint32_t address, std::span<std::uint8_t> bytes) const;
  bool write(std::uint32_t address, std::span<const std::uint8_t> bytes);

 private:
  void write_register(std::uint32_t offset, std::uint32_t value);
  void erase(std::uint32_t address, std::uint32_t size);

  Target& target_;
  std::uint32_t status_ = 0;
  std::uint32_t control_ = 0x80;  ///< locked
  std::uint32_t address_ = 0;
  bool half_unlocked_ = false;
};

}  // namespace hilltop::usb_lab
