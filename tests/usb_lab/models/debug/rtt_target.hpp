// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/usb_lab/models/debug/flat_target.hpp"

namespace hilltop::usb_lab {

/// A FlatTarget whose firmware never stops talking by SEGGER RTT: a control block at 0x20000400 with one up-buffer of
/// rtt=SIZE bytes (16 to 32768) that is full whenever somebody looks, unless the core is halted, and no down-buffer.
/// What it says is counted up: byte N of all is N mod 251, so that one that is lost or comes twice is noticed.
/// Source: SEGGER_RTT.h, SEGGER_RTT_CB and SEGGER_RTT_BUFFER_UP.
class RttTarget final : public FlatTarget {
 public:
  /// Throws UsageError.
  explicit RttTarget(const Options& options);
  bool read(std::uint32_t address, std::span<std::uint8_t> bytes) override;

 private:
  void talk();
  std::uint32_t word(std::uint32_t address);

  std::uint32_t size_;
  std::uint32_t write_ = 0;  ///< where the firmware writes next
  std::uint64_t said_ = 0;   ///< bytes, since it began
};

}  // namespace hilltop::usb_lab
