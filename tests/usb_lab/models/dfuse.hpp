// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/usb_lab/models/dfu.hpp"

namespace hilltop::usb_lab {

/// An STM32's boot loader (ST AN3156, "DfuSe"): 0483:df11, addresses by commands in block 0, data from block 2 on,
/// 1 MiB of flash at 0x08000000 (sectors of 16, 64 and 128 KiB) as alternate 0 and option bytes as alternate 1. Flash
/// takes a write only where it was erased. Vouched for by dfu-util. Options: those of Dfu. Logs `erase ADDRESS`, `erase
/// all`, `write ADDRESS SIZE`, `dfu leave ADDRESS`.
class DfuSe : public Dfu {
 public:
  explicit DfuSe(const Options& options);

 protected:
  bool take_block(std::uint16_t block, const Bytes& data) override;
  Bytes give_block(std::uint16_t block, std::size_t room) override;
  bool finish() override;

 private:
  bool command(const Bytes& data);
  bool erase(std::uint32_t address);
  [[nodiscard]] bool fits(std::uint32_t address, std::size_t size) const;

  std::uint32_t address_ = 0x08000000;
};

}  // namespace hilltop::usb_lab
