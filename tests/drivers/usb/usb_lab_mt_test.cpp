// SPDX-License-Identifier: Apache-2.0
// The bus, handles and hubs against simulated devices, which are judged by their own state files.
#include <gmock/gmock.h>

#include "drivers/usb/libusb_bus.hpp"
#include "drivers/usb/usb_hub.hpp"
#include "drivers/usb/usb_recovery.hpp"
#include "tests/drivers/usb_lab.hpp"

namespace hilltop::drivers {
namespace {

using ::testing::HasSubstr;

USB_LAB_SUITE(UsbBusInLab);

constexpr UsbRequest get_report{0xa1, 1, 0x0300, 0};
constexpr UsbRequest set_report{0x21, 9, 0x0300, 0};

USB_LAB_TEST(UsbBusInLab, TellsWhatIsPluggedIn, "hub,port=1-1", "ykush,port=1-1.2,serial=YK1", "ftdi,port=1-1.3") {
  const auto devices = bus->devices();
  ASSERT_TRUE(devices);
  const auto ykush = find_usb_device(*devices, UsbMatch{.serial = "YK1"});
  ASSERT_TRUE(ykush) << ykush.error().text;
  EXPECT_EQ(ykush->path, "1-1.2");
  EXPECT_EQ(ykush->name, "YKUSH");
  EXPECT_EQ(ykush->manufacturer, "Yepkit Lda.");
  ASSERT_EQ(ykush->interfaces.size(), 1U);
  EXPECT_EQ(ykush->interfaces[0].device_class, 3);
  ASSERT_EQ(ykush->interfaces[0].endpoints.size(), 2U);
  EXPECT_EQ(ykush->interfaces[0].endpoints[0].kind, UsbEndpoint::Kind::interrupt);
  EXPECT_TRUE(ykush->interfaces[0].endpoints[0].is_in());
  EXPECT_EQ(ykush->interfaces[0].endpoints[0].packet_size, 64);
  const auto hub = find_usb_device(*devices, UsbMatch{.path = "1-1"});
  ASSERT_TRUE(hub);
  EXPECT_EQ(hub->device_class, 9);
  EXPECT_EQ(hub->speed, UsbSpeed::high);
  EXPECT_TRUE(find_usb_device(*devices, UsbMatch{.path = "usb1"}));
}

USB_LAB_TEST(UsbBusInLab, ControlRequestsGoBothWays, "hidrelay,port=1-2,state=DIR/relay") {
  auto relay = open({.path = "1-2"});
  ASSERT_TRUE(relay) << relay.error().text;
  ASSERT_TRUE(worker.run((*relay)->claim(0, soon())));
  const std::string on{'\xff', 1, 0, 0, 0, 0, 0, 0};
  ASSERT_TRUE(worker.run((*relay)->control_out(set_report, on, soon())));
  EXPECT_EQ(state("relay"), "relays 01\n");
  const auto report = worker.run((*relay)->control_in(get_report, 8, soon()));
  ASSERT_TRUE(report) << report.error().text;
  EXPECT_EQ(*report, std::string("BITFT\0\0\1", 8));
  const auto refused = worker.run((*relay)->control_in({0xa1, 77, 0, 0}, 8, soon()));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::io) << refused.error().text;
  EXPECT_TRUE(worker.run((*relay)->control_in(get_report, 8, soon()))) << "a control pipe goes on after a stall";
}

USB_LAB_TEST(UsbBusInLab, InterruptPipesGoBothWays, "ykush,port=1-2,state=DIR/ykush") {
  auto ykush = open({.path = "1-2"});
  ASSERT_TRUE(ykush) << ykush.error().text;
  ASSERT_TRUE(worker.run((*ykush)->claim(0, soon())));
  std::string off(64, '\0');
  off[0] = 0x02;
  ASSERT_TRUE(worker.run((*ykush)->write(0x01, off, soon())));
  EXPECT_THAT(state("ykush"), HasSubstr("ports 05\n"));
  const auto answer = worker.run((*ykush)->read(0x81, 64, soon()));
  ASSERT_TRUE(answer) << answer.error().text;
  EXPECT_EQ(answer->size(), 64U);
  EXPECT_EQ((*answer)[0], 1);
  const auto missing = worker.run((*ykush)->read(0x85, 64, soon()));
  ASSERT_FALSE(missing);
  EXPECT_THAT(missing.error().text, HasSubstr("no endpoint 85"));
}

USB_LAB_TEST(UsbBusInLab, ATransferEndsAtItsDeadlineAndThePipeIsFree, "ykush,port=1-2") {
  auto ykush = open({.path = "1-2"});
  ASSERT_TRUE(ykush);
  ASSERT_TRUE(worker.run((*ykush)->claim(0, soon())));
  const auto began = std::chrono::steady_clock::now();
  const auto nothing = worker.run((*ykush)->read(0x81, 64, in_ms(200)));
  ASSERT_FALSE(nothing);
  EXPECT_EQ(nothing.error().code, Errc::timeout) << nothing.error().text;
  EXPECT_GE(std::chrono::steady_clock::now() - began, std::chrono::milliseconds(190));
  std::string status(64, '\0');
  status[0] = 0x21;
  ASSERT_TRUE(worker.run((*ykush)->write(0x01, status, soon())));
  const auto answer = worker.run((*ykush)->read(0x81, 64, soon()));
  ASSERT_TRUE(answer) << "the transfer before would have taken this answer: " << answer.error().text;
  EXPECT_EQ((*answer)[1], 0x11);
}

USB_LAB_TEST(UsbBusInLab, ATransferCanBeCanceled, "ykush,port=1-2") {
  auto ykush = open({.path = "1-2"});
  ASSERT_TRUE(ykush);
  ASSERT_TRUE(worker.run((*ykush)->claim(0, soon())));
  std::optional<Result<std::string>> out;
  TaskScope scope(worker.io.get_executor(), "test");
  const auto id = scope.spawn("read", tests::keep_result((*ykush)->read(0x81, 64, Deadline::never()), &out));
  worker.run_until([deadline = in_ms(100)] { return deadline.passed(); });
  ASSERT_FALSE(out.has_value());
  scope.cancel(id);
  ASSERT_TRUE(worker.run_until([&] { return scope.running() == 0; }, std::chrono::seconds(5)));
  EXPECT_EQ(out->error().code, Errc::canceled);
}

USB_LAB_TEST(UsbBusInLab, UnpluggedInMidTransfer, "ykush,port=1-2") {
  auto ykush = open({.path = "1-2"});
  ASSERT_TRUE(ykush);
  ASSERT_TRUE(worker.run((*ykush)->claim(0, soon())));
  std::optional<Result<std::string>> out;
  TaskScope scope(worker.io.get_executor(), "test");
  scope.spawn("read", tests::keep_result((*ykush)->read(0x81, 64, soon()), &out));
  std::vector<std::string> changes;
  const auto token = bus->on_change([&](UsbBus::Change change, const UsbDeviceInfo& device) {
    changes.push_back((change == UsbBus::Change::left ? "left " : "arrived ") + device.path);
  });
  control("unplug 1-2");
  ASSERT_TRUE(worker.run_until([&] { return out.has_value() && !changes.empty(); }));
  ASSERT_FALSE(*out);
  EXPECT_EQ(out->error().code, Errc::unavailable) << out->error().text;
  EXPECT_EQ(changes.front(), "left 1-2");
  const auto again = worker.run((*ykush)->control_in(get_report, 8, soon()));
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, Errc::unavailable) << again.error().text;
  worker.run_until([&] { return scope.running() == 0; });
}

USB_LAB_TEST(UsbBusInLab, WaitsForADeviceThatComesBackUnderAnotherAddress, "ykush,port=1-2,serial=YK7",
             "hidrelay,port=1-3") {
  const auto before = open({.serial = "YK7"});
  ASSERT_TRUE(before);
  control("unplug 1-2");
  ASSERT_TRUE(worker.run_until([&] { return !find_usb_device(*bus->devices(), UsbMatch{.serial = "YK7"}); }));
  std::optional<Result<std::shared_ptr<UsbHandle>>> out;
  TaskScope scope(worker.io.get_executor(), "test");
  scope.spawn("open", tests::keep_result(bus->open({.serial = "YK7"}, soon()), &out));
  worker.run_until([deadline = in_ms(50)] { return deadline.passed(); });
  EXPECT_FALSE(out.has_value());
  control("plug 1-2");
  ASSERT_TRUE(worker.run_until([&] { return out.has_value(); }));
  ASSERT_TRUE(*out) << out->error().text;
  EXPECT_NE((**out)->info().address, (*before)->info().address);
  worker.run_until([&] { return scope.running() == 0; });
}

USB_LAB_TEST(UsbBusInLab, SeesChangesWithoutHotplugToo, "ykush,port=1-2", "hidrelay,port=1-3,unplugged") {
  const auto own = LibusbBus::start(worker.io.get_executor(), LibusbBus::Watch::by_comparing);
  ASSERT_TRUE(own);
  EXPECT_TRUE(find_usb_device(*(*own)->devices(), UsbMatch{.path = "1-2"}));
  control("unplug 1-2");
  control("plug 1-3");
  EXPECT_TRUE(worker.run_until([&] {
    const auto now = *(*own)->devices();
    return !find_usb_device(now, UsbMatch{.path = "1-2"}) && find_usb_device(now, UsbMatch{.path = "1-3"});
  }));
  EXPECT_TRUE(worker.run((*own)->open({.path = "1-3"}, soon())));
  (*own)->stop();
}

USB_LAB_TEST(UsbBusInLab, NeverTakesOneOfTwo, "hidrelay,port=1-2,serial=A", "hidrelay,port=1-3,serial=A") {
  const auto either = open({.serial = "A"});
  ASSERT_FALSE(either);
  EXPECT_EQ(either.error().code, Errc::bad_input) << either.error().text;
  const auto third = open({.serial = "A", .path = "1-3"});
  ASSERT_TRUE(third) << third.error().text;
  EXPECT_EQ((*third)->info().path, "1-3");
}

USB_LAB_TEST(UsbBusInLab, SaysThatAnotherProgramHasTheInterface, "ykush,port=1-2,busy") {
  auto ykush = open({.path = "1-2"});
  ASSERT_TRUE(ykush);
  const auto claimed = worker.run((*ykush)->claim(0, soon()));
  ASSERT_FALSE(claimed);
  EXPECT_EQ(claimed.error().code, Errc::busy) << claimed.error().text;
}

USB_LAB_TEST(UsbBusInLab, AnEndpointGoesOnAfterItsHaltIsCleared, "ykush,port=1-2,stall=1") {
  auto ykush = open({.path = "1-2"});
  ASSERT_TRUE(ykush);
  ASSERT_TRUE(worker.run((*ykush)->claim(0, soon())));
  const auto stalled = worker.run((*ykush)->write(0x01, std::string(64, '\x21'), soon()));
  ASSERT_FALSE(stalled);
  EXPECT_EQ(stalled.error().code, Errc::io) << stalled.error().text;
  ASSERT_TRUE(worker.run((*ykush)->clear_halt(0x01, soon())));
  EXPECT_TRUE(worker.run((*ykush)->write(0x01, std::string(64, '\x21'), soon())));
}

USB_LAB_TEST(UsbBusInLab, AWorkerEndsWhileATransferIsOnItsWay, "ykush,port=1-2") {
  std::shared_ptr<UsbHandle> left_over;
  std::optional<Result<std::string>> never;
  {
    auto io = std::make_unique<boost::asio::io_context>(1);
    TaskScope scope(io->get_executor(), "test");
    const auto own = *UsbBus::of(Env{io->get_executor(), {}});
    std::optional<Result<std::shared_ptr<UsbHandle>>> opened;
    scope.spawn("open", tests::keep_result(own->open({.path = "1-2"}, soon()), &opened));
    while (scope.running() > 0) io->run_one();
    ASSERT_TRUE(opened && *opened);
    left_over = **opened;
    scope.spawn("read", tests::keep_result(left_over->read(0x81, 64, Deadline::never()), &never));
    io->restart();
    io->run_for(std::chrono::milliseconds(50));
    EXPECT_EQ(scope.running(), 1U) << "on its way, and nobody ends it";
  }
  EXPECT_FALSE(never.has_value());
  EXPECT_EQ(left_over->info().path, "1-2") << "and what is left of it dies without harm";
}

USB_LAB_SUITE(UsbHubInLab);

USB_LAB_TEST(UsbHubInLab, SwitchesBothHalvesOfABox, "hub,port=1-1,pair=2-1,state=DIR/hub", "ykush,port=1-1.2") {
  auto box = worker.run(open_hub_box(bus, {.path = "1-1"}, 2, false, {}, soon()));
  ASSERT_TRUE(box) << box.error().text;
  ASSERT_EQ(box->size(), 2U);
  EXPECT_EQ((*box)[1].handle->info().path, "2-1");
  EXPECT_TRUE(*worker.run(hub_port_power(*box, 2, soon())));
  ASSERT_TRUE(worker.run(set_hub_port_power(*box, 2, false, soon())));
  EXPECT_THAT(state("hub"), HasSubstr("vbus 2 off"));
  EXPECT_FALSE(*worker.run(hub_port_power(*box, 2, soon())));
  ASSERT_TRUE(worker.run_until([&] { return !find_usb_device(*bus->devices(), UsbMatch{.path = "1-1.2"}); }));
  ASSERT_TRUE(worker.run(set_hub_port_power(*box, 2, true, soon())));
  EXPECT_TRUE(open({.path = "1-1.2"}));
}

USB_LAB_TEST(UsbHubInLab, RefusesWhatCannotSwitchOnePort, "hub,port=1-1,switching=ganged",
             "hub,port=1-2,switching=none", "ykush,port=1-3") {
  const auto refused = [&](const std::string& path, std::uint8_t port, bool ganged) {
    const auto box = worker.run(open_hub_box(bus, {.path = path}, port, ganged, {}, soon()));
    return box ? std::string() : box.error().text;
  };
  EXPECT_THAT(refused("1-1", 1, false), HasSubstr("ganged: true"));
  EXPECT_EQ(refused("1-1", 1, true), "");
  EXPECT_THAT(refused("1-2", 1, true), HasSubstr("cannot switch power"));
  EXPECT_THAT(refused("1-1", 5, true), HasSubstr("it has 4 ports, and no port 5"));
  EXPECT_THAT(refused("1-3", 1, false), HasSubstr("is no hub"));
}

USB_LAB_TEST(UsbHubInLab, SaysThatAPortDoesNotObey, "hub,port=1-1,stuck") {
  auto box = worker.run(open_hub_box(bus, {.path = "1-1"}, 1, false, {}, soon()));
  ASSERT_TRUE(box);
  const auto switched = worker.run(set_hub_port_power(*box, 1, false, in_ms(300)));
  ASSERT_FALSE(switched);
  EXPECT_EQ(switched.error().code, Errc::mismatch) << switched.error().text;
}

USB_LAB_TEST(UsbHubInLab, ADeviceIsRecoveredByItsHubPort, "hub,port=1-1,state=DIR/hub", "ykush,port=1-1.3,serial=YK1") {
  const auto device = open({.serial = "YK1"});
  ASSERT_TRUE(device);
  const auto last = (*device)->info();
  const auto back = worker.run(recover_usb_device(bus, {.serial = "YK1"}, last, soon()));
  ASSERT_TRUE(back) << back.error().text;
  EXPECT_EQ(state("hub"), "") << "a reset was enough";
}

USB_LAB_TEST(UsbHubInLab, ADeviceThatAResetDoesNotBringBackLosesItsPower, "hub,port=1-1,state=DIR/hub",
             "ykush,port=1-1.3,serial=YK1") {
  const auto device = open({.serial = "YK1"});
  ASSERT_TRUE(device);
  const auto last = (*device)->info();
  control("unplug 1-1.3");
  ASSERT_TRUE(worker.run_until([&] { return !find_usb_device(*bus->devices(), UsbMatch{.serial = "YK1"}); }));
  const auto back = worker.run(recover_usb_device(bus, {.serial = "YK1"}, last, in_ms(6000)));
  ASSERT_FALSE(back) << "it is not plugged in";
  EXPECT_THAT(back.error().text, HasSubstr("after a reset"));
  EXPECT_THAT(state("hub"), HasSubstr("vbus 3 off\nvbus 3 on\n"));
}

}  // namespace
}  // namespace hilltop::drivers
