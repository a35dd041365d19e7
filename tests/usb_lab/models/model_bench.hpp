// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "tests/usb_lab/models/catalogue.hpp"

namespace hilltop::usb_lab {

/// A model with power, no transport, and its state file.
class Bench {
 public:
  explicit Bench(const std::string& options, bool powered = true) {
    std::string folder = std::filesystem::temp_directory_path() / "usb-lab-model-XXXXXX";
    folder_ = ::mkdtemp(folder.data());
    device = make_device(Options(options + ",state=" + (folder_ / "state").string()));
    if (powered) device->set_powered(true);
  }
  ~Bench() { std::filesystem::remove_all(folder_); }

  Outcome control(Setup setup, Bytes& data) {
    Transfer transfer{.setup = setup, .data = data, .size = setup.length};
    const auto outcome = device->attempt(transfer, now);
    data = transfer.data;
    return outcome;
  }
  Outcome control(Setup setup) {
    Bytes none;
    return control(setup, none);
  }
  Outcome write(std::uint8_t endpoint, Bytes data) {
    const auto size = data.size();
    Transfer transfer{.endpoint = endpoint, .data = std::move(data), .size = size};
    return device->attempt(transfer, now);
  }
  Outcome read(std::uint8_t endpoint, std::size_t size, Bytes& data) {
    Transfer transfer{.endpoint = endpoint, .size = size};
    const auto outcome = device->attempt(transfer, now);
    data = transfer.data;
    return outcome;
  }
  [[nodiscard]] std::vector<std::string> state() const {
    std::ifstream file(folder_ / "state");
    std::vector<std::string> lines;
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
  }
  [[nodiscard]] std::filesystem::path file(const std::string& name) const { return folder_ / name; }

  std::unique_ptr<Device> device;
  Clock::time_point now = Clock::now();

 private:
  std::filesystem::path folder_;
};

using Lines = std::vector<std::string>;

}  // namespace hilltop::usb_lab
