// SPDX-License-Identifier: Apache-2.0
// Serial ports by their USB devices, and the modem lines, against simulated adapters.
#include <gmock/gmock.h>

#include <set>

#include "drivers/api/device.hpp"
#include "drivers/serial/reset_sequence.hpp"
#include "drivers/serial/serial_ports.hpp"
#include "drivers/tables.hpp"
#include "tests/drivers/usb_lab.hpp"

namespace hilltop::drivers {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

struct Read {
  ResetSequence sequence;
  std::string complaints;
};

Read read(std::string_view text) {
  Diagnostics diagnostics;
  Fields fields(read_yaml(text, "lab.yaml", diagnostics), "tty", diagnostics);
  auto sequence = read_reset_sequence(fields, diagnostics);
  fields.refuse_others();
  return {std::move(sequence), diagnostics.to_string()};
}

TEST(ResetSequence, IsANameOrAListOfSteps) {
  EXPECT_TRUE(read("{}").sequence.empty());
  const auto esp32 = read("{reset_sequence: esp32}").sequence;
  ASSERT_EQ(esp32.size(), 2U);
  EXPECT_EQ(esp32[0], (ResetStep{.dtr = false, .rts = true, .wait = std::chrono::milliseconds(100)}));
  const auto boot = read("{reset_sequence: esp32-boot}").sequence;
  ASSERT_EQ(boot.size(), 3U);
  EXPECT_EQ(boot[1].dtr, true) << "IO0 is low when EN rises";
  EXPECT_EQ(boot[1].rts, false);
  const auto own = read("{reset_sequence: [{dtr: on, wait_ms: 20}, {dtr: off}]}");
  EXPECT_EQ(own.complaints, "");
  ASSERT_EQ(own.sequence.size(), 2U);
  EXPECT_EQ(own.sequence[0].wait, std::chrono::milliseconds(20));
  EXPECT_EQ(own.sequence[0].rts, std::nullopt);
  EXPECT_THAT(read("{reset_sequence: esp23}").complaints, HasSubstr("did you mean 'esp32'?"));
  EXPECT_THAT(read("{reset_sequence: []}").complaints, HasSubstr("1 to 32 steps"));
  EXPECT_THAT(read("{reset_sequence: [{cts: on}]}").complaints, HasSubstr("cts"));
  EXPECT_THAT(read("{reset_sequence: [{wait_ms: 99999}]}").complaints, HasSubstr("wait_ms"));
}

TEST(ResetSequence, EndsWithTheBoardOutOfItsReset) {
  for (const auto* name : {"esp32", "esp32-boot"}) {
    const auto sequence = read(std::string("{reset_sequence: ") + name + "}").sequence;
    EXPECT_EQ(sequence.back().rts, false) << name;
    EXPECT_EQ(sequence.back().dtr, false) << name;
  }
  for (const auto* name : {"stm32", "stm32-boot"})
    EXPECT_EQ(read(std::string("{reset_sequence: ") + name + "}").sequence.back().dtr, false) << name;
}

USB_LAB_SUITE(UsbSerial);

std::unique_ptr<Device> make(const Env& env, const std::string& address) {
  auto made = tty.make(env, tests::yaml(address));
  EXPECT_TRUE(made) << made.error().text;
  return *std::move(made);
}

USB_LAB_TEST(UsbSerial, APortIsFoundByItsDevice, "ftdi,port=1-2,serial=A1,tty=ttyUSB0",
             "ftdi,port=1-3,serial=B2,tty=ttyUSB1") {
  const auto device = make(env(), "{driver: tty, usb: {serial: B2}}");
  auto* console = device->console("main");
  const auto fd = worker.run(console->open(soon()));
  ASSERT_TRUE(fd) << fd.error().text;
  ASSERT_EQ(::write(*fd, "hello", 5), 5);
  EXPECT_EQ(worker.read_until(*fd, "hello"), "hello") << "the simulated adapter's lines are joined";
  EXPECT_EQ(device->probe(), nullptr);
}

// (umockdev minds a tty that comes after one that left, unless the first one of all stays.)
USB_LAB_TEST(UsbSerial, APortComesBackUnderAnotherName, "ftdi,port=1-5,serial=Z9,tty=ttyUSB5",
             "ftdi,port=1-2,serial=A1,tty=ttyUSB0", "ftdi,port=1-3,serial=A1,tty=ttyUSB7,unplugged") {
  const auto device = make(env(), "{driver: tty, usb: {serial: A1}}");
  auto* console = device->console("main");
  ASSERT_TRUE(worker.run(console->open(soon())));
  control("unplug 1-2");
  ASSERT_TRUE(worker.run_until([&] { return !find_usb_device(*bus->devices(), UsbMatch{.serial = "A1"}); }));
  console->close();
  const auto gone = worker.run(console->open(in_ms(100)));
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().code, Errc::unavailable) << gone.error().text;
  control("plug 1-3");
  const auto fd = worker.run(console->open(soon()));
  ASSERT_TRUE(fd) << fd.error().text;
  ASSERT_EQ(::write(*fd, "again", 5), 5);
  EXPECT_EQ(worker.read_until(*fd, "again"), "again");
}

USB_LAB_TEST(UsbSerial, DtrAndRtsResetTheBoard, "ftdi,port=1-2,serial=A1,tty=ttyUSB0,state=DIR/lines") {
  const auto device = make(env(), "{driver: tty, usb: {serial: A1}, reset_sequence: esp32}");
  ASSERT_NE(device->probe(), nullptr);
  const auto reset = worker.run(device->probe()->reset(ResetKind::hard, soon()));
  ASSERT_TRUE(reset) << reset.error().text;
  const auto lines = state("lines");
  EXPECT_THAT(lines, HasSubstr("modem dtr=0 rts=1\n"));
  EXPECT_THAT(lines, EndsWith("modem dtr=0 rts=0\n"));
  const auto soft = worker.run(device->probe()->reset(ResetKind::soft, soon()));
  ASSERT_FALSE(soft);
  EXPECT_EQ(soft.error().code, Errc::unsupported);
}

USB_LAB_TEST(UsbSerial, AResetThatIsCutShortLeavesTheBoardRunning,
             "ftdi,port=1-2,serial=A1,tty=ttyUSB0,state=DIR/lines") {
  const auto device =
      make(env(), "{driver: tty, usb: {serial: A1}, reset_sequence: [{rts: on, wait_ms: 5000}, {rts: off}]}");
  const auto reset = worker.run(device->probe()->reset(ResetKind::hard, in_ms(300)));
  ASSERT_FALSE(reset);
  EXPECT_EQ(reset.error().code, Errc::timeout) << reset.error().text;
  EXPECT_THAT(state("lines"), HasSubstr("rts=1\n"));
  EXPECT_THAT(state("lines"), EndsWith("rts=0\n"));
}

USB_LAB_TEST(UsbSerial, PortsAreListedWithTheirDevices, "ftdi,port=1-2,serial=A1,tty=ttyUSB0",
             "ch340,port=1-3,tty=ttyUSB1") {
  const auto ports = worker.run(serial_ports(env(), soon()));
  ASSERT_TRUE(ports) << ports.error().text;
  std::set<std::string> addresses;
  for (const auto& port : *ports)
    if (port.usb) addresses.insert(port.node + " " + port.address(*bus->devices()));
  EXPECT_EQ(addresses, (std::set<std::string>{"/dev/ttyUSB0 {driver: tty, usb: {serial: 'A1'}}",
                                              "/dev/ttyUSB1 {driver: tty, usb: {path: '1-3'}}"}));
}

TEST(SerialPort, ItsAddressSaysTheInterfaceAndTakesNoSharedSerialNumber) {
  UsbDeviceInfo first{.path = "1-2", .serial = "0001"};
  UsbDeviceInfo second{.path = "1-3", .serial = "0001"};
  SerialPort port{.node = "/dev/ttyUSB0", .usb = second, .interface = 1, .shares_device = true};
  EXPECT_EQ(port.address({first, second}), "{driver: tty, usb: {path: '1-3', interface: 1}}");
  EXPECT_EQ(port.address({second}), "{driver: tty, usb: {serial: '0001', interface: 1}}");
  port.usb.reset();
  EXPECT_EQ(port.address({}), "{driver: tty, path: /dev/ttyUSB0}");
}

}  // namespace
}  // namespace hilltop::drivers
