// SPDX-License-Identifier: Apache-2.0
#include "drivers/usb/usb_device.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <libusb-1.0/libusb.h>

#include "drivers/usb/libusb_error.hpp"
#include "drivers/usb/libusb_look.hpp"

namespace hilltop::drivers {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

UsbDeviceInfo device(std::string path, std::uint16_t vendor, std::uint16_t product, std::string serial = {}) {
  UsbDeviceInfo out;
  out.bus = 1;
  out.path = std::move(path);
  out.vendor = vendor;
  out.product = product;
  out.serial = std::move(serial);
  return out;
}

UsbMatch match(std::string serial, std::string path = {}, std::optional<std::uint16_t> vendor = {},
               std::optional<std::uint16_t> product = {}) {
  return {.vendor = vendor, .product = product, .serial = std::move(serial), .path = std::move(path)};
}

/// A lab with two relays that share a serial number, as cheap ones do.
const std::vector<UsbDeviceInfo> lab{
    device("usb1", 0x1d6b, 0x0002),           device("1-1", 0x2109, 0x2813),
    device("1-1.1", 0x16c0, 0x05df, "BITFT"), device("1-1.2", 0x16c0, 0x05df, "BITFT"),
    device("1-1.3", 0x0403, 0x6001, "A501"),  device("1-1.4", 0x0403, 0x6001, "A502"),
};

struct Case {
  std::string name;
  UsbMatch match;
  std::string path = {};  ///< of what is found; "": an error
  Errc code = Errc::internal;
  Blame blame = Blame::infrastructure;
  std::vector<std::string> text = {};  ///< all of it is in the error
};

class FindUsbDevice : public ::testing::TestWithParam<Case> {};

TEST_P(FindUsbDevice, FindsOneOrSaysWhyNot) {
  const auto& expected = GetParam();
  const auto found = find_usb_device(lab, expected.match);
  if (!expected.path.empty()) {
    ASSERT_TRUE(found) << found.error().text;
    EXPECT_EQ(found->path, expected.path);
    return;
  }
  ASSERT_FALSE(found) << found->title();
  EXPECT_EQ(found.error().code, expected.code) << found.error().text;
  EXPECT_EQ(found.error().blame, expected.blame) << found.error().text;
  for (const auto& text : expected.text) EXPECT_THAT(found.error().text, HasSubstr(text));
}

INSTANTIATE_TEST_SUITE_P(
    All, FindUsbDevice,
    ::testing::Values(Case{"BySerial", match("A502"), "1-1.4"}, Case{"ByPath", match("", "1-1.3"), "1-1.3"},
                      Case{"ByBoth", match("A501", "1-1.3"), "1-1.3"}, Case{"ByRootHub", match("", "usb1"), "usb1"},
                      Case{"ByPathWhereSerialsAreEqual", match("BITFT", "1-1.2", 0x16c0, 0x05df), "1-1.2"},
                      Case{"VendorAlone", match("A501", "", 0x0403), "1-1.3"},
                      Case{"EqualSerials",
                           match("BITFT"),
                           "",
                           Errc::bad_input,
                           Blame::configuration,
                           {"2 devices fit serial BITFT", "1-1.1", "1-1.2", "'path: 1-1.1'", "lab file"}},
                      Case{"Moved",
                           match("A501", "1-1.4"),
                           "",
                           Errc::mismatch,
                           Blame::infrastructure,
                           {"A501", "not at 1-1.4", "1-1.3", "'path: 1-1.3'"}},
                      Case{"AnotherInItsPlace",
                           match("A777", "1-1.4"),
                           "",
                           Errc::unavailable,
                           Blame::infrastructure,
                           {"in that place is 0403:6001 serial A502 at 1-1.4"}},
                      Case{"AnotherKindInItsPlace",
                           match("", "1-1.4", 0x16c0, 0x05df),
                           "",
                           Errc::unavailable,
                           Blame::infrastructure,
                           {"in that place is 0403:6001", "of that kind there is 16c0:05df serial BITFT at 1-1.1"}},
                      Case{"SerialOfAnotherKind",
                           match("A501", "", 0x16c0, 0x05df),
                           "",
                           Errc::unavailable,
                           Blame::infrastructure,
                           {"that serial number has 0403:6001"}},
                      Case{"WrongSerial",
                           match("A503", "", 0x0403, 0x6001),
                           "",
                           Errc::unavailable,
                           Blame::infrastructure,
                           {"no USB device is serial A503 (0403:6001)", "A501", "A502"}},
                      Case{"Missing", match("", "1-7"), "", Errc::unavailable, Blame::infrastructure, {"plugged in"}},
                      Case{"NeitherNeverTakesTheFirst",
                           match("", "", 0x16c0, 0x05df),
                           "",
                           Errc::unavailable,
                           Blame::infrastructure,
                           {"without serial and path"}}),
    [](const auto& info) { return info.param.name; });

TEST(FindUsbDevice, SaysWhichItCouldNotRead) {
  auto devices = lab;
  devices[4].serial.clear();
  devices[4].unreadable = true;
  const auto found = find_usb_device(devices, match("A501"));
  ASSERT_FALSE(found);
  EXPECT_THAT(found.error().text, HasSubstr("not readable is 0403:6001 (its strings cannot be read) at 1-1.3"));
}

struct Read {
  UsbMatch match;
  std::string complaints;
};

Read read(std::string_view text, std::optional<UsbMatch> id = std::nullopt) {
  Diagnostics diagnostics;
  const auto node = read_yaml(text, "lab.yaml", diagnostics);
  Fields fields(node, "relay", diagnostics);
  auto read = read_usb_match(fields, std::move(id));
  fields.refuse_others();
  return {std::move(read), diagnostics.to_string()};
}

TEST(ReadUsbMatch, TakesSerialPathAndId) {
  const auto both = read("{serial: '0123', path: 1-1.4.2, usb_id: '0403:6001'}");
  EXPECT_EQ(both.complaints, "");
  EXPECT_EQ(both.match.title(), "serial 0123 at 1-1.4.2 (0403:6001)");
  const auto known = read("{path: '1-1'}", UsbMatch{.vendor = 0x16c0, .product = 0x05df});
  EXPECT_EQ(known.complaints, "");
  EXPECT_EQ(known.match.title(), "at 1-1 (16c0:05df)");
}

TEST(ReadUsbMatch, ComplainsOfWhatNamesNoDevice) {
  EXPECT_THAT(read("{}").complaints, AllOf(HasSubstr("'serial' or 'path' is missing"), HasSubstr("hilltop discover")));
  EXPECT_THAT(read("{serial: ''}").complaints, HasSubstr("'serial' is empty"));
  EXPECT_THAT(read("{serial: 123}").complaints, HasSubstr("put it into quotes: '123'"));
  EXPECT_THAT(read("{path: /dev/ttyUSB0}").complaints, HasSubstr("a place on the USB, not '/dev/ttyUSB0'"));
  EXPECT_THAT(read("{path: 1-1., usb_id: '403:6001'}").complaints,
              AllOf(HasSubstr("not '1-1.'"), HasSubstr("\"0403:6001\"")));
  EXPECT_THAT(read("{path: 1-1, usb_id: '04o3:6001'}").complaints, HasSubstr("'usb_id'"));
  EXPECT_THAT(read("{path: 1-1, usb_id: '0403:6001'}", UsbMatch{.vendor = 1}).complaints, HasSubstr("usb_id"))
      << "a driver that knows its device asks for no id";
}

TEST(UsbDeviceInfo, HasATitleForMessages) {
  auto relay = lab[2];
  relay.name = "USBRelay2";
  EXPECT_EQ(relay.title(), "16c0:05df 'USBRelay2' serial BITFT at 1-1.1");
  EXPECT_EQ(to_string(UsbSpeed::high), "480 Mbit/s");
}

TEST(LibusbError, NamesTheDeviceAndWhatIsToBeDone) {
  const auto denied = libusb_error(LIBUSB_ERROR_ACCESS, "open", lab[4]);
  EXPECT_EQ(denied.code, Errc::denied);
  EXPECT_EQ(denied.blame, Blame::infrastructure);
  EXPECT_THAT(denied.text, AllOf(HasSubstr("0403:6001 serial A501 at 1-1.3: open"), HasSubstr("70-hilltop.rules"),
                                 HasSubstr("ATTR{idVendor}==\"0403\", ATTR{idProduct}==\"6001\"")));
  EXPECT_EQ(libusb_error(LIBUSB_ERROR_BUSY, "claim", lab[4]).code, Errc::busy);
  EXPECT_EQ(libusb_error(LIBUSB_ERROR_NO_DEVICE, "read", lab[4]).code, Errc::unavailable);
  EXPECT_EQ(libusb_error(LIBUSB_ERROR_PIPE, "read", lab[4]).code, Errc::io);
}

TEST(UsbStringText, IsUtf8AndNeverReadsBeyondTheDescriptor) {
  using namespace std::string_view_literals;
  EXPECT_EQ(usb_string_text("\x08\x03"
                            "A\0b\0\xe9\0"sv),
            "Ab\u00e9");
  EXPECT_EQ(usb_string_text("\x06\x03\x3d\xd8\x00\xde"sv), "\U0001F600");
  EXPECT_EQ(usb_string_text("\x04\x03\x3d\xd8"sv), "\ufffd") << "half a pair";
  EXPECT_EQ(usb_string_text("\xff\x03"
                            "A\0B"sv),
            "A")
      << "shorter than it says";
  EXPECT_EQ(usb_string_text("\x04\x02"
                            "A\0"sv),
            "")
      << "another descriptor";
  EXPECT_EQ(usb_string_text("\x04"sv), "");
}

}  // namespace
}  // namespace hilltop::drivers
