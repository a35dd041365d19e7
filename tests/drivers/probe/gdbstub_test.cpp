// SPDX-License-Identifier: Apache-2.0
// QEMU's debug stub as a probe.
#include <gtest/gtest.h>

#include <fstream>

#include "drivers/api/device.hpp"
#include "drivers/tables.hpp"
#include "tests/drivers/program.hpp"

namespace hilltop::drivers {
namespace {

Deadline soon() { return Deadline::after(std::chrono::seconds(20)); }

/// A board that runs the firmware "fail", with its stub at a unix socket.
struct Bench {
  Bench() {
    const auto socket = (dir.path() / "gdb").string();
    board = tests::start_program(
        worker, {"qemu-system-arm", "-M", "stm32vldiscovery", "-nodefaults", "-display", "none", "-monitor", "none",
                 "-serial", "file:" + (dir.path() / "uart").string(), "-gdb", "unix:" + socket + ",server=on,wait=off",
                 "-kernel", HILLTOP_BINARY_DIR "/firmware/stm32vldiscovery-fail.elf"});
    EXPECT_TRUE(worker.run_until([&] { return uart().contains("PROJECT EXECUTION FAILED"); }));
    device = *gdbstub_probe.make(Env{worker.io.get_executor(), dir.path()},
                                 tests::yaml("{driver: gdbstub, path: " + socket +
                                             ", memories: [{name: flash, start: 0x08000000, size: 128K}, "
                                             "{name: ram, start: 0x20000000, size: 8K, kind: ram}]}"));
  }
  ~Bench() { EXPECT_TRUE(worker.run(device->shut_down(soon()))); }
  [[nodiscard]] std::string uart() const {
    std::ifstream in(dir.path() / "uart", std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  bool says_again(std::size_t before) {
    return worker.run_until([&] { return uart().substr(before).contains("PROJECT EXECUTION FAILED"); });
  }

  tests::TemporaryDir dir;
  tests::Worker worker;
  std::unique_ptr<Process> board;
  std::unique_ptr<Device> device;
};

TEST(GdbStub, ResetsAndReadsAndTheBoardRunsOn) {
  Bench bench;
  auto* probe = bench.device->probe();
  ASSERT_TRUE(bench.worker.run(probe->identify(soon())));
  const auto stack = bench.worker.run(probe->read_memory(0x08000000, 4, soon()));
  ASSERT_TRUE(stack) << stack.error().text;
  EXPECT_EQ((*stack)[3], 0x20) << "the initial stack pointer is in RAM";
  const auto much = bench.worker.run(probe->read_memory(0x08000000, 20000, soon()));
  ASSERT_TRUE(much) << much.error().text;
  EXPECT_EQ(much->size(), 20000u);
  const auto before = bench.uart().size();
  const auto reset = bench.worker.run(probe->reset(ResetKind::hard, soon()));
  ASSERT_TRUE(reset) << reset.error().text;
  EXPECT_TRUE(bench.says_again(before));
}

TEST(GdbStub, AHaltedBoardStaysSoUntilItIsToldToRun) {
  Bench bench;
  auto* probe = bench.device->probe();
  ASSERT_TRUE(bench.worker.run(probe->halt(soon())));
  EXPECT_TRUE(bench.worker.run(probe->read_memory(0x20000000, 8, soon())));
  ASSERT_TRUE(bench.worker.run(probe->resume(soon())));
  const auto before = bench.uart().size();
  ASSERT_TRUE(bench.worker.run(probe->reset(ResetKind::soft, soon())));
  EXPECT_TRUE(bench.says_again(before));
}

TEST(GdbStub, WritesAnImageThatRunsThen) {
  Bench bench;
  FlashImage image;
  image.path = HILLTOP_BINARY_DIR "/firmware/stm32vldiscovery-pass.hex";
  image.format = ImageFormat::intel_hex;
  const auto flashed = bench.worker.run(bench.device->flasher()->flash({image}, {}, soon()));
  ASSERT_TRUE(flashed) << flashed.error().text;
  EXPECT_TRUE(bench.worker.run_until([&] { return bench.uart().contains("PROJECT EXECUTION SUCCESSFUL"); }));
}

TEST(GdbStub, NobodyThereIsAnErrorAndSoAreBytesOutsideOfItsMemories) {
  Bench bench;
  FlashImage image;
  image.path = HILLTOP_BINARY_DIR "/firmware/lm3s6965evb-pass.hex";
  image.format = ImageFormat::intel_hex;
  const auto flashed = bench.worker.run(bench.device->flasher()->flash({image}, {}, soon()));
  ASSERT_FALSE(flashed);
  EXPECT_EQ(flashed.error().blame, Blame::job);
  auto nobody = *gdbstub_probe.make(Env{bench.worker.io.get_executor(), bench.dir.path()},
                                    tests::yaml("{driver: gdbstub, port: " + std::to_string(tests::free_port()) + "}"));
  EXPECT_EQ(nobody->flasher(), nullptr);
  const auto reset = bench.worker.run(nobody->probe()->reset(ResetKind::hard, soon()));
  ASSERT_FALSE(reset);
  EXPECT_EQ(reset.error().code, Errc::unavailable);
}

}  // namespace
}  // namespace hilltop::drivers
