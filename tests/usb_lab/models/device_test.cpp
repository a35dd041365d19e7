// SPDX-License-Identifier: Apache-2.0
#include "tests/usb_lab/models/device.hpp"

#include "tests/usb_lab/models/model_bench.hpp"

namespace hilltop::usb_lab {
namespace {

constexpr Setup get_device_descriptor{0x80, 6, 0x0100, 0, 18};
constexpr Setup get_report{0xa1, 1, 0x0300, 0, 8};
const Bytes all_on{0xfe, 0, 0, 0, 0, 0, 0, 0};
constexpr Setup set_report{0x21, 9, 0x0300, 0, 8};

TEST(Device, TellsItsDescriptorsAndStrings) {
  Bench bench("ykush,serial=S1,vid=1234");
  Bytes data;
  ASSERT_EQ(bench.control(get_device_descriptor, data), Outcome::done);
  ASSERT_EQ(data.size(), 18U);
  EXPECT_EQ(get16(data, 8), 0x1234);
  EXPECT_EQ(get16(data, 10), 0xf2f7);
  const auto serial = data[16];
  ASSERT_EQ(bench.control({0x80, 6, static_cast<std::uint16_t>(0x0300 | serial), 0x0409, 255}, data), Outcome::done);
  EXPECT_EQ(data, (Bytes{6, 3, 'S', 0, '1', 0}));
  ASSERT_EQ(bench.control({0x80, 6, 0x0200, 0, 9}, data), Outcome::done);
  EXPECT_EQ(data.size(), 9U);
  EXPECT_EQ(get16(data, 2), bench.device->configuration_descriptor().size());
}

TEST(Device, AnUnknownRequestStalls) {
  Bench bench("ykush");
  EXPECT_EQ(bench.control({0xc0, 0x77, 0, 0, 8}), Outcome::stalled);
  EXPECT_EQ(bench.control({0x80, 6, 0x0f00, 0, 8}), Outcome::stalled);
}

TEST(Device, AMisspeltOptionIsRefused) {
  EXPECT_THROW((void)make_device(Options("ykush,stal=1")), UsageError);
  EXPECT_THROW((void)make_device(Options("ykush,stall=x")), UsageError);
  EXPECT_THROW((void)make_device(Options("toaster")), UsageError);
}

TEST(Faults, TheNthTransferStallsAndDoesNothing) {
  Bench bench("hidrelay,stall=2");
  auto on = all_on;
  Bytes data;
  EXPECT_EQ(bench.control(get_report, data), Outcome::done);
  EXPECT_EQ(bench.control(set_report, on), Outcome::stalled);
  EXPECT_EQ(bench.state(), Lines());
  EXPECT_EQ(bench.control(set_report, on), Outcome::done);
  EXPECT_EQ(bench.state(), Lines{"relays 03"});
}

TEST(Faults, StandardRequestsAreNeverStruck) {
  Bench bench("hidrelay,stall=1+");
  Bytes data;
  EXPECT_EQ(bench.control(get_device_descriptor, data), Outcome::done);
  EXPECT_EQ(bench.control(get_report, data), Outcome::stalled);
  EXPECT_EQ(bench.control(get_report, data), Outcome::stalled);
}

TEST(Faults, AMuteDeviceKeepsTheTransferWaiting) {
  Bench bench("hidrelay,mute=1+");
  auto on = all_on;
  EXPECT_EQ(bench.control(set_report, on), Outcome::waiting);
  EXPECT_EQ(bench.state(), Lines());
}

TEST(Faults, ADelayHoldsBackWhatIsDone) {
  Bench bench("hidrelay,delay_ms=50");
  Transfer transfer{.setup = set_report, .data = all_on, .size = 8};
  EXPECT_EQ(bench.device->attempt(transfer, bench.now), Outcome::waiting);
  EXPECT_EQ(bench.device->attempt(transfer, bench.now + std::chrono::milliseconds(49)), Outcome::waiting);
  EXPECT_EQ(bench.state(), Lines());
  EXPECT_EQ(bench.device->attempt(transfer, bench.now + std::chrono::milliseconds(50)), Outcome::done);
  EXPECT_EQ(bench.state(), Lines{"relays 03"});
}

TEST(Faults, AnswersAreSpoiled) {
  Bench half("hidrelay,short_reply=1");
  Bench wrong("hidrelay,wrong_reply=1");
  Bytes data;
  EXPECT_EQ(half.control(get_report, data), Outcome::done);
  EXPECT_EQ(data, (Bytes{'B', 'I', 'T', 'F'}));
  EXPECT_EQ(wrong.control(get_report, data), Outcome::done);
  EXPECT_EQ(data[0], 'B' ^ 0xff);
  EXPECT_EQ(wrong.control(get_report, data), Outcome::done);
  EXPECT_EQ(data[0], 'B');
}

TEST(Faults, ADeviceThatDropsIsGoneOnce) {
  Bench bench("hidrelay,drop_after=1,back_ms=30");
  Bytes data;
  EXPECT_EQ(bench.control(get_report, data), Outcome::done);
  EXPECT_EQ(bench.control(get_report, data), Outcome::gone);
  EXPECT_TRUE(bench.device->dropped());
  EXPECT_EQ(bench.device->back_after(), std::chrono::milliseconds(30));
  EXPECT_EQ(bench.control(get_device_descriptor, data), Outcome::gone);
  bench.device->returned();
  EXPECT_EQ(bench.control(get_report, data), Outcome::done);
}

TEST(Device, AnotherSerialNumberByCommand) {
  Bench bench("ykush");
  bench.device->command("serial NEW");
  EXPECT_EQ(bench.device->description().serial, "NEW");
  EXPECT_THROW(bench.device->command("dance"), UsageError);
}

}  // namespace
}  // namespace hilltop::usb_lab
