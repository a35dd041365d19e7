// SPDX-License-Identifier: Apache-2.0
#include "tests/usb_lab/models/debug/cortex_m.hpp"

#include <map>

#include "tests/usb_lab/models/bytes.hpp"

namespace hilltop::usb_lab {
namespace {

enum Address : std::uint32_t {
  dwt_ctrl = 0xe0001000,
  fp_ctrl = 0xe0002000,
  fp_comparators = 0xe0002008,
  cpuid = 0xe000ed00,
  aircr = 0xe000ed0c,
  dfsr = 0xe000ed30,
  dhcsr = 0xe000edf0,
  dcrsr = 0xe000edf4,
  dcrdr = 0xe000edf8,
  demcr = 0xe000edfc,
  rom_table = 0xe00ff000,
};
enum Control : std::uint32_t { c_debugen = 1, c_halt = 2, c_step = 4 };
enum FaultStatus : std::uint32_t { halted = 1, breakpoint = 2, vector_catch = 8 };

bool is_comparator(std::uint32_t address) { return address >= fp_comparators && address < fp_comparators + 32; }

// Identification registers of a component (CoreSight, peripheral and component id).
std::uint32_t component(std::uint32_t offset, std::uint32_t part, std::uint32_t cls) {
  const std::map<std::uint32_t, std::uint32_t> ids{{0xfd0, 4},    {0xfe0, part}, {0xfe4, 0xb0 | (part >> 8)},
                                                   {0xfe8, 0x0b}, {0xff0, 0x0d}, {0xff4, cls},
                                                   {0xff8, 5},    {0xffc, 0xb1}};
  const auto found = ids.find(offset);
  return found == ids.end() ? 0 : found->second;
}

std::uint32_t rom_entry(std::uint32_t offset) {
  switch (offset) {
    case 0x000:
      return 0xfff0f003;  // system control space, data watchpoints, breakpoints: relative to the table
    case 0x004:
      return 0xfff02003;
    case 0x008:
      return 0xfff03003;
    case 0xfcc:
      return 1;  // system memory is on this bus
    case 0xfe4:
      return 0xb4;
    default:
      return component(offset, 0xc3, 0x10);
  }
}

bool is_private(std::uint32_t address) { return address >= 0xe0000000 && address < 0xe0100000; }
bool is_system_control(std::uint32_t address) { return address >= 0xe000e000 && address < 0xe000f000; }

}  // namespace

CortexM::CortexM(const Options& options) : target_(make_target(options)) {
  const auto flash = options.text("flash");
  if (flash == "stm32f1") flash_ = std::make_unique<Stm32f1Flash>(*target_);
  if (!flash.empty() && flash_ == nullptr) throw UsageError("flash=stm32f1 is the only flash controller");
}

bool CortexM::read_memory(std::uint32_t address, std::span<std::uint8_t> bytes) {
  if (flash_ != nullptr && flash_->owns(address)) return flash_->read(address, bytes);
  return target_->read(address, bytes);
}

bool CortexM::write_memory(std::uint32_t address, std::span<const std::uint8_t> bytes) {
  if (flash_ != nullptr && (flash_->owns(address) || flash_->is_flash(address))) return flash_->write(address, bytes);
  return target_->write(address, bytes);
}

bool CortexM::read(std::uint32_t address, std::uint32_t& value) {
  value = 0;
  if (target_->take_stop()) fault_status_ |= breakpoint;
  if (is_private(address) && !(flash_ != nullptr && flash_->owns(address)) && read_register(address, value))
    return true;
  std::array<std::uint8_t, 4> bytes{};
  if (!read_memory(address, bytes)) return false;
  value = get32(bytes, 0);
  return true;
}

std::uint32_t CortexM::read_status() {
  const bool is_halted = !target_->running();
  if (is_halted) control_ |= c_halt;  // hardware sets it at a debug event
  const auto value = control_ | 1U << 16 | (is_halted ? 1U << 17 : 0) | (was_reset_ ? 1U << 25 : 0);
  was_reset_ = false;
  return value;
}

/// False: it is memory after all.
bool CortexM::read_register(std::uint32_t address, std::uint32_t& value) {
  if (is_comparator(address)) {
    value = comparators_[(address - fp_comparators) / 4];
    return true;
  }
  switch (address) {
    case cpuid:
      value = 0x412fc231;
      return true;  // Cortex-M3 r2p1
    case dhcsr:
      value = read_status();
      return true;
    case dcrdr:
      value = data_;
      return true;
    case demcr:
      value = exceptions_;
      return true;
    case dfsr:
      value = fault_status_;
      return true;
    case aircr:
      value = 0xfa050000;
      return true;
    case fp_ctrl:
      value = breakpoints_;
      return true;
    case dwt_ctrl:
      value = 0x40000000;
      return true;  // four watchpoints, which are not simulated
    default:
      break;
  }
  if (address >= rom_table)
    value = rom_entry(address - rom_table);
  else if (!is_system_control(address))
    value = component(address & 0xfff, 0x03, 0xe0);
  return address >= rom_table || !is_system_control(address);
}

bool CortexM::write(std::uint32_t address, std::uint32_t value) {
  if (target_->take_stop()) fault_status_ |= breakpoint;
  if (is_private(address) && write_register(address, value)) return true;
  Bytes bytes;
  put32(bytes, value);
  return write_memory(address, bytes);
}

bool CortexM::write_register(std::uint32_t address, std::uint32_t value) {
  if (is_comparator(address)) {
    set_comparator((address - fp_comparators) / 4, value);
    return true;
  }
  switch (address) {
    case dhcsr:
      control(value);
      return true;
    case dcrsr:
      transfer_core_register(value);
      return true;
    case dcrdr:
      data_ = value;
      return true;
    case demcr:
      exceptions_ = value;
      return true;
    case dfsr:
      fault_status_ &= ~value;
      return true;
    case aircr:
      if (value >> 16 == 0x05fa && (value & 5) != 0) reset();
      return true;
    case fp_ctrl:
      breakpoints_ = (breakpoints_ & ~1U) | (value & 1);
      return true;
    default:
      return !is_system_control(address);
  }
}

void CortexM::control(std::uint32_t value) {
  if (value >> 16 != 0xa05f) return;
  const auto before = control_;
  control_ = value & 0x0f;
  if ((value & c_debugen) == 0) {
    target_->resume();
    control_ = 0;
  } else if ((value & c_halt) != 0) {
    if (target_->running()) fault_status_ |= halted;
    target_->halt();
  } else if ((value & c_step) != 0) {
    target_->step();
    fault_status_ |= halted;
    control_ |= c_halt;
  } else if ((before & c_halt) != 0 || !target_->running()) {
    target_->resume();
  }
}

void CortexM::transfer_core_register(std::uint32_t selector) {
  const auto wanted = selector & 0x7f;
  const auto number = wanted == 17 ? 13 : wanted;  // MSP is the stack pointer: the stub does not tell the two apart
  if ((selector & 0x10000) != 0)
    target_->set_core_register(number, data_);
  else
    data_ = target_->core_register(number).value_or(0);
}

void CortexM::set_comparator(unsigned number, std::uint32_t value) {
  const auto place = [](std::uint32_t comparator) {
    return (comparator & 0x1ffffffc) | (comparator >> 30 == 2 ? 2U : 0U);
  };
  auto& now = comparators_[number];
  if ((now & 1) != 0) target_->set_breakpoint(place(now), false);
  now = value;
  if ((now & 1) != 0) target_->set_breakpoint(place(now), true);
}

void CortexM::reset() {
  const bool caught = (exceptions_ & 1) != 0;  // VC_CORERESET
  target_->reset(caught);
  was_reset_ = true;
  if (!caught) return;
  control_ |= c_halt;
  fault_status_ |= vector_catch;
}

}  // namespace hilltop::usb_lab
