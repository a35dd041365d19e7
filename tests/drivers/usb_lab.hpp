// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "drivers/core/process.hpp"
#include "drivers/usb/usb_bus.hpp"
#include "tests/drivers/run_task.hpp"

namespace hilltop::tests {

/// Runs the test `name` of this program on a host that has the simulated USB devices `models` (tests/usb_lab, usbmock).
/// "DIR" in them becomes the folder that the test inside sees as dir().
inline void run_in_usb_lab(std::vector<std::string> models, const std::string& name) {
  TemporaryDir dir;
  Worker worker;
  std::vector<std::string> argv{HILLTOP_BINARY_DIR "/tests/usb_lab/usbmock", "ctl,fifo=DIR/ctl,log=DIR/log"};
  argv.insert(argv.end(), models.begin(), models.end());
  for (auto& word : argv)
    for (auto at = word.find("DIR"); at != std::string::npos; at = word.find("DIR"))
      word.replace(at, 3, dir.path().string());
  argv.insert(argv.end(), {"--", std::filesystem::read_symlink("/proc/self/exe").string(), "--gtest_filter=" + name,
                           "--gtest_also_run_disabled_tests"});
  Command command(argv);
  command.environment.emplace_back("HILLTOP_USB_LAB_DIR", dir.path().string());
  const auto ended =
      worker.run(run_tool(std::move(command), Deadline::after(std::chrono::seconds(100))), std::chrono::seconds(120));
  ASSERT_TRUE(ended) << ended.error().text;
  EXPECT_TRUE(ended->status == 0 && ended->text.contains("[  PASSED  ] 1 test")) << ended->text;
}

/// What a test inside has.
class UsbLab : public ::testing::Test {
 protected:
  UsbLab() : bus(*drivers::UsbBus::of(env())) {}

  [[nodiscard]] Env env() { return {worker.io.get_executor(), dir()}; }
  static std::filesystem::path dir() { return std::getenv("HILLTOP_USB_LAB_DIR"); }
  static Deadline soon() { return Deadline::after(std::chrono::seconds(5)); }
  static Deadline in_ms(int ms) { return Deadline::after(std::chrono::milliseconds(ms)); }

  /// `plug 1-2`, `unplug 1-2`, `tell 1-2 serial X`.
  static void control(const std::string& line) { std::ofstream(dir() / "ctl") << line << std::endl; }
  /// What a device did to the board, in its state=DIR/NAME.
  static std::string state(const std::string& name) {
    std::ifstream file(dir() / name);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  Result<std::shared_ptr<drivers::UsbHandle>> open(drivers::UsbMatch match) {
    return worker.run(bus->open(std::move(match), soon()));
  }

  Worker worker;
  std::shared_ptr<drivers::UsbBus> bus;
};

}  // namespace hilltop::tests

/// USB_LAB_TEST(Suite, Name, "model,option=value"...) { ... }: a test that runs where those devices are plugged in.
/// Declare the suite once: USB_LAB_SUITE(Suite);
#define USB_LAB_SUITE(Suite) \
  class DISABLED_##Suite##Inside : public ::hilltop::tests::UsbLab {}
#define USB_LAB_TEST(Suite, Name, ...)                                                                       \
  TEST(Suite, Name) { ::hilltop::tests::run_in_usb_lab({__VA_ARGS__}, "DISABLED_" #Suite "Inside." #Name); } \
  TEST_F(DISABLED_##Suite##Inside, Name)
