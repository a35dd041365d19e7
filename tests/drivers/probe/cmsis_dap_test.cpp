// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <csignal>

#include "drivers/api/device.hpp"
#include "drivers/tables.hpp"
#include "tests/drivers/probe/fake_dap.hpp"
#include "tests/drivers/run_task.hpp"

namespace hilltop::drivers {
namespace {

using namespace std::string_literals;

Deadline soon() { return Deadline::after(std::chrono::seconds(5)); }

/// A device at a fake probe at a fake board.
struct Bench {
  explicit Bench(bool hid = false, const std::string& more = "") : bus(std::make_shared<tests::FakeUsb>(target, hid)) {
    const Env env{worker.io.get_executor(), {}};
    UsbBus::use(env, bus);
    std::string ram(4096, '\0');
    for (std::size_t i = 0; i < ram.size(); ++i) ram[i] = static_cast<char>(i * 7 + i / 256);
    target.memory[0x20000000] = ram;
    device = *cmsis_dap_probe.make(env, tests::yaml("{driver: cmsis-dap, serial: DAP0001" + more + "}"));
  }
  ~Bench() { EXPECT_TRUE(worker.run(device->shut_down(soon()))); }
  Result<std::string> read(std::uint64_t address, std::size_t size) {
    return worker.run(device->probe()->read_memory(address, size, soon()));
  }
  [[nodiscard]] const std::string& ram() { return target.memory[0x20000000]; }

  tests::Worker worker;
  tests::FakeTarget target;
  std::shared_ptr<tests::FakeUsb> bus;
  std::unique_ptr<Device> device;
};

TEST(CmsisDap, ItSaysWhoItIsAndWhatIsAtItsEnd) {
  Bench bench;
  const auto identity = bench.worker.run(bench.device->probe()->identify(soon()));
  ASSERT_TRUE(identity) << identity.error().text;
  EXPECT_EQ(identity->name, "Fake CMSIS-DAP");
  EXPECT_EQ(identity->serial, "DAP0001");
  EXPECT_EQ(identity->firmware, "2.1.0");
  EXPECT_EQ(identity->target, "dpidr 0x2ba01477, cpuid 0x412fc231");
  bench.target.power(false);
  const auto dark = bench.worker.run(bench.device->probe()->identify(soon()));
  ASSERT_FALSE(dark) << "a connection that broke is no identity";
  const auto again = bench.worker.run(bench.device->probe()->identify(soon()));
  ASSERT_TRUE(again) << again.error().text;
  EXPECT_EQ(again->target, "") << "a board without power has none";
}

TEST(CmsisDap, MemoryOfAnyAddressAndSizeIsRead) {
  for (const bool hid : {false, true}) {
    Bench bench(hid);
    for (const auto& [offset, size] : std::vector<std::pair<unsigned, unsigned>>{
             {0, 4}, {1, 1}, {3, 2}, {5, 90}, {1000, 60}, {0, 4096}, {1021, 2051}, {4095, 1}}) {
      const auto read = bench.read(0x20000000 + offset, size);
      ASSERT_TRUE(read) << read.error().text;
      EXPECT_EQ(*read, bench.ram().substr(offset, size)) << offset << "+" << size;
    }
    EXPECT_EQ(bench.bus->opened, 1);
  }
}

TEST(CmsisDap, AReadOfFewBytesIsOnePacket) {
  Bench bench;
  ASSERT_TRUE(bench.read(0x20000000, 4));
  const int before = bench.bus->probe->packets;
  ASSERT_TRUE(bench.read(0x20000010, 160));
  EXPECT_EQ(bench.bus->probe->packets - before, 1);
}

TEST(CmsisDap, AFaultIsTheBoardsAndLeavesTheConnectionAsItWas) {
  Bench bench;
  const auto faulty = bench.read(0x40000000, 4);
  ASSERT_FALSE(faulty);
  EXPECT_EQ(faulty.error().code, Errc::io);
  EXPECT_EQ(faulty.error().blame, Blame::dut);
  EXPECT_TRUE(faulty.error().text.contains("0x40000000")) << faulty.error().text;
  EXPECT_FALSE(bench.read(0x20000ff0, 1000)) << "it runs out of memory within a block";
  const auto good = bench.read(0x20000000, 64);
  ASSERT_TRUE(good) << good.error().text;
  EXPECT_EQ(*good, bench.ram().substr(0, 64));
  EXPECT_EQ(bench.bus->opened, 1);
}

TEST(CmsisDap, ABusyBusIsAskedAgainUntilTheDeadline) {
  Bench bench;
  bench.target.waits = 3;
  const auto read = bench.read(0x20000000, 2000);
  ASSERT_TRUE(read) << read.error().text;
  EXPECT_EQ(*read, bench.ram().substr(0, 2000));
  bench.target.waits = 1 << 30;
  const auto stuck = bench.worker.run(
      bench.device->probe()->read_memory(0x20000000, 4, Deadline::after(std::chrono::milliseconds(50))));
  ASSERT_FALSE(stuck);
  EXPECT_EQ(stuck.error().code, Errc::timeout);
  bench.target.waits = 0;
  EXPECT_TRUE(bench.read(0x20000000, 4));
}

TEST(CmsisDap, ABoardThatWasWithoutPowerIsConnectedAgain) {
  Bench bench;
  ASSERT_TRUE(bench.read(0x20000000, 4));
  bench.target.power(false);
  const auto dark = bench.read(0x20000000, 4);
  ASSERT_FALSE(dark);
  EXPECT_EQ(dark.error().code, Errc::unavailable);
  EXPECT_TRUE(dark.error().text.contains("powered")) << dark.error().text;
  bench.target.power(true);
  EXPECT_TRUE(bench.read(0x20000000, 4));
  EXPECT_EQ(bench.bus->opened, 1) << "the probe itself was there all the time";
}

TEST(CmsisDap, AProbeThatWasUnpluggedIsOpenedAgain) {
  Bench bench;
  ASSERT_TRUE(bench.read(0x20000000, 4));
  bench.bus->unplug();
  EXPECT_FALSE(bench.read(0x20000000, 4));
  bench.bus->plugged = true;
  bench.target.connected = false;
  EXPECT_TRUE(bench.read(0x20000000, 4));
  EXPECT_EQ(bench.bus->opened, 2);
}

TEST(CmsisDap, AnAnswerToSomebodyElseIsPassedOver) {
  Bench bench;
  ASSERT_TRUE(bench.read(0x20000000, 4));
  bench.bus->probe->answer("\x0a\x00\x01"s);
  const auto read = bench.read(0x20000000, 4);
  ASSERT_TRUE(read) << read.error().text;
  EXPECT_EQ(*read, bench.ram().substr(0, 4));
}

TEST(CmsisDap, HaltAndResumeAreDoneWhenTheCoreSaysSo) {
  Bench bench;
  ASSERT_TRUE(bench.worker.run(bench.device->probe()->halt(soon())));
  EXPECT_TRUE(bench.target.halted);
  ASSERT_TRUE(bench.worker.run(bench.device->probe()->resume(soon())));
  EXPECT_FALSE(bench.target.halted);
}

TEST(CmsisDap, BothResetsAreSeenInTheCore) {
  Bench bench;
  ASSERT_TRUE(bench.worker.run(bench.device->probe()->reset(ResetKind::hard, soon())));
  EXPECT_EQ(bench.target.resets, 1);
  EXPECT_FALSE(bench.target.line_low);
  ASSERT_TRUE(bench.worker.run(bench.device->probe()->reset(ResetKind::soft, soon())));
  EXPECT_EQ(bench.target.resets, 2);
  bench.target.wired_reset = false;
  const auto unwired = bench.worker.run(bench.device->probe()->reset(ResetKind::hard, soon()));
  ASSERT_FALSE(unwired) << "a reset line that leads nowhere resets nothing";
  EXPECT_EQ(unwired.error().code, Errc::mismatch);
}

/// The firmware's side of RTT, as SEGGER_RTT.c has it: one buffer up, one down, in the fake board's memory.
class Firmware {
 public:
  static constexpr std::uint32_t ring = 64;
  Firmware(tests::FakeTarget& target, std::uint32_t block) : target_(target), block_(block) {}
  void start() {
    write(block_, std::string(72, '\0'));
    put(block_ + 16, 1);
    put(block_ + 20, 1);
    for (const unsigned i : {0u, 1u}) {
      put(buffer(i) + 4, block_ + 100 + i * ring);
      put(buffer(i) + 8, ring);
    }
    write(block_, "SEGGER RTT\0\0\0\0\0\0"s);  // last: now the host may find it
  }
  void wipe() { write(block_, std::string(16, '\0')); }
  /// Says as much of `text` as there is room for.
  std::size_t say(std::string_view text) {
    std::size_t said = 0;
    while (said < text.size()) {
      const auto at = get(buffer(0) + 12);
      if ((at + 1) % ring == get(buffer(0) + 16)) break;
      write(block_ + 100 + at, std::string(1, text[said++]));
      put(buffer(0) + 12, (at + 1) % ring);
    }
    return said;
  }
  std::string hear() {
    std::string out;
    for (auto at = get(buffer(1) + 16); at != get(buffer(1) + 12); at = (at + 1) % ring) {
      out += *target_.at(block_ + 100 + ring + at);
      put(buffer(1) + 16, (at + 1) % ring);
    }
    return out;
  }

 private:
  [[nodiscard]] std::uint32_t buffer(unsigned i) const { return block_ + 24 + 24 * i; }
  void write(std::uint32_t at, const std::string& bytes) {
    for (std::size_t i = 0; i < bytes.size(); ++i) *target_.at(at + static_cast<std::uint32_t>(i)) = bytes[i];
  }
  void put(std::uint32_t at, std::uint32_t value) {
    std::string bytes(4, '\0');
    std::memcpy(bytes.data(), &value, 4);
    write(at, bytes);
  }
  std::uint32_t get(std::uint32_t at) {
    std::uint32_t out = 0;
    for (unsigned i = 0; i < 4; ++i) out |= std::uint32_t{static_cast<std::uint8_t>(*target_.at(at + i))} << (8 * i);
    return out;
  }
  tests::FakeTarget& target_;
  std::uint32_t block_;
};

struct RttBench : Bench {
  explicit RttBench(const std::string& rtt, bool hid = false) : Bench(hid, ", rtt: " + rtt) {
    target.memory[0x20000000] = std::string(16384, '\0');
    fd = *worker.run(device->console("rtt0")->open(soon()));
  }
  ~RttBench() { device->console("rtt0")->close(); }
  void type(std::string_view text) { EXPECT_EQ(::write(fd, text.data(), text.size()), ssize_t(text.size())); }
  /// Lets the firmware say all of `text`, as there is room.
  void say_all(Firmware& firmware, std::string_view text) {
    EXPECT_TRUE(worker.run_until([&] {
      text.remove_prefix(firmware.say(text));
      return text.empty();
    }));
  }
  int fd = -1;
};

TEST(RttOverCmsisDap, WhatTheFirmwareSaysArrivesAndWhatIsTypedIsHeard) {
  for (const bool hid : {false, true}) {
    RttBench bench("{start: 0x20000000, size: 16K}", hid);
    // A cut of the search lies within the signature.
    Firmware firmware(bench.target, 0x20000000 + 4096 - 4);
    firmware.start();
    firmware.say("hello\n");
    bench.worker.read_until(bench.fd, "hello\n");
    std::string flood;
    for (int i = 0; i < 400; ++i) flood += "line " + std::to_string(i) + "\n";
    std::string heard;
    std::string_view rest = flood;
    bench.worker.run_until([&] {
      rest.remove_prefix(firmware.say(rest));
      std::array<char, 512> bytes;
      if (const auto n = ::read(bench.fd, bytes.data(), bytes.size()); n > 0)
        heard.append(bytes.data(), static_cast<std::size_t>(n));
      return heard.size() >= flood.size();
    });
    EXPECT_EQ(heard, flood) << "every byte, in order";
    const std::string typed = "a line that is longer than the buffer of " + std::to_string(Firmware::ring) +
                              " bytes and therefore goes in two pieces\r";
    bench.type(typed);
    std::string arrived;
    EXPECT_TRUE(bench.worker.run_until([&] { return (arrived += firmware.hear()).size() >= typed.size(); }));
    EXPECT_EQ(arrived, typed);
  }
}

TEST(RttOverCmsisDap, TheBlockIsFoundAgainAfterAPowerCycleWithAnotherImage) {
  RttBench bench("{start: 0x20000000, size: 16K}");
  Firmware first(bench.target, 0x20000400);
  first.start();
  first.say("first\n");
  bench.worker.read_until(bench.fd, "first\n");
  bench.target.power(false);
  EXPECT_FALSE(bench.read(0x20000000, 4));
  bench.target.memory[0x20000000] = std::string(16384, '\0');
  bench.target.power(true);
  Firmware second(bench.target, 0x20002004);
  second.start();
  second.say("second\n");
  bench.worker.read_until(bench.fd, "second\n");
  bench.type("x");
  EXPECT_TRUE(bench.worker.run_until([&] { return second.hear() == "x"; }));
}

TEST(RttOverCmsisDap, AResetIsRiddenOutAndTheConsoleStaysOpen) {
  RttBench bench("{address: 0x20000400}");
  Firmware firmware(bench.target, 0x20000400);
  bench.target.on_reset = [&] { firmware.wipe(); };
  firmware.start();
  firmware.say("before\n");
  bench.worker.read_until(bench.fd, "before\n");
  ASSERT_TRUE(bench.worker.run(bench.device->probe()->reset(ResetKind::hard, soon())));
  firmware.start();
  firmware.say("after\n");
  bench.worker.read_until(bench.fd, "after\n");
}

TEST(RttOverCmsisDap, WhatNobodyReadsStaysInTheTarget) {
  RttBench bench("{address: 0x20000400}");
  Firmware firmware(bench.target, 0x20000400);
  firmware.start();
  const std::string piece(32, 'x');
  std::size_t said = 0;
  std::size_t stuck = 0;
  // Nobody reads the console: at last the ring stays full.
  EXPECT_TRUE(bench.worker.run_until([&] {
    const auto n = firmware.say(piece);
    said += n;
    stuck = n == 0 ? stuck + 1 : 0;
    return stuck > 50;
  }));
  std::size_t heard = 0;
  EXPECT_TRUE(bench.worker.run_until([&] {
    std::array<char, 65536> bytes;
    for (;;) {
      const auto n = ::read(bench.fd, bytes.data(), bytes.size());
      if (n <= 0) break;
      heard += static_cast<std::size_t>(n);
    }
    return heard >= said;
  }));
  EXPECT_EQ(heard, said);
}

TEST(CmsisDapAddress, AnIdentityIsNeeded) {
  const auto check = [](std::string_view text) {
    Diagnostics diagnostics;
    cmsis_dap_probe.check(tests::yaml(text), diagnostics);
    return diagnostics.to_string();
  };
  EXPECT_NE(check("{driver: cmsis-dap}"), "") << "the first probe that comes along is nobody's";
  EXPECT_EQ(check("{driver: cmsis-dap, path: 1-1.4}"), "");
  EXPECT_EQ(check("{driver: cmsis-dap, serial: X, rtt: {start: 0x20000000, size: 64K}}"), "");
  EXPECT_NE(check("{driver: cmsis-dap, serial: X, rtt: {start: 0x20000000}}"), "");
  EXPECT_NE(check("{driver: cmsis-dap, serial: X, rtt: {address: 16, size: 4}}"), "");
  EXPECT_NE(check("{driver: cmsis-dap, serial: X, clock_hz: 1}"), "");
}

}  // namespace
}  // namespace hilltop::drivers
