// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "drivers/api/flasher.hpp"
#include "drivers/api/power_port.hpp"
#include "drivers/core/env.hpp"
#include "drivers/emulator/qemu_address.hpp"
#include "drivers/emulator/qemu_boot.hpp"
#include "drivers/emulator/qemu_process.hpp"
#include "drivers/emulator/qemu_storage.hpp"
#include "drivers/fake/socket_line.hpp"

namespace hilltop::drivers {

/// An emulated board: off means that there is no process. What its capabilities do, they ask of this.
/// Power-on writes what the board's memories hold through the debug stub before the cores start: an image given to
/// `-device loader` would come back at each reset and undo what was flashed since (seen with QEMU 7.2.22, mps2-an385).
/// Thread: of its executor; one operation at a time. Lifetime: kept by shared_ptr while an operation runs.
class QemuMachine : public std::enable_shared_from_this<QemuMachine> {
 public:
  QemuMachine(Env env, QemuAddress address);
  ~QemuMachine();

  [[nodiscard]] SocketLine& line() { return line_; }
  [[nodiscard]] QemuBoot& boot() { return *boot_; }
  [[nodiscard]] bool running() const { return process_ && process_->running(); }
  void on_lost(std::function<void(std::string)> handler) { on_lost_ = std::move(handler); }
  /// The program and machine of the next power-on; nothing: it cannot be powered.
  void choose(std::optional<std::vector<std::string>> argv) { chosen_ = std::move(argv); }

  static Task<> power_on(std::shared_ptr<QemuMachine> self, Deadline deadline);
  static Task<> power_off(std::shared_ptr<QemuMachine> self, Deadline deadline);
  static Task<> reset(std::shared_ptr<QemuMachine> self, Deadline deadline);
  static Task<bool> rest(std::shared_ptr<QemuMachine> self, std::chrono::milliseconds duration);
  static Task<> flash(std::shared_ptr<QemuMachine> self, std::vector<FlashImage> images, FlashProgress progress,
                      Deadline deadline);
  static Task<> shut_down(std::shared_ptr<QemuMachine> self, Deadline deadline);

 private:
  static Task<> start(std::shared_ptr<QemuMachine> self, bool halted, Deadline deadline);
  static Task<> release(std::shared_ptr<QemuMachine> self, std::vector<Segment> contents, Deadline deadline);
  static Task<> keep_own_writes(std::shared_ptr<QemuMachine> self);
  static Task<> write_all(std::shared_ptr<QemuMachine> self, std::vector<Image> images, FlashProgress progress,
                          Deadline deadline);
  static Task<> flash_unpowered(std::shared_ptr<QemuMachine> self, std::vector<Image> images, FlashProgress progress,
                                Deadline deadline);
  static Task<> resume(std::shared_ptr<QemuMachine> self);
  static Task<> cut(std::shared_ptr<QemuMachine> self, Deadline deadline);
  void on_end(std::string reason);
  void wake();

  Env env_;
  QemuAddress address_;
  QemuStorage storage_;
  SocketLine line_;
  std::shared_ptr<QemuBoot> boot_;
  std::optional<std::vector<std::string>> chosen_;
  std::function<void(std::string)> on_lost_;
  std::shared_ptr<QemuProcess> process_;
  bool resting_ = false;
  bool up_ = false;  // powered on successfully, and not off since
  TaskScope scope_;
};

}  // namespace hilltop::drivers
