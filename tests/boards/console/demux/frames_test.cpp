// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "drivers/protocol/cmux.hpp"
#include "drivers/protocol/cobs.hpp"
#include "drivers/protocol/slip.hpp"
#include "drivers/protocol/smp.hpp"
#include "tests/boards/console/demux/invariance.hpp"

namespace hilltop::boards::demux {
namespace {

using namespace std::string_literals;
namespace cmux = drivers::cmux;

const std::string packet = "\x03\x00\x00\x06\x00\x00\x01\x00\xbf\x61r\x62hi\xff"s;

std::string many(std::size_t size) {
  std::string out;
  for (std::size_t i = 0; i < size; ++i) out += static_cast<char>(i * 7);
  return out;
}

TEST(SmpDecoder, PacketsBetweenLinesAreTakenOutAndTheTextIsWhole) {
  const auto one = drivers::smp::lines_of(packet).front();
  const auto out = demuxed("smp", "uart:~$ " + one + "log\r\n" + one + "rest");
  EXPECT_EQ(frames(out, "smp"), (std::vector<std::string>{packet, packet}));
  EXPECT_EQ(stream(out, "text"), "uart:~$ log\r\nrest");
}

TEST(SmpDecoder, TextMayStandBetweenTheLinesOfAPacket) {
  const auto large = many(300);
  std::string input;
  for (const auto& line : drivers::smp::lines_of(large)) input += line + "[00:00:01.000,000] <inf> a: b\r\n";
  const auto out = demuxed("smp,zephyr", input);
  EXPECT_EQ(frames(out, "smp"), std::vector<std::string>{large});
  EXPECT_EQ(stream(out, "shell"), "");
  EXPECT_EQ(out.at("smp").back().at, 1000U);  // where its first line begins
}

TEST(SmpDecoder, WhatIsDamagedOrCutStaysText) {
  const auto line = drivers::smp::lines_of(packet).front();
  auto damaged = line;
  damaged[7] = '!';
  auto wrong_crc = line;
  wrong_crc[8] = wrong_crc[8] == 'A' ? 'B' : 'A';
  for (const std::string& text :
       {damaged, wrong_crc, line.substr(0, line.size() - 1), "\x06"s, "\x06\x09"s, "\x04\x14\x41\n"s,
        "\x06\x06\x09\x04\x04\x14"s, "\x06\x09"s + std::string(10'000, 'A')}) {
    const auto out = demuxed("smp", text + " \n" + line);
    EXPECT_EQ(stream(out, "text"), text + " \n");
    EXPECT_EQ(frames(out, "smp"), std::vector<std::string>{packet});
  }
}

TEST(SlipDecoder, FramesBetweenTextAndBackToBack) {
  const auto a = "\x01\xc0\xdb"s, b = "\x02\x00"s;
  const auto out = demuxed("slip", "boot\r\n" + drivers::slip::encoded(a) + drivers::slip::encoded(b) + "text\r\n" +
                                       drivers::slip::encoded(a) + "end");
  EXPECT_EQ(frames(out, "slip"), (std::vector<std::string>{a, b, a}));
  EXPECT_EQ(stream(out, "text"), "boot\r\ntext\r\nend");
}

TEST(SlipDecoder, AnEndThatIsLostCostsOneFrameAndNoText) {
  const auto a = "\x01\x02"s;
  const auto out = demuxed("slip", drivers::slip::encoded(a).substr(1) + "text\r\n" + drivers::slip::encoded(a) +
                                       "more\r\n" + drivers::slip::encoded(a));
  EXPECT_EQ(frames(out, "slip"), (std::vector<std::string>{a, a}));
  EXPECT_EQ(stream(out, "text"), a + "\xc0text\r\nmore\r\n");
}

TEST(SlipDecoder, ALongFrameIsText) {
  const auto text = "\xc0"s + std::string(5000, '\x01');
  EXPECT_EQ(stream(demuxed("slip", text), "text"), text);
  std::vector<DecoderSpec> specs = {{.name = "slip", .max_frame = 6000}};
  EXPECT_EQ(frames(demuxed(specs, text + "\xc0"), "slip"), std::vector<std::string>{std::string(5000, '\x01')});
}

TEST(CobsDecoder, FramesEndWithAZeroAndLinesOfTextAreTold) {
  const auto a = "\x11\x00\x22"s, b = many(300);
  const auto zero = "\0"s;
  const auto out =
      demuxed("cobs", "boot\r\nready\r\n" + zero + drivers::cobs::encoded(a) + zero + drivers::cobs::encoded(b) + zero +
                          "a line\r\nand more " + zero + drivers::cobs::encoded(a) + zero);
  EXPECT_EQ(frames(out, "cobs"), (std::vector<std::string>{a, b, a}));
  EXPECT_EQ(stream(out, "text"), "boot\r\nready\r\na line\r\nand more ");
}

TEST(CmuxDecoder, LinesOfBothSidesInBothOptions) {
  const auto long_info = many(1000);
  for (const bool advanced : {false, true}) {
    const auto frame = [&](const cmux::Frame& f) {
      return advanced ? cmux::encoded_advanced(f) : cmux::encoded_basic(f);
    };
    std::string input = "AT+CMUX=0\r\r\nOK\r\n";
    for (std::uint8_t dlci : {0, 1, 2}) {
      input += frame({dlci, true, true, cmux::Type::sabm, {}});
      input += frame({dlci, true, true, cmux::Type::ua, {}});
    }
    input += frame({0, true, false, cmux::Type::uih, cmux::encoded(cmux::ModemStatus{1, true, 0x8c})});
    input += frame({1, true, false, cmux::Type::uih, "AT\r"}) + frame({2, false, false, cmux::Type::uih, long_info});
    input +=
        frame({1, false, false, cmux::Type::ui, "\r\nOK~}\xf9\r\n"}) + frame({1, true, true, cmux::Type::disc, {}});
    const auto out = demuxed("cmux", input + "NO CARRIER\r\n");
    EXPECT_EQ(stream(out, "text"), "AT+CMUX=0\r\r\nOK\r\nNO CARRIER\r\n");
    EXPECT_EQ(stream(out, "mux1"), "AT\r\r\nOK~}\xf9\r\n");
    EXPECT_EQ(stream(out, "mux2"), long_info);
    EXPECT_EQ(frames(out, "mux0"), (std::vector<std::string>{"\x03\x3f", "\x03\x73", "\x03\xef\xe3\x05\x07\x8d"}));
    EXPECT_EQ(frames(out, "mux1"), (std::vector<std::string>{"\x07\x3f", "\x07\x73", "\x07\x53"}));
  }
}

TEST(CmuxDecoder, OneFlagMayStandBetweenTwoFrames) {
  const auto a = cmux::encoded_basic({1, true, false, cmux::Type::uih, "a"});
  const auto b = cmux::encoded_advanced({1, true, false, cmux::Type::uih, "b"});
  EXPECT_EQ(stream(demuxed("cmux", a + a.substr(1) + "\xf9\xf9\xf9" + a), "mux1"), "aaa");
  EXPECT_EQ(stream(demuxed("cmux", b + b.substr(1) + "~~" + b.substr(1)), "mux1"), "bbb");
}

TEST(CmuxDecoder, DamagedFramesAndPromptsStayText) {
  auto damaged = cmux::encoded_basic({1, true, false, cmux::Type::uih, "hello"});
  damaged[damaged.size() - 2] ^= 1;
  const auto good = cmux::encoded_basic({1, true, false, cmux::Type::uih, "hello"});
  const auto text = "~ # ls ~\r\n" + damaged + std::string(300, '\xf9') + "~!\x2f~";
  const auto out = demuxed("cmux", text + good);
  EXPECT_EQ(stream(out, "mux1"), "hello");
  EXPECT_EQ(stream(out, "text"), text);
}

TEST(CmuxDecoder, WhatALineCarriesIsDecodedFurtherWithOffsetsInTheRawBytes) {
  std::vector<DecoderSpec> specs = {{.name = "cmux"}, {.name = "kernel", .from = {"mux1"}}};
  const auto frame = [](std::string_view info) { return cmux::encoded_basic({1, true, false, cmux::Type::uih, info}); };
  const auto out = demuxed(specs, frame("log") + frame("in:[    1.00") + frame("0000] usb\r\n root\r\n"));
  EXPECT_EQ(stream(out, "kernel"), "[    1.000000] usb\r\n");
  EXPECT_EQ(stream(out, "shell"), "login: root\r\n");
  EXPECT_EQ(out.at("shell").front().at, 1004U);  // behind flag, address, control and length
}

TEST(RttDecoder, TerminalsAreToldApart) {
  const auto out = demuxed("rtt",
                           "SEGGER J-Link V7.88 - Real time terminal output\r\nProcess: JLinkExe\r\nzero\xff"
                           "1one\n\xff\xff"
                           "Fx\xff"
                           "0z\xffz");
  EXPECT_EQ(stream(out, "text"), "SEGGER J-Link V7.88 - Real time terminal output\r\nProcess: JLinkExe\r\n");
  EXPECT_EQ(stream(out, "rtt0"), "zeroz\xffz");
  EXPECT_EQ(stream(out, "rtt1"), "one\n\xff");
  EXPECT_EQ(stream(out, "rtt15"), "x");
  std::vector<DecoderSpec> third = {{.name = "rtt", .channel = 3}};
  EXPECT_EQ(stream(demuxed(third,
                           "raw\xff"
                           "1"),
                   "rtt3"),
            "raw\xff"
            "1");
}

Result<std::string> database(const std::string&) {
  return R"({"version": 3, "target": {"bits": 32, "little_endianness": true}, "arch": "arm", "kconfigs": {},
    "log_subsys": {"log_instances": {"2": {"name": "app"}}}, "string_mappings": {"1000": "value %d"}})"s;
}

std::string record(char value) {
  return "\0\x30\x0c\0\0\0\x02\0\0\0\x07\0\0\0\x03\0\0\0\xe8\x03\0\0"s + value + "\0\0\0"s;
}

TEST(DictionaryDecoder, RecordsBetweenTextBecomeLines) {
  std::vector<DecoderSpec> specs = {{.name = "dictlog", .database = "x"}};
  const auto out = demuxed(specs, "*** Booting ***\r\n" + record(1) + record(2) + "text\0\r\n"s + record(3), database);
  EXPECT_EQ(stream(out, "dictlog"),
            "[         7] <inf> app: value 1\n[         7] <inf> app: value 2\n[         7] <inf> app: value 3\n");
  EXPECT_EQ(stream(out, "text"), "*** Booting ***\r\ntext\0\r\n"s);
}

TEST(DictionaryDecoder, HexadecimalRecordsComeBehindTheirMark) {
  std::string hex;
  for (const char c : record(4)) {
    hex += "0123456789abcdef"[static_cast<std::uint8_t>(c) >> 4];
    hex += "0123456789ABCDEF"[static_cast<std::uint8_t>(c) & 15];
  }
  std::vector<DecoderSpec> specs = {{.name = "dictlog", .database = "x"}};
  const auto out = demuxed(specs, "boot 00\r\n##ZLOGV1##" + hex + hex + "\r\nface it\r\n" + hex + "0", database);
  const auto line = "[         7] <inf> app: value 4\n"s;
  EXPECT_EQ(stream(out, "dictlog"), line + line + line);
  EXPECT_EQ(stream(out, "text"), "boot 00\r\n\r\nface it\r\n0");
}

}  // namespace
}  // namespace hilltop::boards::demux
