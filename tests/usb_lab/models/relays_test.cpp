// SPDX-License-Identifier: Apache-2.0
// The power units: hid_relay, ykush, sispm, serial_relay, and an FTDI chip's pins.
#include "tests/usb_lab/models/model_bench.hpp"
#include "tests/usb_lab/models/serial_relay.hpp"

namespace hilltop::usb_lab {
namespace {

TEST(HidRelay, SwitchesOneAndAllAndTellsThem) {
  Bench bench("hidrelay,relays=4,id=LAB01");
  Bytes one_on{0xff, 2, 0, 0, 0, 0, 0, 0}, report, all_off{0xfc, 0, 0, 0, 0, 0, 0, 0};
  EXPECT_EQ(bench.control({0x21, 9, 0x0300, 0, 8}, one_on), Outcome::done);
  EXPECT_EQ(bench.control({0xa1, 1, 0x0300, 0, 8}, report), Outcome::done);
  EXPECT_EQ(report, (Bytes{'L', 'A', 'B', '0', '1', 0, 0, 0x02}));
  EXPECT_EQ(bench.control({0x21, 9, 0x0300, 0, 8}, all_off), Outcome::done);
  EXPECT_EQ(bench.state(), (Lines{"relays 02", "relays 00"}));
}

TEST(HidRelay, HasNoFifthOfFourRelaysAndLetsGoWithoutPower) {
  Bench bench("hidrelay,relays=4");
  Bytes fifth{0xff, 5, 0, 0, 0, 0, 0, 0}, first{0xff, 1, 0, 0, 0, 0, 0, 0};
  EXPECT_EQ(bench.control({0x21, 9, 0x0300, 0, 8}, fifth), Outcome::stalled);
  EXPECT_EQ(bench.control({0x21, 9, 0x0300, 0, 8}, first), Outcome::done);
  bench.device->set_powered(false);
  EXPECT_EQ(bench.state(), (Lines{"relays 01", "relays 00"}));
}

TEST(Ykush, AnswersEachCommand) {
  Bench bench("ykush");
  Bytes answer;
  EXPECT_EQ(bench.read(0x81, 64, answer), Outcome::waiting);
  EXPECT_EQ(bench.write(0x01, {0x02}), Outcome::done);
  ASSERT_EQ(bench.read(0x81, 64, answer), Outcome::done);
  EXPECT_EQ(answer.size(), 64U);
  EXPECT_EQ(answer[0], 1);
  EXPECT_EQ(bench.write(0x01, {0x22}), Outcome::done);
  ASSERT_EQ(bench.read(0x81, 64, answer), Outcome::done);
  EXPECT_EQ(answer[1], 0x02);
  EXPECT_EQ(bench.write(0x01, {0x21}), Outcome::done);
  ASSERT_EQ(bench.read(0x81, 64, answer), Outcome::done);
  EXPECT_EQ(answer[1], 0x11);
  EXPECT_EQ(bench.state(), (Lines{"ports 07", "ports 05"}));
}

TEST(Sispm, HoldsItsOutletsWithoutUsb) {
  Bench bench("sispm");
  Bytes on{6, 3}, report;
  EXPECT_EQ(bench.control({0x21, 9, 0x0306, 0, 2}, on), Outcome::done);
  EXPECT_EQ(bench.control({0xa1, 1, 0x0306, 0, 5}, report), Outcome::done);
  EXPECT_EQ(report[1] & 1, 1);
  bench.device->set_powered(false);
  EXPECT_EQ(bench.state(), Lines{"outlets 02"});
  EXPECT_EQ(bench.control({0x21, 9, 0x030f, 0, 2}, on), Outcome::stalled);  // outlet 5 of 4
}

TEST(Ftdi, BitBangMovesOnlyOutputs) {
  Bench bench("ftdi");
  EXPECT_EQ(bench.control({0x40, 0x0b, 0x010f, 1, 0}), Outcome::done);
  EXPECT_EQ(bench.write(0x02, {0x5a}), Outcome::done);
  Bytes pins;
  EXPECT_EQ(bench.control({0xc0, 0x0c, 0, 1, 1}, pins), Outcome::done);
  EXPECT_EQ(pins, Bytes{0x0a});
  EXPECT_EQ(bench.state(), Lines{"pins 0a"});
}

TEST(Ftdi, CbusPinsAndModemLines) {
  Bench bench("ftdi");
  EXPECT_EQ(bench.control({0x40, 0x0b, 0x20f1, 0, 0}), Outcome::done);
  EXPECT_EQ(bench.control({0x40, 0x01, 0x0101, 0, 0}), Outcome::done);
  EXPECT_EQ(bench.control({0x40, 0x01, 0x0202, 0, 0}), Outcome::done);
  EXPECT_EQ(bench.control({0x40, 0x01, 0x0100, 0, 0}), Outcome::done);
  EXPECT_EQ(bench.state(), (Lines{"cbus 1 dir f", "modem dtr=1 rts=0", "modem dtr=1 rts=1", "modem dtr=0 rts=1"}));
}

TEST(Ftdi, UartBytesHaveStatusInFrontOfEachPacket) {
  Bench bench("ftdi");
  Bytes sent(100, 'x'), got;
  EXPECT_EQ(bench.write(0x02, sent), Outcome::done);
  ASSERT_EQ(bench.read(0x81, 512, got), Outcome::done);
  ASSERT_EQ(got.size(), 104U);
  EXPECT_EQ((Bytes{got[0], got[1], got[64], got[65]}), (Bytes{0x01, 0x60, 0x01, 0x60}));
}

Bytes bytes_of(std::string_view text) { return {text.begin(), text.end()}; }

TEST(SerialRelay, LcusFindsItsFramesAgain) {
  const auto relay = make_serial_relay(Options("x,relay=lcus"));
  relay->from_host(Bytes{0x00, 0xa0, 0x01, 0x03, 0xa4});  // a byte too many in front
  EXPECT_EQ(relay->to_host(99), (Bytes{0xa0, 0x01, 0x01, 0xa2}));
  relay->from_host(Bytes{0xa0, 0x01, 0x05, 0x00});  // wrong sum
  EXPECT_EQ(relay->to_host(99), Bytes());
  relay->from_host(Bytes{0xa0, 0x02, 0x05, 0xa7});
  EXPECT_EQ(relay->to_host(99), (Bytes{0xa0, 0x02, 0x00, 0xa2}));
}

TEST(SerialRelay, NumatoEchoesAndPrompts) {
  const auto relay = make_serial_relay(Options("x,relay=numato"));
  relay->from_host(bytes_of("relay on 2\r"));
  EXPECT_EQ(relay->to_host(99), bytes_of("relay on 2\r\n\n\r>"));
  relay->from_host(bytes_of("relay read 2\r"));
  EXPECT_EQ(relay->to_host(99), bytes_of("relay read 2\r\non\n\r\n\r>"));
}

}  // namespace
}  // namespace hilltop::usb_lab
