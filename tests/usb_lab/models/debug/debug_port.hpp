// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/usb_lab/models/debug/cortex_m.hpp"

namespace hilltop::usb_lab {

/// A serial wire debug port with one memory access port (ARM Debug Interface v5, B2 and C2) on a Cortex-M.
class DebugPort {
 public:
  enum class Ack : std::uint8_t { ok = 1, wait = 2, fault = 4, none = 7 };  ///< none: nobody answers

  explicit DebugPort(const Options& options) : core_(options), dpidr_(options.hex("dpidr", 0x2ba01477)) {}

  /// One transfer; `request`: bit 0 access port, bit 1 read, bits 3..2 the register.
  Ack transfer(std::uint8_t request, std::uint32_t& value);
  /// Several words at DRW, as one access where that is the same.
  Ack read_block(std::span<std::uint32_t> words);
  Ack write_block(std::span<const std::uint32_t> words);
  void select(std::uint32_t value) { select_ = value; }
  void clear_errors() { sticky_error_ = false; }

  [[nodiscard]] std::uint32_t dpidr() const { return dpidr_; }
  [[nodiscard]] CortexM& core() { return core_; }

 private:
  Ack debug_port(bool read, std::uint8_t address, std::uint32_t& value);
  Ack access_port(bool read, std::uint8_t address, std::uint32_t& value);
  bool read_access(std::uint8_t address, std::uint32_t& value);
  bool write_access(std::uint8_t address, std::uint32_t value);
  bool access_memory(bool read, std::uint32_t& value);
  [[nodiscard]] bool is_plain_run(std::size_t words) const;
  Ack block(std::span<std::uint32_t> words, bool read);

  CortexM core_;
  std::uint32_t dpidr_;
  std::uint32_t select_ = 0;
  std::uint32_t control_ = 0;
  std::uint32_t csw_ = 0x03000042;
  std::uint32_t tar_ = 0;
  std::uint32_t last_read_ = 0;
  bool sticky_error_ = false;
};

}  // namespace hilltop::usb_lab
