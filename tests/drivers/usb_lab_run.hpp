// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "drivers/core/process.hpp"
#include "tests/drivers/run_task.hpp"

namespace hilltop::tests {

/// Runs programs on simulated USB devices (tests/usb_lab, tier A).
class UsbLabRun {
 public:
  /// Why it cannot, "" when it can.
  static std::string missing() {
    for (const char* name : {"usbmock", "usb_lab_driver"})
      if (!std::filesystem::exists(program(name))) return std::string(name) + " is not built";
    return {};
  }

  /// `devices` as usbmock takes them; then the program and its arguments.
  ToolOutput run(std::vector<std::string> devices, std::vector<std::string> argv) {
    Command command;
    command.argv = {program("usbmock")};
    command.argv.insert(command.argv.end(), devices.begin(), devices.end());
    command.argv.emplace_back("--");
    command.argv.insert(command.argv.end(), argv.begin(), argv.end());
    Worker worker;
    auto said =
        worker.run(run_tool(std::move(command), Deadline::after(std::chrono::seconds(30))), std::chrono::seconds(40));
    if (!said) ADD_FAILURE() << said.error().text;
    return said ? *std::move(said) : ToolOutput{};
  }
  /// The driver that `address` names does `actions`.
  ToolOutput drive(std::vector<std::string> devices, const std::string& address, std::vector<std::string> actions) {
    const auto file = write("address.yaml", address);
    std::vector<std::string> argv = {program("usb_lab_driver"), file.string()};
    argv.insert(argv.end(), actions.begin(), actions.end());
    return run(std::move(devices), std::move(argv));
  }

  std::filesystem::path write(const std::string& name, const std::string& bytes) {
    std::ofstream(path(name), std::ios::binary) << bytes;
    return path(name);
  }
  [[nodiscard]] std::string read(const std::string& name) const {
    std::ifstream in(path(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  [[nodiscard]] std::filesystem::path path(const std::string& name) const { return dir_.path() / name; }

 private:
  static std::string program(const std::string& name) {
    return std::string(HILLTOP_BINARY_DIR) + "/tests/usb_lab/" + name;
  }
  TemporaryDir dir_;
};

}  // namespace hilltop::tests
