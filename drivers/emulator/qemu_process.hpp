// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "drivers/core/process.hpp"
#include "drivers/emulator/qmp_client.hpp"
#include "drivers/probe/gdb_client.hpp"

namespace hilltop::drivers {

/// One QEMU that runs, with its control connections: QMP over a socket pair, and a debug stub that listens on a socket
/// in `socket_dir`. All are handed over as descriptors: no port and no name that could clash. Thread: of its executor.
/// Lifetime: kept by shared_ptr while a call waits; killed with its last owner. Source: QEMU 7.2, "Invocation"
/// (-chardev socket,fd=, -mon, -gdb); tried with Debian's 7.2.22.
class QemuProcess {
 public:
  struct Launch {
    std::vector<std::string> argv;  ///< program and machine
    int console_fd = -1;            ///< becomes the first serial port
    std::filesystem::path socket_dir;
    bool halted = false;  ///< starts with the cores stopped (-S)
  };
  using OnEnd = std::function<void(std::string reason)>;

  /// Starts QEMU. `on_end` is called once, when it ended without kill(). `scope` runs the watcher.
  /// Errors: not_found (configuration) without the program; io (infrastructure).
  static Result<std::shared_ptr<QemuProcess>> start(asio::any_io_executor executor, Launch launch, TaskScope& scope,
                                                    OnEnd on_end);
  ~QemuProcess();

  /// Waits until QMP is ready. Errors: unavailable (infrastructure) with QEMU's last words when it ended; timeout;
  /// canceled.
  static Task<> greet(std::shared_ptr<QemuProcess> self, Deadline deadline);
  static Task<nlohmann::json> execute(std::shared_ptr<QemuProcess> self, std::string command, nlohmann::json arguments,
                                      Deadline deadline);
  /// Resets the machine and waits until that has happened.
  static Task<> reset(std::shared_ptr<QemuProcess> self, Deadline deadline);
  /// QEMU answers a request for a reset before it resets: waits until resets() is more than `before`.
  static Task<> wait_for_reset(std::shared_ptr<QemuProcess> self, std::uint64_t before, Deadline deadline);
  [[nodiscard]] std::uint64_t resets() const { return resets_; }
  /// Halts the cores and gives their debug stub.
  static Task<std::shared_ptr<GdbClient>> attach(std::shared_ptr<QemuProcess> self, Deadline deadline);
  /// Kills QEMU, and waits until it is reaped. Deaf to cancellation.
  static Task<> kill(std::shared_ptr<QemuProcess> self, Deadline deadline);
  /// Stops the whole process, and lets it go on; it reads nothing meanwhile. Not for the cores: that is QMP's `stop`.
  void freeze();
  void thaw();
  /// Kills without waiting: for destructors.
  void abandon();

  [[nodiscard]] bool running() const { return !ended_; }
  [[nodiscard]] int pid() const { return process_->pid(); }
  /// The last lines that QEMU printed.
  [[nodiscard]] std::string last_words() const;

 private:
  explicit QemuProcess(asio::any_io_executor executor);
  static Task<> watch(std::shared_ptr<QemuProcess> self);
  void on_event(const QmpMessage& event);
  [[nodiscard]] std::string reason_of_end(int status) const;

  asio::any_io_executor executor_;
  std::filesystem::path debug_socket_;
  std::unique_ptr<Process> process_;
  std::shared_ptr<QmpClient> qmp_;
  Event changed_;
  OnEnd on_end_;
  std::string output_;
  std::string shutdown_reason_;  // what QEMU's last SHUTDOWN event said
  std::uint64_t resets_ = 0;
  bool killed_ = false;
  bool ended_ = false;
};

}  // namespace hilltop::drivers
