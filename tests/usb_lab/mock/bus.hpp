// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "tests/usb_lab/mock/terminal.hpp"
#include "tests/usb_lab/mock/usbfs.hpp"
#include "tests/usb_lab/models/hub.hpp"

namespace hilltop::usb_lab {

/// The simulated host: bus 1 (USB 2) and bus 2 (USB 3), what is plugged in where, and what of it has power.
/// Thread: the main one, but for the ioctls, which come on umockdev's and wait for their turn.
class Bus {
 public:
  explicit Bus(const std::string& log_path);
  ~Bus();

  /// Adds what `options` describe, at port=PATH ("1-1.2"; "1.2" means bus 1; otherwise the next free port of bus 1).
  /// Throws UsageError.
  void add(const Options& options);
  /// One line of the control pipe: `plug PORT`, `unplug PORT`, `tell PORT COMMAND` (Device::command). Throws
  /// UsageError.
  void control(const std::string& line);
  /// Brings the bus in line with what is plugged in and has power; called again and again.
  void settle();
  [[nodiscard]] std::filesystem::path root() const { return testbed_.root(); }

 private:
  struct Slot {
    std::string path;  ///< "1-1.2", "usb1"
    std::unique_ptr<Device> device = {};
    Hub* hub = nullptr;  ///< the device, when it is a hub
    bool in = true;      ///< somebody has put the plug in
    std::optional<Clock::time_point> back_at = {};
    unsigned address = 0;               ///< 0: not on the bus
    std::shared_ptr<Usbfs> usbfs = {};  ///< files that are still open keep it
    std::string terminal_name = {};
    StateLog terminal_log = {};
    std::unique_ptr<Terminal> terminal = {};
  };

  void add_slot(Slot slot);
  void add_hub(const Options& options, const std::string& path);
  [[nodiscard]] std::string free_port();
  [[nodiscard]] Slot* find(const std::string& path);
  [[nodiscard]] Slot& at(const std::string& path);
  [[nodiscard]] bool has_vbus(const Slot& slot);
  [[nodiscard]] bool is_seen(const Slot& slot);
  void tell_hubs();
  void settle_slot(Slot& slot, Clock::time_point now);
  void enumerate(Slot& slot);
  void leave(Slot& slot);
  [[nodiscard]] std::string sysfs_path(const std::string& path) const;
  [[nodiscard]] std::string node(const Slot& slot) const;
  [[nodiscard]] std::string description(const Slot& slot) const;

  std::mutex mutex_;
  Testbed testbed_;
  std::vector<std::unique_ptr<Slot>> slots_;
  unsigned last_address_[3] = {};
  StateLog log_;
};

}  // namespace hilltop::usb_lab
