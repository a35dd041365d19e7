// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "drivers/probe/dap_link.hpp"

namespace hilltop::drivers {

/// A target's debug and memory access ports at the end of a CMSIS-DAP probe, over SWD.
/// Errors of the accesses: unavailable (infrastructure) when the target does not answer (no power, no cable): then it
/// must be connected again; io (dut) for a FAULT, which is cleared; timeout (infrastructure) when it says WAIT until
/// the deadline; those of DapLink.
/// Thread: the worker's; one call at a time. Lifetime: kept by shared_ptr while a call waits.
class DapPort {
 public:
  struct Options {
    std::uint32_t clock_hz = 1'000'000;
    std::uint8_t access_port = 0;  ///< APSEL of the MEM-AP
  };
  DapPort(std::shared_ptr<DapLink> link, Options options) : link_(std::move(link)), options_(options) {}

  /// Switches the target to SWD, reads its identity and powers its debug logic.
  static Task<> connect(std::shared_ptr<DapPort> self, Deadline deadline);
  static Task<std::string> read(std::shared_ptr<DapPort> self, std::uint32_t address, std::uint32_t size,
                                Deadline deadline);
  static Task<> write(std::shared_ptr<DapPort> self, std::uint32_t address, std::string bytes, Deadline deadline);
  static Task<std::uint32_t> read_word(std::shared_ptr<DapPort> self, std::uint32_t address, Deadline deadline);
  static Task<> write_word(std::shared_ptr<DapPort> self, std::uint32_t address, std::uint32_t value,
                           Deadline deadline);
  /// Pulls the target's reset line, or lets go of it and waits until it is high.
  static Task<> hold_reset(std::shared_ptr<DapPort> self, bool low, Deadline deadline);

  [[nodiscard]] std::uint32_t dpidr() const { return dpidr_; }
  [[nodiscard]] const std::shared_ptr<DapLink>& link() const { return link_; }

 private:
  using Access = cmsis_dap::Access;
  using Accesses = std::vector<Access>;
  static Task<> begin(std::shared_ptr<DapPort> self, std::vector<adi::Bits> sequence, Deadline deadline);
  static Task<> power_up(std::shared_ptr<DapPort> self, Deadline deadline);
  static Task<std::vector<std::uint32_t>> run(std::shared_ptr<DapPort> self, Accesses accesses, Deadline deadline);
  static Task<> give_up(std::shared_ptr<DapPort> self, cmsis_dap::Transferred::Ack ack, Deadline deadline);
  static Task<std::vector<std::uint32_t>> read_words(std::shared_ptr<DapPort> self, adi::Words words,
                                                     Deadline deadline);
  static Task<> write_words(std::shared_ptr<DapPort> self, std::uint32_t address, std::vector<std::uint32_t> words,
                            Deadline deadline);
  static Task<> write_byte(std::shared_ptr<DapPort> self, std::uint32_t address, std::uint8_t value, Deadline deadline);
  [[nodiscard]] Accesses aimed(std::uint32_t address, std::uint32_t csw) const;

  std::shared_ptr<DapLink> link_;
  Options options_;
  std::uint32_t dpidr_ = 0;
};

}  // namespace hilltop::drivers
