// SPDX-License-Identifier: Apache-2.0
// The SDWire's switch on a simulated FT200X, judged by what its CBUS pins did.
#include <gmock/gmock.h>

#include "tests/drivers/usb_lab_run.hpp"

namespace hilltop::drivers {
namespace {

using ::testing::HasSubstr;

TEST(SdWireOnUsb, ItsPinFollows) {
  if (const auto why = tests::UsbLabRun::missing(); !why.empty()) GTEST_SKIP() << why;
  tests::UsbLabRun lab;
  const auto device = "ftdi,vid=04e8,pid=6001,serial=sdwire_11,state=" + lab.path("state").string();
  const auto done = lab.drive({device}, "{driver: sdwire, serial: sdwire_11, usb_id: '04e8:6001'}",
                              {"mux host", "mux side", "mux board", "mux side"});
  EXPECT_EQ(done.status, 0) << done.text;
  EXPECT_THAT(lab.read("state"), HasSubstr("cbus 1 dir f\ncbus 0 dir f\n"));
  EXPECT_THAT(done.text, HasSubstr("\"value\":\"host\""));
  EXPECT_THAT(done.text, HasSubstr("\"value\":\"board\""));
}

TEST(SdWireOnUsb, AnotherSerialNumberSwitchesNothing) {
  if (const auto why = tests::UsbLabRun::missing(); !why.empty()) GTEST_SKIP() << why;
  tests::UsbLabRun lab;
  const auto device = "ftdi,vid=04e8,pid=6001,serial=sdwire_12,state=" + lab.path("state").string();
  const auto done = lab.drive({device}, "{driver: sdwire, serial: sdwire_11, usb_id: '04e8:6001'}",
                              {"--deadline-ms", "500", "mux board"});
  EXPECT_EQ(done.status, 1) << done.text;
  EXPECT_THAT(done.text, HasSubstr("sdwire_12"));
  EXPECT_EQ(lab.read("state").find("cbus"), std::string::npos);
}

}  // namespace
}  // namespace hilltop::drivers
