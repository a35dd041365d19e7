// SPDX-License-Identifier: Apache-2.0
// Stock OpenOCD, a simulated probe, and a real core (QEMU) running the project's test firmware.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <fstream>

#include "drivers/api/device.hpp"
#include "drivers/probe/openocd_server.hpp"
#include "drivers/probe/rtt_host.hpp"
#include "drivers/tables.hpp"
#include "tests/drivers/probe/rtt_block.hpp"
#include "tests/drivers/program.hpp"
#include "tests/support/tools.hpp"

namespace hilltop::drivers {
namespace {

Deadline soon() { return Deadline::after(std::chrono::seconds(60)); }

FlashImage firmware(const std::string& name) {
  FlashImage image;
  image.path = HILLTOP_BINARY_DIR "/firmware/" + name;
  image.format = name.ends_with(".elf") ? ImageFormat::elf : ImageFormat::intel_hex;
  return image;
}

/// A board that runs the firmware "fail", behind a probe with the serial number DAP0001.
struct Bench {
  explicit Bench(const std::string& serial = "DAP0001", const std::string& model = "cmsisdap",
                 const std::string& interface = "interface/cmsis-dap.cfg") {
    const auto at = [this](const char* name) { return (dir.path() / name).string(); };
    board = tests::start_program(
        worker, {"qemu-system-arm", "-M", "stm32vldiscovery", "-nodefaults", "-display", "none", "-monitor", "none",
                 "-serial", "file:" + at("uart"), "-gdb", "unix:" + at("gdb") + ",server=on,wait=off", "-qmp",
                 "unix:" + at("qmp") + ",server=on,wait=off", "-kernel",
                 HILLTOP_BINARY_DIR "/firmware/stm32vldiscovery-fail.elf"});
    EXPECT_TRUE(worker.run_until([&] { return uart().contains("PROJECT EXECUTION FAILED"); }));
    probe = model + ",serial=DAP0001,flash=stm32f1,gdb=" + at("gdb") + ",qmp=" + at("qmp");
    // WORKAREASIZE 0: a loader in the board's RAM would write QEMU's flash in vain.
    const auto address = "{driver: openocd, serial: " + serial + ", config: [" + interface + "], program: ['" + mock +
                         "', '" + probe + "', '--', openocd], commands: ['set WORKAREASIZE 0', " +
                         "'set CPUTAPID 0x2ba01477', 'source [find target/stm32f1x.cfg]']}";
    device = *openocd_probe.make(Env{worker.io.get_executor(), dir.path() / "state of it"}, tests::yaml(address));
  }
  ~Bench() { EXPECT_TRUE(worker.run(device->shut_down(soon()))); }
  [[nodiscard]] OpenOcdServer::Options options() const {
    OpenOcdServer::Options out;
    out.program = {mock, probe, "--", "openocd"};
    out.config = {"interface/cmsis-dap.cfg"};
    out.commands = {"set WORKAREASIZE 0", "set CPUTAPID 0x2ba01477", "source [find target/stm32f1x.cfg]"};
    out.serial = "DAP0001";
    return out;
  }
  [[nodiscard]] std::string uart() const {
    std::ifstream in(dir.path() / "uart", std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  Result<> flash(const std::string& name, FlashProgress progress = {}) {
    return worker.run(device->flasher()->flash({firmware(name)}, std::move(progress), soon()),
                      std::chrono::seconds(60));
  }

  const std::string mock = HILLTOP_BINARY_DIR "/tests/usb_lab/usbmock";
  std::string probe;
  tests::TemporaryDir dir;
  tests::Worker worker;
  std::unique_ptr<Process> board;
  std::unique_ptr<Device> device;
};

TEST(OpenOcd, FlashesVerifiesAndLetsTheBoardRun) {
  Bench bench;
  std::uint64_t last = 0;
  std::uint64_t total = 0;
  const auto flashed = bench.flash("stm32vldiscovery-pass.elf", [&](std::uint64_t done, std::uint64_t all) {
    EXPECT_GT(done, last);
    last = done;
    total = all;
  });
  ASSERT_TRUE(flashed) << flashed.error().text;
  EXPECT_EQ(last, total);
  EXPECT_GT(total, 1000u);
  EXPECT_TRUE(bench.worker.run_until([&] { return bench.uart().contains("PROJECT EXECUTION SUCCESSFUL"); }))
      << bench.uart();
  const auto identity = bench.worker.run(bench.device->probe()->identify(soon()));
  ASSERT_TRUE(identity) << identity.error().text;
  EXPECT_EQ(identity->serial, "DAP0001");
  EXPECT_TRUE(identity->target.contains("dpidr 0x2ba01477")) << identity->target;
  EXPECT_TRUE(identity->target.contains("GDB at 127.0.0.1:")) << identity->target;
}

TEST(OpenOcd, OneProcessServesResetsMemoryAndHalts) {
  Bench bench;
  auto* probe = bench.device->probe();
  const auto vectors = bench.worker.run(probe->read_memory(0x08000001, 6, soon()));
  ASSERT_TRUE(vectors) << vectors.error().text;
  const auto elf = bench.worker.run(probe->read_memory(0x08000000, 8, soon()));
  EXPECT_EQ(*vectors, elf->substr(1, 6));
  ASSERT_TRUE(bench.worker.run(probe->halt(soon())));
  ASSERT_TRUE(bench.worker.run(probe->resume(soon())));
  const auto before = bench.uart().size();
  ASSERT_TRUE(bench.worker.run(probe->reset(ResetKind::hard, soon())));
  EXPECT_TRUE(bench.worker.run_until([&] { return bench.uart().substr(before).contains("PROJECT EXECUTION FAILED"); }));
}

TEST(OpenOcd, RttIsHeardAndTypedToThroughIt) {
  constexpr std::uint32_t place = 0x20001000;  // between the firmware's variables and its stack
  Bench bench;
  const auto server =
      std::make_shared<OpenOcdServer>(Env{bench.worker.io.get_executor(), bench.dir.path()}, bench.options());
  const auto written = bench.worker.run(server->write(place, tests::rtt_block(place, "hello\n"), soon()));
  ASSERT_TRUE(written) << written.error().text;
  const auto host = std::make_shared<RttHost>(bench.worker.io.get_executor(), server, RttPlace{{}, 0x20000000, 8192});
  const auto fd = bench.worker.run(host->channel(0).open(soon()));
  ASSERT_TRUE(fd);
  bench.worker.read_until(*fd, "hello\n");
  ASSERT_EQ(::write(*fd, "ls\r", 3), 3);
  const auto rings = place + static_cast<std::uint32_t>(rtt::head_bytes + 2 * rtt::buffer_bytes);
  EXPECT_TRUE(bench.worker.run_until([&] { return *bench.worker.run(server->read(rings + 32, 3, soon())) == "ls\r"; }));
  EXPECT_TRUE(bench.worker.run(RttHost::stop(host)));
  EXPECT_TRUE(bench.worker.run(OpenOcdServer::stop(server, soon())));
}

TEST(OpenOcd, AWrongSerialNumberIsAnErrorAndTouchesNothing) {
  Bench bench("DAP0002");
  const auto flashed = bench.flash("stm32vldiscovery-pass.elf");
  ASSERT_FALSE(flashed);
  EXPECT_EQ(flashed.error().code, Errc::unavailable);
  EXPECT_EQ(flashed.error().blame, Blame::infrastructure);
  EXPECT_TRUE(flashed.error().text.contains("unable to find a matching CMSIS-DAP device")) << flashed.error().text;
  EXPECT_FALSE(bench.uart().contains("SUCCESSFUL"));
}

TEST(OpenOcd, BytesOutsideOfTheFlashAreTheJobsFault) {
  Bench bench;
  const auto flashed = bench.flash("lm3s6965evb-pass.elf");
  ASSERT_FALSE(flashed);
  EXPECT_EQ(flashed.error().blame, Blame::job) << flashed.error().text;
}

}  // namespace
}  // namespace hilltop::drivers
