// SPDX-License-Identifier: Apache-2.0
// USB power units: what they are told and say as bytes, and their drivers against simulated units, which are judged by
// their own state files.
#include <gmock/gmock.h>

#include "drivers/api/device.hpp"
#include "drivers/power/hid_relay.hpp"
#include "drivers/power/serial_relay.hpp"
#include "drivers/power/ykush.hpp"
#include "drivers/tables.hpp"
#include "tests/drivers/usb_lab.hpp"

namespace hilltop::drivers {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using namespace std::string_view_literals;

TEST(HidRelayReport, IsOrderedAndRead) {
  EXPECT_EQ(hid_relay_order(2, true), "\xff\x02\0\0\0\0\0\0"sv);
  EXPECT_EQ(hid_relay_order(8, false), "\xfd\x08\0\0\0\0\0\0"sv);
  const auto report = read_hid_relay_report("HW341\0\0\x82"sv);
  ASSERT_TRUE(report);
  EXPECT_EQ(report->id, "HW341");
  EXPECT_EQ(report->relays, 0x82);
  EXPECT_FALSE(read_hid_relay_report("HW341\0\0"sv));
}

TEST(YkushAnswer, BelongsToACommandOrIsRefused) {
  EXPECT_TRUE(*is_ykush_answer("\x01\x12"sv, 0x12));
  EXPECT_TRUE(*is_ykush_answer("\x01\x13"sv, 0x23)) << "port 3 is on";
  EXPECT_TRUE(*is_ykush_answer("\x01\x03"sv, 0x23)) << "port 3 is off";
  EXPECT_FALSE(*is_ykush_answer("\x01\x12"sv, 0x23)) << "of another port";
  EXPECT_FALSE(*is_ykush_answer("\x01\x02"sv, 0x12)) << "an earlier order";
  EXPECT_FALSE(is_ykush_answer("\xff\x12"sv, 0x12));
  EXPECT_FALSE(is_ykush_answer("\x01"sv, 0x12));
}

TEST(LcusRelay, HasFramesAndLines) {
  EXPECT_EQ(lcus_order(1, true), "\xa0\x01\x01\xa2"sv);
  EXPECT_EQ(lcus_order(16, false), "\xa0\x10\x00\xb0"sv);
  EXPECT_EQ(lcus_query(2), "\xa0\x02\x05\xa7"sv);
  constexpr auto answer = "CH1: ON \r\nCH2: OFF\r\nCH12: ON"sv;
  EXPECT_EQ(read_lcus_state(answer, 1), true);
  EXPECT_EQ(read_lcus_state(answer, 2), false);
  EXPECT_EQ(read_lcus_state(answer, 12), std::nullopt) << "the line has not ended";
  EXPECT_EQ(read_lcus_state(answer, 3), std::nullopt);
}

TEST(NumatoRelay, NamesItsRelaysAndTellsItsEchoFromItsAnswer) {
  EXPECT_EQ(numato_name(1, 16), "0");
  EXPECT_EQ(numato_name(11, 16), "A");
  EXPECT_EQ(numato_name(32, 32), "V");
  EXPECT_EQ(numato_name(8, 64), "07");
  EXPECT_TRUE(*read_numato_state("relay read 0\n\ron\n\r>"));
  EXPECT_FALSE(*read_numato_state("relay read 0\r\noff\n\r>"));
  EXPECT_FALSE(read_numato_state("relay on 0\n\r>")) << "an echo is no answer";
  EXPECT_FALSE(read_numato_state("relay read 9\n\r>"));
}

USB_LAB_SUITE(UsbPower);

/// An outlet, switched and asked by its driver.
class Outlet {
 public:
  Outlet(tests::Worker& worker, const Env& env, const DriverInfo& driver, const std::string& address)
      : worker_(worker) {
    auto made = driver.make(env, tests::yaml(address));
    EXPECT_TRUE(made) << made.error().text;
    if (made) device_ = *std::move(made);
  }
  Result<> set(PowerState wanted, int ms = 5000) {
    return worker_.run(device_->power()->set(wanted, Deadline::after(std::chrono::milliseconds(ms))));
  }
  Result<> on() { return set(PowerState::on); }
  Result<> off() { return set(PowerState::off); }
  std::string state() {
    const auto now = worker_.run(device_->power()->state(Deadline::after(std::chrono::seconds(5))));
    return now ? std::string(to_string(*now)) : now.error().text;
  }
  PowerPort& port() { return *device_->power(); }

 private:
  tests::Worker& worker_;
  std::unique_ptr<Device> device_;
};

USB_LAB_TEST(UsbPower, HubPort, "hub,port=1-1,pair=2-1,state=DIR/hub", "ykush,port=1-1.2") {
  Outlet outlet(worker, env(), usb_hub_port, "{path: 1-1, port: 2}");
  EXPECT_EQ(outlet.state(), "on");
  ASSERT_TRUE(outlet.off());
  EXPECT_THAT(state("hub"), EndsWith("vbus 2 off\n"));
  EXPECT_EQ(outlet.state(), "off");
  ASSERT_TRUE(outlet.on());
  EXPECT_THAT(state("hub"), EndsWith("vbus 2 on\n"));
}

USB_LAB_TEST(UsbPower, HubPortIsWhatUhubctlSays, "hub,port=1-1,pair=2-1") {
  const auto uhubctl = [&](std::vector<std::string> more) {
    std::vector<std::string> argv{"/usr/sbin/uhubctl", "-l", "1-1", "-p", "2"};
    argv.insert(argv.end(), more.begin(), more.end());
    const auto said = worker.run(run_tool(Command(std::move(argv)), soon()));
    return said ? said->text : said.error().text;
  };
  Outlet outlet(worker, env(), usb_hub_port, "{path: 1-1, port: 2}");
  ASSERT_TRUE(outlet.off());
  const auto off = uhubctl({});
  EXPECT_THAT(off, HasSubstr("Port 2: 0000 off"));
  EXPECT_THAT(off, ::testing::Not(HasSubstr("power"))) << "in neither half";
  (void)uhubctl({"-a", "on"});
  EXPECT_EQ(outlet.state(), "on");
  (void)uhubctl({"-a", "off"});
  EXPECT_EQ(outlet.state(), "off");
}

USB_LAB_TEST(UsbPower, GangedHub, "hub,port=1-1,switching=ganged,state=DIR/hub") {
  Outlet careless(worker, env(), usb_hub_port, "{path: 1-1, port: 2}");
  const auto refused = careless.off();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().blame, Blame::configuration);
  EXPECT_EQ(state("hub"), "");
  Outlet all(worker, env(), usb_hub_port, "{path: 1-1, port: 2, ganged: true}");
  const auto off = all.off();
  ASSERT_TRUE(off) << off.error().text;
  EXPECT_THAT(state("hub"), HasSubstr("vbus 2 off"));
  EXPECT_THAT(state("hub"), HasSubstr("vbus 4 off"));
}

USB_LAB_TEST(UsbPower, HubThatIsUnplugged, "hub,port=1-1") {
  Outlet outlet(worker, env(), usb_hub_port, "{path: 1-1, port: 1}");
  std::string lost;
  outlet.port().on_lost([&](std::string reason) { lost = std::move(reason); });
  EXPECT_EQ(outlet.state(), "on");
  control("unplug 1-1");
  EXPECT_TRUE(worker.run_until([&] { return !lost.empty(); }));
  EXPECT_THAT(lost, HasSubstr("at 1-1 was unplugged"));
  const auto off = outlet.set(PowerState::off, 200);
  ASSERT_FALSE(off);
  EXPECT_EQ(off.error().code, Errc::unavailable) << off.error().text;
}

USB_LAB_TEST(UsbPower, HubThatComesBackUnderAnotherAddress, "hub,port=1-1,state=DIR/hub") {
  Outlet outlet(worker, env(), usb_hub_port, "{path: 1-1, port: 1}");
  EXPECT_EQ(outlet.state(), "on");
  control("unplug 1-1");
  ASSERT_TRUE(worker.run_until([&] { return !find_usb_device(*bus->devices(), UsbMatch{.path = "1-1"}); }));
  control("plug 1-1");
  ASSERT_TRUE(outlet.off());
  EXPECT_THAT(state("hub"), EndsWith("vbus 1 off\n"));
}

USB_LAB_TEST(UsbPower, Ykush, "ykush,port=1-2,serial=YK1,state=DIR/ykush") {
  Outlet outlet(worker, env(), ykush, "{serial: YK1, outlet: 2}");
  ASSERT_TRUE(outlet.off());
  EXPECT_THAT(state("ykush"), EndsWith("ports 05\n"));
  EXPECT_EQ(outlet.state(), "off");
  ASSERT_TRUE(outlet.on());
  EXPECT_THAT(state("ykush"), EndsWith("ports 07\n"));
  Outlet another(worker, env(), ykush, "{serial: YK2, outlet: 2}");
  const auto wrong = another.set(PowerState::off, 200);
  ASSERT_FALSE(wrong);
  EXPECT_THAT(wrong.error().text, HasSubstr("of that kind there is 04d8:f2f7 'YKUSH' serial YK1 at 1-2"));
}

USB_LAB_TEST(UsbPower, YkushThatAnswersTooLate, "ykush,port=1-2,delay_ms=300,state=DIR/ykush") {
  Outlet outlet(worker, env(), ykush, "{path: 1-2, outlet: 2}");
  EXPECT_FALSE(outlet.set(PowerState::off, 450)) << "the order takes 300 ms, its answer as many";
  EXPECT_EQ(outlet.state(), "off") << "the answer to the order is not taken for the one to the question";
}

USB_LAB_TEST(UsbPower, YkushThatFails, "ykush,port=1-2,stall=1", "ykush,port=1-3,short_reply=2+",
             "ykush,port=1-4,mute=1+", "ykush,port=1-5,drop_after=1", "ykush,port=1-6,wrong_reply=2",
             "ykush,port=1-7,busy") {
  const auto fails = [&](const std::string& path) {
    Outlet outlet(worker, env(), ykush, "{path: " + path + ", outlet: 1}");
    auto done = outlet.set(PowerState::off, 500);
    return done ? std::string("nothing") : std::string(to_string(done.error().code));
  };
  EXPECT_EQ(fails("1-2"), to_string(Errc::io)) << "a stall";
  EXPECT_EQ(fails("1-3"), to_string(Errc::protocol)) << "half a report";
  EXPECT_EQ(fails("1-4"), to_string(Errc::timeout));
  EXPECT_EQ(fails("1-5"), to_string(Errc::unavailable)) << "unplugged between order and answer";
  EXPECT_EQ(fails("1-6"), to_string(Errc::protocol));
  EXPECT_EQ(fails("1-7"), to_string(Errc::busy));
}

USB_LAB_TEST(UsbPower, HidRelaysThatShareOneSerialNumber, "hidrelay,port=1-2,serial=A,state=DIR/left",
             "hidrelay,port=1-3,serial=A,relays=8,state=DIR/right") {
  Outlet either(worker, env(), hid_relay, "{serial: A, outlet: 1}");
  const auto refused = either.set(PowerState::on, 500);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::bad_input) << refused.error().text;
  Outlet right(worker, env(), hid_relay, "{path: 1-3, outlet: 8}");
  ASSERT_TRUE(right.on());
  EXPECT_EQ(right.state(), "on");
  EXPECT_EQ(state("right"), "relays 80\n");
  EXPECT_EQ(state("left"), "");
}

USB_LAB_TEST(UsbPower, TwoOutletsOfOneUnitAtOnce, "hidrelay,port=1-2,relays=2,delay_ms=20,state=DIR/relay") {
  Outlet first(worker, env(), hid_relay, "{path: 1-2, outlet: 1}");
  Outlet second(worker, env(), hid_relay, "{path: 1-2, outlet: 2, normally_closed: true}");
  std::optional<Result<>> one;
  std::optional<Result<>> two;
  TaskScope scope(worker.io.get_executor(), "test");
  scope.spawn("1", tests::keep_result(first.port().set(PowerState::on, soon()), &one));
  scope.spawn("2", tests::keep_result(second.port().set(PowerState::off, soon()), &two));
  ASSERT_TRUE(worker.run_until([&] { return scope.running() == 0; }));
  EXPECT_TRUE(*one) << one->error().text;
  EXPECT_TRUE(*two) << two->error().text;
  EXPECT_THAT(state("relay"), EndsWith("relays 03\n"));
  EXPECT_EQ(second.state(), "off");
}

USB_LAB_TEST(UsbPower, ARelayThatTheModelHasNot, "hidrelay,port=1-2,relays=2,state=DIR/relay") {
  Outlet outlet(worker, env(), hid_relay, "{path: 1-2, outlet: 5}");
  const auto refused = outlet.on();
  ASSERT_FALSE(refused);
  EXPECT_EQ(state("relay"), "");
}

USB_LAB_TEST(UsbPower, Sispm, "sispm,port=1-2,state=DIR/strip") {
  Outlet outlet(worker, env(), sispm, "{path: 1-2, outlet: 3}");
  const auto on = outlet.on();
  ASSERT_TRUE(on) << on.error().text;
  EXPECT_EQ(outlet.state(), "on");
  const auto after = state("strip");
  EXPECT_NE(after, "");
  ASSERT_TRUE(outlet.off());
  EXPECT_EQ(outlet.state(), "off");
  EXPECT_NE(state("strip"), after);
}

USB_LAB_TEST(UsbPower, FtdiRelays, "ftdi,port=1-2,serial=FT1,state=DIR/pins") {
  Outlet first(worker, env(), ftdi_relay, "{serial: FT1, outlet: 1}");
  Outlet third(worker, env(), ftdi_relay, "{serial: FT1, outlet: 3}");
  const auto on = first.on();
  ASSERT_TRUE(on) << on.error().text;
  ASSERT_TRUE(third.on());
  EXPECT_THAT(state("pins"), EndsWith("pins 05\n"));
  ASSERT_TRUE(first.off());
  EXPECT_THAT(state("pins"), EndsWith("pins 04\n"));
  EXPECT_EQ(third.state(), "on");
  EXPECT_EQ(first.state(), "off");
}

USB_LAB_TEST(UsbPower, LcusRelay, "ch340,port=1-2,tty=ttyUSB0,relay=lcus,relays=4,state=DIR/relay") {
  Outlet outlet(worker, env(), lcus_relay, "{usb: {path: 1-2}, outlet: 2, read_back: frame}");
  const auto on = outlet.on();
  ASSERT_TRUE(on) << on.error().text;
  EXPECT_EQ(outlet.state(), "on");
  EXPECT_THAT(state("relay"), HasSubstr("relays 02\n"));
  ASSERT_TRUE(outlet.off());
  EXPECT_THAT(state("relay"), HasSubstr("relays 00\n"));
  Outlet silent(worker, env(), lcus_relay, "{usb: {path: 1-2}, outlet: 2, read_back: text}");
  const auto unheard = silent.set(PowerState::on, 400);
  ASSERT_FALSE(unheard) << "this board does not answer so";
  EXPECT_EQ(unheard.error().code, Errc::timeout) << unheard.error().text;
}

USB_LAB_TEST(UsbPower, NumatoRelay,
             "ch340,vid=2a19,pid=0c05,port=1-2,serial=NL1,tty=ttyACM0,relay=numato,relays=8,state=DIR/relay") {
  Outlet outlet(worker, env(), numato_relay, "{usb: {serial: NL1}, relays: 8, outlet: 8}");
  const auto on = outlet.on();
  ASSERT_TRUE(on) << on.error().text;
  EXPECT_EQ(outlet.state(), "on");
  EXPECT_THAT(state("relay"), HasSubstr("relays 80\n"));
  ASSERT_TRUE(outlet.off());
  EXPECT_EQ(outlet.state(), "off");
}

std::string complaints(const DriverInfo& driver, std::string_view address) {
  Diagnostics diagnostics;
  driver.check(tests::yaml(address), diagnostics);
  return diagnostics.to_string();
}

TEST(UsbPowerAddresses, AreCheckedWithTheirPlaces) {
  EXPECT_EQ(complaints(usb_hub_port, "{driver: usb-hub-port, path: 1-1.4, port: 2, pair: none}"), "");
  EXPECT_THAT(complaints(usb_hub_port, "{path: 1-1.4}"), HasSubstr("port"));
  EXPECT_THAT(complaints(usb_hub_port, "{path: 1-1.4, port: 0}"), HasSubstr("'port' must be"));
  EXPECT_THAT(complaints(usb_hub_port, "{path: 1-1.4, port: 1, pair: x}"), HasSubstr("'pair' must be"));
  EXPECT_THAT(complaints(ykush, "{serial: A, outlet: 4}"), HasSubstr("from 1 to 3"));
  EXPECT_EQ(complaints(ykush, "{serial: A, outlet: 4, model: ykush3}"), "");
  EXPECT_EQ(complaints(ykush, "{serial: A, model: ykush-xs}"), "");
  EXPECT_THAT(complaints(hid_relay, "{outlet: 1}"), HasSubstr("'serial' or 'path' is missing"));
  EXPECT_THAT(complaints(hid_relay, "{path: 1-1, outlet: 1, colour: red}"), HasSubstr("colour"));
  EXPECT_THAT(complaints(lcus_relay, "{path: /dev/ttyUSB0, outlet: 1}"), HasSubstr("whatever was plugged in first"));
  EXPECT_THAT(complaints(numato_relay, "{usb: {serial: A}, outlet: 9, relays: 8}"), HasSubstr("from 1 to 8"));
  EXPECT_THAT(complaints(numato_relay, "{usb: {serial: A}, path: /dev/ttyS0, outlet: 1, relays: 8}"),
              HasSubstr("keep one"));
  EXPECT_THAT(complaints(gpio, "{chip: gpiochip0}"), HasSubstr("line"));
  EXPECT_EQ(complaints(gpio, "{chip: gpiochip0, line: BOARD_ON, active_low: true}"), "");
}

}  // namespace
}  // namespace hilltop::drivers
