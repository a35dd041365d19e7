// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <map>
#include <vector>

#include "tests/usb_lab/models/bytes.hpp"
#include "tests/usb_lab/models/debug/target.hpp"

namespace hilltop::usb_lab {

/// A core that never executes anything, with 256 KiB of flash at 0 and 64 KiB of RAM at 0x20000000; the rest faults.
/// Options: ram=FILE, flash_image=FILE (what is in them at first), ram_out=FILE (RAM is kept there after each write).
class FlatTarget : public Target {
 public:
  explicit FlatTarget(const Options& options);

  bool alive() override { return power_.on(); }
  bool read(std::uint32_t address, std::span<std::uint8_t> bytes) override;
  bool write(std::uint32_t address, std::span<const std::uint8_t> bytes) override;
  [[nodiscard]] bool running() const override { return running_; }
  void halt() override;
  void resume() override;
  void step() override { registers_[15] += 2; }
  std::optional<std::uint32_t> core_register(unsigned number) override;
  void set_core_register(unsigned number, std::uint32_t value) override;
  void set_breakpoint(std::uint32_t, bool) override {}
  void reset(bool halted) override;
  bool take_stop() override { return false; }

 private:
  std::span<std::uint8_t> at(std::uint32_t address, std::size_t size);

  PowerProbe power_;
  StateLog log_;
  std::string ram_out_;
  Bytes flash_;
  Bytes ram_;
  std::array<std::uint32_t, 17> registers_{};
  bool running_ = true;
};

}  // namespace hilltop::usb_lab
