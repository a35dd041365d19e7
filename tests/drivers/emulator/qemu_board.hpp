// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fstream>

#include "drivers/api/device.hpp"
#include "drivers/tables.hpp"
#include "tests/drivers/run_task.hpp"

namespace hilltop::tests {

/// A board with its console open.
struct QemuBoard {
  explicit QemuBoard(std::string_view address) { make(address); }
  ~QemuBoard() {
    if (device) EXPECT_TRUE(worker.run(device->shut_down(soon()))) << "shut down";
  }
  void make(std::string_view address) {
    auto made = drivers::qemu.make(Env{worker.io.get_executor(), dir.path()}, yaml(address));
    ASSERT_TRUE(made);
    device = *std::move(made);
    auto opened = worker.run(device->console("main")->open(soon()));
    ASSERT_TRUE(opened);
    console = *opened;
  }
  static Deadline soon() { return Deadline::after(std::chrono::seconds(20)); }
  Result<> power(drivers::PowerState state) { return worker.run(device->power()->set(state, soon())); }
  drivers::PowerState state() { return *worker.run(device->power()->state(soon())); }
  void type(std::string_view text) {
    ASSERT_EQ(::write(console, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  std::string read_until(std::string_view wanted) { return worker.read_until(console, wanted); }

  TemporaryDir dir;
  Worker worker;
  std::unique_ptr<drivers::Device> device;
  int console = -1;
};

/// This process's children.
inline std::vector<int> children() {
  std::vector<int> out;
  std::ifstream in("/proc/self/task/" + std::to_string(::getpid()) + "/children");
  for (int pid = 0; in >> pid;) out.push_back(pid);
  return out;
}

}  // namespace hilltop::tests
