// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <fstream>

#include "drivers/power/gpio_line.hpp"
#include "drivers/tables.hpp"
#include "tests/drivers/run_task.hpp"

namespace hilltop::drivers {
namespace {

Deadline soon() { return Deadline::after(std::chrono::seconds(5)); }

class SysfsGpio : public ::testing::Test {
 protected:
  void SetUp() override {
    write("value", "0\n");
    write("direction", "in\n");
  }
  void write(const std::string& name, std::string_view text) { std::ofstream(dir.path() / name) << text; }
  std::string read(const std::string& name) {
    std::string out;
    std::ifstream(dir.path() / name) >> out;
    return out;
  }
  std::unique_ptr<Device> make(const std::string& more = "") {
    const auto address = "{driver: gpio-sysfs, path: " + dir.path().string() + more + "}";
    return *gpio_sysfs.make(Env{worker.io.get_executor(), dir.path()}, tests::yaml(address));
  }
  tests::TemporaryDir dir;
  tests::Worker worker;
};

TEST_F(SysfsGpio, IsDrivenAsAnOutputAndReadBack) {
  const auto device = make();
  ASSERT_TRUE(worker.run(device->power()->set(PowerState::on, soon())));
  EXPECT_EQ(read("direction"), "high");
  EXPECT_EQ(read("value"), "1");
  EXPECT_EQ(*worker.run(device->power()->state(soon())), PowerState::on);
}

TEST_F(SysfsGpio, MayBeActiveLow) {
  const auto device = make(", active_low: true");
  EXPECT_EQ(*worker.run(device->power()->state(soon())), PowerState::on) << "the wire is low";
  ASSERT_TRUE(worker.run(device->power()->set(PowerState::off, soon())));
  EXPECT_EQ(read("value"), "1");
}

TEST_F(SysfsGpio, SaysWhatIsMissing) {
  std::filesystem::remove(dir.path() / "value");
  const auto device = make();
  const auto state = worker.run(device->power()->state(soon()));
  ASSERT_FALSE(state);
  EXPECT_EQ(state.error().code, Errc::not_found) << state.error().text;
}

/// A wire that does what it likes.
class StuckLine final : public GpioLine {
 public:
  Result<bool> is_high() override { return false; }
  Result<> drive(bool) override { return ok(); }
};

TEST(GpioPower, AWireThatDoesNotFollowIsAMismatch) {
  tests::Worker worker;
  const auto device = make_gpio_power(std::make_shared<StuckLine>(), "line 3", false);
  EXPECT_TRUE(worker.run(device->power()->set(PowerState::off, soon())));
  const auto on = worker.run(device->power()->set(PowerState::on, soon()));
  ASSERT_FALSE(on);
  EXPECT_EQ(on.error().code, Errc::mismatch) << on.error().text;
}

TEST(Gpiod, AChipThatIsNotThereIsAnErrorWithItsName) {
  const auto line = make_gpiod_line("gpiochip-of-nobody", "3");
  const auto high = line->is_high();
  ASSERT_FALSE(high);
  EXPECT_EQ(high.error().code, Errc::not_found) << high.error().text;
  EXPECT_THAT(high.error().text, ::testing::HasSubstr("gpiochip-of-nobody"));
}

}  // namespace
}  // namespace hilltop::drivers
