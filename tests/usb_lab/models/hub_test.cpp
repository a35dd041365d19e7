// SPDX-License-Identifier: Apache-2.0
#include "tests/usb_lab/models/hub.hpp"

#include "tests/usb_lab/models/model_bench.hpp"

namespace hilltop::usb_lab {
namespace {

constexpr std::uint16_t port_power = 8;

struct Box {
  explicit Box(const std::string& text)
      : options(text), box(Hub::make_box(options)), usb2(options, box), usb3(options, box, Speed::super) {
    usb2.set_powered(true);
    usb3.set_powered(true);
  }
  static void set(Hub& hub, std::uint16_t port, bool on) {
    Transfer transfer{.setup = {0x23, static_cast<std::uint8_t>(on ? 3 : 1), port_power, port, 0}};
    EXPECT_EQ(hub.attempt(transfer, Clock::now()), Outcome::done);
  }
  static std::uint16_t status(Hub& hub, std::uint16_t port) {
    Transfer transfer{.setup = {0xa3, 0, 0, port, 4}, .size = 4};
    EXPECT_EQ(hub.attempt(transfer, Clock::now()), Outcome::done);
    return get16(transfer.data, 0);
  }
  static std::uint8_t characteristics(Hub& hub) {
    Transfer transfer{.setup = {0xa0, 6, 0x2900, 0, 64}, .size = 64};
    EXPECT_EQ(hub.attempt(transfer, Clock::now()), Outcome::done);
    return transfer.data[3];
  }

  Options options;
  std::shared_ptr<PowerSwitch> box;
  Hub usb2, usb3;
};

TEST(Hub, VbusGoesWhenBothHalvesOfTheBoxAgree) {
  Box box("hub,ports=4");
  Box::set(box.usb2, 2, false);
  EXPECT_FALSE(box.usb2.powered(2));
  EXPECT_TRUE(box.usb2.vbus(2));
  Box::set(box.usb3, 2, false);
  EXPECT_FALSE(box.usb2.vbus(2));
  EXPECT_TRUE(box.usb2.vbus(1));
  Box::set(box.usb2, 2, true);
  EXPECT_TRUE(box.usb3.vbus(2));
}

TEST(Hub, AGangIsOffWhenAllItsPortsAre) {
  Box box("hub,ports=2,switching=ganged");
  EXPECT_EQ(Box::characteristics(box.usb2) & 3, 0);
  for (const auto port : {1, 2}) Box::set(box.usb3, static_cast<std::uint16_t>(port), false);
  Box::set(box.usb2, 1, false);
  EXPECT_TRUE(box.usb2.vbus(1));
  Box::set(box.usb2, 2, false);
  EXPECT_FALSE(box.usb2.vbus(1));
  EXPECT_FALSE(box.usb2.vbus(2));
}

TEST(Hub, SaysHowItSwitchesAndAFakeOneLies) {
  Box honest("hub,switching=none"), fake("hub,switching=fake");
  EXPECT_EQ(Box::characteristics(honest.usb2) & 3, 2);
  EXPECT_EQ(Box::characteristics(fake.usb2) & 3, 1);
  Box::set(fake.usb2, 1, false);
  Box::set(fake.usb3, 1, false);
  EXPECT_FALSE(fake.usb2.powered(1));
  EXPECT_TRUE(fake.usb2.vbus(1));
}

TEST(Hub, PortStatusShowsPowerAndWhatIsPluggedIn) {
  Box box("hub");
  EXPECT_EQ(Box::status(box.usb2, 1), 0x0100);
  box.usb2.set_connected(1, Speed::high);
  EXPECT_EQ(Box::status(box.usb2, 1), 0x0503);
  Box::set(box.usb2, 1, false);
  EXPECT_EQ(Box::status(box.usb2, 1), 0);
  EXPECT_EQ(Box::status(box.usb3, 1), 0x02a0);  // powered, Rx.Detect
}

TEST(Hub, AStuckOneAcceptsAndIgnores) {
  Box box("hub,stuck");
  Box::set(box.usb2, 1, false);
  EXPECT_EQ(Box::status(box.usb2, 1), 0x0100);
}

TEST(Hub, TellsWhenAPortIsSwitched) {
  Box box("hub");
  int told = 0;
  box.usb2.on_switched([&] { ++told; });
  Box::set(box.usb2, 3, false);
  Box::set(box.usb2, 3, false);
  EXPECT_EQ(told, 1);
}

}  // namespace
}  // namespace hilltop::usb_lab
