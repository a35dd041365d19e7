// SPDX-License-Identifier: Apache-2.0
#include "tests/usb_lab/models/cmsis_dap.hpp"

#include "tests/usb_lab/models/model_bench.hpp"

namespace hilltop::usb_lab {
namespace {

constexpr std::uint8_t write_abort = 0x00, read_dpidr = 0x02, write_ctrl = 0x04, write_select = 0x08;
constexpr std::uint8_t write_csw = 0x01, write_tar = 0x05, write_drw = 0x0d, read_drw = 0x0f;

struct Probe : Bench {
  using Bench::Bench;
  Bytes ask(Bytes command) {
    EXPECT_EQ(write(0x01, std::move(command)), Outcome::done);
    Bytes answer;
    EXPECT_EQ(read(0x81, 512, answer), Outcome::done);
    return answer;
  }
  /// One transfer; the acknowledgement, and what was read.
  std::pair<int, std::uint32_t> transfer(std::uint8_t request, std::uint32_t value = 0) {
    Bytes command{0x05, 0, 1, request};
    if ((request & 2) == 0) put32(command, value);
    const auto answer = ask(command);
    return {answer.at(2), answer.size() >= 7 ? get32(answer, 3) : 0};
  }
  void power_up() {
    EXPECT_EQ(transfer(write_abort, 0x1e).first, 1);
    EXPECT_EQ(transfer(write_ctrl, 0x50000000).first, 1);
    EXPECT_EQ(transfer(write_select, 0).first, 1);
    EXPECT_EQ(transfer(write_csw, 0x23000052).first, 1);
  }
  std::uint32_t word(std::uint32_t address) {
    EXPECT_EQ(transfer(write_tar, address).first, 1);
    const auto [ack, value] = transfer(read_drw);
    EXPECT_EQ(ack, 1);
    return value;
  }
  void set_word(std::uint32_t address, std::uint32_t value) {
    EXPECT_EQ(transfer(write_tar, address).first, 1);
    EXPECT_EQ(transfer(write_drw, value).first, 1);
  }
};

TEST(CmsisDap, SaysWhoItIs) {
  Probe probe("cmsisdap,serial=P1");
  EXPECT_EQ(probe.ask({0x00, 0x03}), (Bytes{0x00, 3, 'P', '1', 0}));
  EXPECT_EQ(probe.ask({0x00, 0xff}), (Bytes{0x00, 2, 0x00, 0x02}));
  EXPECT_EQ(probe.ask({0x77})[0], 0xff);
}

TEST(CmsisDap, VersionOneAnswersInWholeReports) {
  Probe probe("cmsisdap,version=1");
  EXPECT_EQ(probe.ask({0x00, 0xff}).size(), 64U);
}

TEST(CmsisDap, ReachesMemoryAndCore) {
  Probe probe("cmsisdap");
  EXPECT_EQ(probe.transfer(read_dpidr), std::pair(1, 0x2ba01477U));
  probe.power_up();
  probe.set_word(0x20000100, 0x12345678);
  EXPECT_EQ(probe.word(0x20000100), 0x12345678U);
  EXPECT_EQ(probe.word(0xe000ed00), 0x412fc231U);
  probe.set_word(0xe000edf0, 0xa05f0003);
  EXPECT_EQ(probe.word(0xe000edf0) & 0x20000, 0x20000U);
  EXPECT_EQ(probe.state(), Lines{"core halted"});
}

TEST(CmsisDap, ABusFaultSticksUntilItIsCleared) {
  Probe probe("cmsisdap");
  probe.power_up();
  EXPECT_EQ(probe.transfer(write_tar, 0x90000000).first, 1);
  EXPECT_EQ(probe.transfer(read_drw).first, 4);
  EXPECT_EQ(probe.transfer(read_drw).first, 4);
  EXPECT_EQ(probe.transfer(write_abort, 0x1e).first, 1);
  EXPECT_EQ(probe.word(0x20000000), 0U);
}

// OpenOCD found this: TAR of a Cortex-M3 counts within 4 KiB, not 1 KiB.
TEST(CmsisDap, TheAddressCountsWithinFourKibibytes) {
  Probe probe("cmsisdap");
  probe.power_up();
  probe.set_word(0x20000ffc, 1);
  EXPECT_EQ(probe.transfer(write_drw, 2).first, 1);
  EXPECT_EQ(probe.word(0x20000000), 2U);
  EXPECT_EQ(probe.word(0x20001000), 0U);
}

TEST(CmsisDap, NobodyAnswersWithoutPower) {
  Probe probe("cmsisdap,powered=/nonexistent:2");
  EXPECT_EQ(probe.transfer(read_dpidr).first, 1);
  const auto path = probe.file("hub");
  std::ofstream(path) << "vbus 2 off\nvbus 1 on\n";
  Probe off("cmsisdap,powered=" + path.string() + ":2");
  EXPECT_EQ(off.transfer(read_dpidr).first, 7);
  std::ofstream(path, std::ios::app) << "vbus 2 on\n";
  EXPECT_EQ(off.transfer(read_dpidr).first, 1);
}

TEST(CmsisDap, TheResetLineResetsTheCore) {
  Probe probe("cmsisdap");
  (void)probe.ask({0x10, 0x00, 0x80, 0, 0, 0, 0});
  (void)probe.ask({0x10, 0x80, 0x80, 0, 0, 0, 0});
  EXPECT_EQ(probe.state(), Lines{"core reset"});
}

TEST(CmsisDap, AFirmwareThatTalksKeepsItsRttBufferFull) {
  constexpr std::uint32_t block = 0x20000400, size = block + 32, write_at = block + 36, read_at = block + 40;
  constexpr std::uint32_t ring = block + 48;
  Probe probe("cmsisdap,rtt=64");
  probe.power_up();
  EXPECT_EQ(probe.word(block), 0x47474553u);  // "SEGG"
  EXPECT_EQ(probe.word(size), 64u);
  EXPECT_EQ(probe.word(write_at), 63u);
  EXPECT_EQ(probe.word(ring), 0x03020100u);
  probe.set_word(read_at, 10);
  EXPECT_EQ(probe.word(write_at), 9u);
  EXPECT_EQ(probe.word(ring), 0x43424140u);
  EXPECT_EQ(probe.word(ring + 60), 0x3f3e3d3cu);
  EXPECT_THROW(Bench("cmsisdap,rtt=8"), UsageError);
}

}  // namespace
}  // namespace hilltop::usb_lab
