// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <fstream>

#include "drivers/api/device.hpp"
#include "drivers/tables.hpp"
#include "tests/drivers/run_task.hpp"

namespace hilltop::drivers {
namespace {

/// An outlet that is a file: `cp` switches it, `cat` reads it back.
class CommandPower : public ::testing::Test {
 protected:
  void SetUp() override {
    write("on", "state: ON");
    write("off", "state: OFF");
    write("outlet", "state: OFF");
  }
  void write(const std::string& name, std::string_view text) { std::ofstream(dir.path() / name) << text; }
  std::unique_ptr<Device> make(const std::string& on, const std::string& target = "outlet") {
    const auto in = [&](const std::string& name) { return (dir.path() / name).string(); };
    const auto address = "{driver: command-power, power_on: [cp, " + in(on) + ", " + in(target) +
                         "], power_off: [cp, " + in("off") + ", " + in(target) + "], status: [cat, " + in("outlet") +
                         "], on_text: 'state: ON', off_text: 'state: OFF'}";
    auto device = command_power.make(Env{worker.io.get_executor(), dir.path()}, tests::yaml(address));
    EXPECT_TRUE(device);
    return *std::move(device);
  }
  Result<> set(Device& device, PowerState wanted, std::chrono::milliseconds limit = std::chrono::seconds(10)) {
    return worker.run(device.power()->set(wanted, Deadline::after(limit)));
  }
  Result<PowerState> state(Device& device) {
    return worker.run(device.power()->state(Deadline::after(std::chrono::seconds(10))));
  }

  tests::TemporaryDir dir;
  tests::Worker worker;
};

TEST_F(CommandPower, SwitchesAndReadsBack) {
  const auto device = make("on");
  EXPECT_EQ(*state(*device), PowerState::off);
  ASSERT_TRUE(set(*device, PowerState::on));
  EXPECT_EQ(*state(*device), PowerState::on);
  ASSERT_TRUE(set(*device, PowerState::off));
  EXPECT_EQ(*state(*device), PowerState::off);
}

TEST_F(CommandPower, AnOutletThatDoesNotObeyIsAMismatch) {
  const auto device = make("on", "elsewhere");
  const auto switched = set(*device, PowerState::on, std::chrono::milliseconds(600));
  ASSERT_FALSE(switched);
  EXPECT_EQ(switched.error().blame, Blame::infrastructure);
  EXPECT_EQ(switched.error().code, Errc::mismatch) << switched.error().text;
}

TEST_F(CommandPower, AProgramThatFailsIsAnErrorWithWhatItSaid) {
  const auto device = make("no-such-file");
  const auto switched = set(*device, PowerState::on);
  ASSERT_FALSE(switched);
  EXPECT_EQ(switched.error().code, Errc::unavailable);
  EXPECT_TRUE(switched.error().text.contains("no-such-file")) << switched.error().text;
}

TEST_F(CommandPower, AStatusThatSaysNeitherIsUnknown) {
  const auto device = make("on");
  write("outlet", "cannot tell");
  EXPECT_EQ(*state(*device), PowerState::unknown);
  write("outlet", "state: ON, was state: OFF");
  EXPECT_EQ(*state(*device), PowerState::unknown);
}

TEST_F(CommandPower, CheckWantsBothTextsForAStatus) {
  const auto check = [](std::string_view text) {
    Diagnostics diagnostics;
    command_power.check(tests::yaml(text), diagnostics);
    return diagnostics.to_string();
  };
  EXPECT_EQ(check("{driver: command-power, power_on: [a], power_off: [b]}"), "");
  EXPECT_TRUE(
      check("{driver: command-power, power_on: [a], power_off: [b], status: [c], on_text: x}").contains("off_text"));
  EXPECT_TRUE(check("{driver: command-power, power_on: a, power_off: [b]}").contains("list"));
  EXPECT_TRUE(check("{driver: command-power, power_on: [], power_off: [b]}").contains("names no program"));
  EXPECT_TRUE(check("{driver: command-power, power_on: [a]}").contains("'power_off' is missing"));
}

}  // namespace
}  // namespace hilltop::drivers
