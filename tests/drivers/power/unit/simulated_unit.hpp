// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "drivers/api/device.hpp"
#include "drivers/tables.hpp"
#include "tests/drivers/program.hpp"

namespace hilltop::tests {

/// tests/support/power_unit.py at work, and what it says of itself in its own file: the relays.
class SimulatedUnit {
 public:
  SimulatedUnit(Worker& worker, std::string kind, std::string dialogue, std::vector<std::string> more = {}) {
    std::vector<std::string> argv{"/usr/bin/python3", HILLTOP_SOURCE_DIR "/tests/support/power_unit.py",
                                  std::move(kind), std::move(dialogue), state_file()};
    argv.insert(argv.end(), more.begin(), more.end());
    auto started = Process::start(worker.io.get_executor(), Command(std::move(argv)),
                                  [this](std::string_view text) { said_ += text; });
    EXPECT_TRUE(started) << started.error().text;
    process_ = *std::move(started);
    EXPECT_TRUE(worker.run_until([this] { return said_.contains('\n'); })) << said_;
    where_ = said_.substr(said_.find(' ') + 1, said_.find('\n') - said_.find(' ') - 1);
  }
  [[nodiscard]] const std::string& where() const { return where_; }  ///< a port's number, or a path
  [[nodiscard]] std::string state_file() const { return (dir_.path() / "state").string(); }

  /// "on" or "off": what the relay does.
  [[nodiscard]] std::string relay(int outlet) const {
    std::ifstream in(state_file());
    const auto state = nlohmann::json::parse(in, nullptr, false);
    return state.is_object() ? state.value(std::to_string(outlet), "?") : "?";
  }
  void fault(const std::string& what) const {
    std::ofstream(dir_.path() / "fault.new") << what;
    std::filesystem::rename(dir_.path() / "fault.new", state_file() + ".fault");
  }
  [[nodiscard]] std::string log() const {
    std::ifstream in(state_file() + ".log");
    std::stringstream out;
    out << in.rdbuf();
    return out.str();
  }
  [[nodiscard]] std::size_t times(std::string_view what) const {
    const auto text = log();
    std::size_t out = 0;
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++out;
    return out;
  }

 private:
  TemporaryDir dir_;
  std::string said_, where_;
  std::unique_ptr<Process> process_;
};

/// Outlets of simulated units, by the driver that a lab names.
class PowerUnits : public ::testing::Test {
 protected:
  /// `board` is who has the outlet.
  Result<std::unique_ptr<drivers::Device>> try_make(const std::string& address, const std::string& board = "b1",
                                                    const drivers::DriverInfo& driver = drivers::power_unit) {
    return driver.make(Env{worker.io.get_executor(), dir.path() / board / "power"}, yaml(address));
  }
  std::unique_ptr<drivers::Device> make(const std::string& address, const std::string& board = "b1") {
    auto made = try_make(address, board);
    if (!made) throw std::runtime_error(made.error().text);  // the test ends here
    return *std::move(made);
  }
  Result<> set(drivers::Device& device, bool on, std::chrono::milliseconds limit = 20s) {
    return worker.run(
        device.power()->set(on ? drivers::PowerState::on : drivers::PowerState::off, Deadline::after(limit)));
  }
  Result<drivers::PowerState> state(drivers::Device& device, std::chrono::milliseconds limit = 20s) {
    return worker.run(device.power()->state(Deadline::after(limit)));
  }
  /// On and off, each seen at the relay and read back.
  void obeys(drivers::Device& device, const SimulatedUnit& unit, int outlet) {
    for (const bool on : {true, false, true}) {
      const auto done = set(device, on);
      ASSERT_TRUE(done) << done.error().text << "\n" << unit.log();
      EXPECT_EQ(unit.relay(outlet), on ? "on" : "off");
      const auto now = state(device);
      ASSERT_TRUE(now) << now.error().text;
      EXPECT_EQ(*now, on ? drivers::PowerState::on : drivers::PowerState::off);
    }
  }

  TemporaryDir dir;
  Worker worker;
};

inline constexpr const char* credentials = "user: ann, password: 's3cret pass&word'";

}  // namespace hilltop::tests
