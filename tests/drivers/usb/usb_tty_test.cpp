// SPDX-License-Identifier: Apache-2.0
#include "drivers/usb/usb_tty.hpp"

#include <gmock/gmock.h>

#include "drivers/usb/serial_address.hpp"
#include "drivers/usb/usb_hub.hpp"
#include "drivers/usb/usb_recovery.hpp"

namespace hilltop::drivers {
namespace {

using ::testing::HasSubstr;
using namespace std::string_view_literals;

constexpr auto root = "/sys/devices/pci0000:00/0000:00:14.0/usb1/1-1/";

TEST(UsbTty, IsReadFromItsPlaceInSysfs) {
  const auto converter = usb_tty_at(std::string(root) + "1-1.4/1-1.4:1.0/ttyUSB0/tty/ttyUSB0");
  ASSERT_TRUE(converter);
  EXPECT_EQ(converter->node(), "/dev/ttyUSB0");
  EXPECT_EQ(converter->usb_path, "1-1.4");
  EXPECT_EQ(converter->interface, 0U);
  const auto modem = usb_tty_at(std::string(root) + "1-1.2/1-1.2:1.12/tty/ttyACM3");
  ASSERT_TRUE(modem);
  EXPECT_EQ(modem->name, "ttyACM3");
  EXPECT_EQ(modem->interface, 12U);
  EXPECT_FALSE(usb_tty_at("/sys/devices/pnp0/00:03/tty/ttyS0"));
  EXPECT_FALSE(usb_tty_at("/sys/devices/virtual/tty/tty1"));
  EXPECT_FALSE(usb_tty_at(""));
}

const std::vector<UsbTty> ttys{{"ttyUSB3", "1-1.4", 0, 0}, {"ttyUSB1", "1-1.4", 1, 0}, {"ttyACM0", "1-2", 1, 0}};

TEST(FindUsbTty, WantsTheInterfaceOnlyWhereThereAreSeveral) {
  EXPECT_EQ(find_usb_tty(ttys, "1-2", std::nullopt)->name, "ttyACM0");
  EXPECT_EQ(find_usb_tty(ttys, "1-1.4", 1)->name, "ttyUSB1");
  const auto several = find_usb_tty(ttys, "1-1.4", std::nullopt);
  ASSERT_FALSE(several);
  EXPECT_EQ(several.error().code, Errc::bad_input);
  EXPECT_THAT(several.error().text, HasSubstr("/dev/ttyUSB3 is interface 0, /dev/ttyUSB1 is interface 1"));
  const auto missing = find_usb_tty(ttys, "1-1.4", 2);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Errc::unavailable);
  EXPECT_FALSE(find_usb_tty(ttys, "1-3", std::nullopt));
}

TEST(HubPort, IsTheLastPartOfAPath) {
  const auto at = [](const std::string& path) {
    const auto port = hub_port_of(path);
    return port ? port->hub + " " + std::to_string(port->port) : std::string(to_string(port.error().code));
  };
  EXPECT_EQ(at("1-1.4.2"), "1-1.4 2");
  EXPECT_EQ(at("1-1.12"), "1-1 12");
  EXPECT_EQ(at("2-3"), "usb2 3");
  EXPECT_EQ(at("usb1"), "bad_input");
  EXPECT_EQ(at("1-"), "bad_input");
  EXPECT_EQ(at("-1"), "bad_input");
  EXPECT_EQ(at("1-1.x"), "bad_input");
  EXPECT_EQ(at("1-1.999"), "bad_input");
}

TEST(HubDescriptor, TellsPortsAndSwitching) {
  const auto read = [](std::string_view bytes) { return read_hub_descriptor(bytes); };
  EXPECT_EQ(read("\x09\x29\x04\x09\x00\x32\x64\x00\xff"sv)->switching, HubSwitching::each_port);
  EXPECT_EQ(read("\x09\x29\x07\xe0\x00\x32\x64\x00\xff"sv)->switching, HubSwitching::ganged);
  EXPECT_EQ(read("\x09\x29\x07\xe0\x00\x32\x64\x00\xff"sv)->ports, 7);
  EXPECT_EQ(read("\x0c\x2a\x04\x02\x00\x32\x64\x04"sv)->switching, HubSwitching::none);
  EXPECT_FALSE(read("\x09\x29\x04\x09"sv)) << "too short";
  EXPECT_FALSE(read("\x09\x21\x04\x09\x00\x32\x64"sv)) << "another descriptor";
  EXPECT_FALSE(read("\x09\x29\x00\x09\x00\x32\x64"sv)) << "no ports";
}

TEST(HubDescriptor, APortsPowerIsAnotherBitInUsb3) {
  EXPECT_TRUE(*port_has_power("\x01\x01\0\0"sv, false));
  EXPECT_FALSE(*port_has_power("\x00\x02\0\0"sv, false)) << "a low speed device";
  EXPECT_TRUE(*port_has_power("\xa0\x02\0\0"sv, true));
  EXPECT_FALSE(*port_has_power("\x80\x00\0\0"sv, true));
  EXPECT_FALSE(port_has_power("\x01\x01"sv, false));
}

TEST(HubDescriptor, AContainerIdIsFoundAmongOtherCapabilities) {
  const auto store =
      "\x05\x0f\x20\x00\x02"
      "\x07\x10\x02\x02\x00\x00\x00"
      "\x14\x10\x04\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\x10"sv;
  EXPECT_EQ(container_id(store), "0102030405060708090a0b0c0d0e0f10");
  EXPECT_EQ(container_id(store.substr(0, store.size() - 1)), "") << "cut off";
  EXPECT_EQ(container_id("\x05\x0f\x06\x00\x01\x00"sv), "") << "an empty capability ends the search";
  const auto zeros = std::string("\x05\x0f\x19\x00\x01\x14\x10\x04\x00"sv) + std::string(16, '\0');
  EXPECT_EQ(container_id(zeros), "") << "an id that was never set";
}

SerialAddress read(std::string_view text, std::string& complaints) {
  Diagnostics diagnostics;
  Fields fields(read_yaml(text, "lab.yaml", diagnostics), "tty", diagnostics);
  auto out = read_serial_address(fields, diagnostics);
  fields.refuse_others();
  complaints = diagnostics.to_string();
  return out;
}

TEST(SerialAddress, IsAPathOrAUsbDevice) {
  std::string complaints;
  EXPECT_EQ(read("{path: /dev/ttyS0}", complaints).title(), "/dev/ttyS0");
  EXPECT_EQ(complaints, "");
  const auto usb = read("{usb: {serial: A1, interface: 2, usb_id: '0403:6010'}}", complaints);
  EXPECT_EQ(complaints, "");
  EXPECT_EQ(usb.title(), "the serial port of serial A1 (0403:6010)");
  EXPECT_EQ(usb.interface, 2U);
  (void)read("{}", complaints);
  EXPECT_THAT(complaints, HasSubstr("'path' or 'usb' is missing"));
  (void)read("{usb: {interface: 0}}", complaints);
  EXPECT_THAT(complaints, HasSubstr("'serial' or 'path' is missing"));
  (void)read("{usb: {serial: A1, speed: 3}}", complaints);
  EXPECT_THAT(complaints, HasSubstr("speed"));
  (void)read("{path: /dev/ttyACM0}", complaints);
  EXPECT_THAT(complaints, HasSubstr("allow_unstable"));
  (void)read("{path: /dev/ttyACM0, allow_unstable: true}", complaints);
  EXPECT_EQ(complaints, "");
}

}  // namespace
}  // namespace hilltop::drivers
