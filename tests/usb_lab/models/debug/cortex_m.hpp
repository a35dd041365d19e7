// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <memory>

#include "tests/usb_lab/models/debug/stm32f1_flash.hpp"
#include "tests/usb_lab/models/debug/target.hpp"

namespace hilltop::usb_lab {

/// The memory that a probe sees of a Cortex-M3: the target's own, and the debug registers in front of it (ARMv7-M
/// Architecture Reference Manual, C1): DHCSR, DCRSR, DCRDR, DEMCR, DFSR, AIRCR, six breakpoints, the ROM table.
/// Option flash=stm32f1: the flash controller of an STM32F1 too (stm32f1_flash.hpp).
class CortexM {
 public:
  explicit CortexM(const Options& options);

  bool alive() { return target_->alive(); }
  /// Words of the whole address space; false: a bus fault.
  bool read(std::uint32_t address, std::uint32_t& value);
  bool write(std::uint32_t address, std::uint32_t value);
  /// Memory, not debug registers, of any size.
  bool read_memory(std::uint32_t address, std::span<std::uint8_t> bytes);
  bool write_memory(std::uint32_t address, std::span<const std::uint8_t> bytes);
  /// The reset line.
  void reset();

 private:
  bool read_register(std::uint32_t address, std::uint32_t& value);
  std::uint32_t read_status();
  bool write_register(std::uint32_t address, std::uint32_t value);
  void control(std::uint32_t value);
  void transfer_core_register(std::uint32_t selector);
  void set_comparator(unsigned number, std::uint32_t value);

  std::unique_ptr<Target> target_;
  std::unique_ptr<Stm32f1Flash> flash_;
  std::uint32_t control_ = 0;  ///< DHCSR 3..0
  std::uint32_t data_ = 0;     ///< DCRDR
  std::uint32_t exceptions_ = 0;
  std::uint32_t fault_status_ = 0;
  std::uint32_t breakpoints_ = 0x260;  ///< FP_CTRL: six comparators
  std::array<std::uint32_t, 8> comparators_{};
  bool was_reset_ = true;
};

}  // namespace hilltop::usb_lab
