// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "drivers/api/machine.hpp"
#include "drivers/emulator/qemu_address.hpp"

namespace hilltop::drivers {

/// What an emulated board with a fixed machine starts from: its firmware, drives and network card, and what a job
/// lends. Thread: of its machine's executor. Lifetime: kept by shared_ptr while prepare() runs.
class QemuBoot final : public BootFiles {
 public:
  QemuBoot(QemuAddress address, std::filesystem::path state_dir);

  [[nodiscard]] Network network() const override;
  [[nodiscard]] std::vector<std::string> drives() const override;
  Result<> lend(Lent lent) override;
  void take_back() override;

  /// Makes the drives' files ready, and gives the words that follow the machine's on QEMU's command line.
  /// Errors: not_found (configuration) for a file of the lab's that is missing; io (infrastructure).
  static Task<std::vector<std::string>> prepare(std::shared_ptr<QemuBoot> self, Deadline deadline);

 private:
  [[nodiscard]] Result<std::vector<std::string>> firmware_words() const;
  [[nodiscard]] std::vector<std::string> network_words() const;
  static Task<std::vector<std::string>> drives_words(std::shared_ptr<QemuBoot> self, Deadline deadline);
  Result<> check_files(Lent& lent) const;
  Result<> check_drives(Lent& lent) const;

  QemuAddress address_;
  std::filesystem::path state_dir_;
  Lent lent_;
};

}  // namespace hilltop::drivers
