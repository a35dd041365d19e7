// SPDX-License-Identifier: Apache-2.0
// What OpenOCD may do wrong, told by a stand-in that does it.
#include <gtest/gtest.h>

#include <fstream>

#include "drivers/api/device.hpp"
#include "drivers/probe/openocd_flash.hpp"
#include "drivers/tables.hpp"
#include "tests/drivers/run_task.hpp"
#include "tests/support/tools.hpp"

namespace hilltop::drivers {
namespace {

Deadline soon() { return Deadline::after(std::chrono::seconds(20)); }

struct Bench {
  explicit Bench(const std::string& scenario) {
    std::ofstream(dir.path() / "image.bin") << "bytes of it";
    const auto address =
        "{driver: openocd, serial: 'a b', config: [x.cfg], program: ['/usr/bin/python3', '" HILLTOP_SOURCE_DIR
        "/tests/drivers/probe/fake_openocd.py', '" +
        scenario + "', '" + log().string() + "']}";
    device = *openocd_probe.make(Env{worker.io.get_executor(), dir.path() / "state"}, tests::yaml(address));
  }
  ~Bench() { EXPECT_TRUE(worker.run(device->shut_down(soon()))); }
  [[nodiscard]] std::filesystem::path log() const { return dir.path() / "log"; }
  Result<> flash(Deadline deadline = soon()) {
    FlashImage image;
    image.path = dir.path() / "image.bin";
    image.address = 0x1000;
    return worker.run(device->flasher()->flash({image}, {}, deadline));
  }
  [[nodiscard]] int starts() const {
    const auto text = test::read_file(log());
    int out = 0;
    for (auto at = text.find("started"); at != std::string::npos; at = text.find("started", at + 1)) ++out;
    return out;
  }

  tests::TemporaryDir dir;
  tests::Worker worker;
  std::unique_ptr<Device> device;
};

TEST(OpenOcdFaults, OneProcessIsKeptForManyOperations) {
  Bench bench("good");
  ASSERT_TRUE(bench.flash());
  ASSERT_TRUE(bench.flash());
  EXPECT_EQ(bench.starts(), 1);
  const auto log = test::read_file(bench.log());
  EXPECT_TRUE(log.contains("adapter serial a\\ b")) << log;
  EXPECT_TRUE(log.contains("flash erase_address pad 0x1000 11")) << log;
}

TEST(OpenOcdFaults, AnEndAtOnceIsToldWithItsLastLines) {
  Bench bench("ends");
  const auto flashed = bench.flash();
  ASSERT_FALSE(flashed);
  EXPECT_TRUE(flashed.error().text.contains("no such file: board.cfg")) << flashed.error().text;
}

TEST(OpenOcdFaults, AnEndInMidOperationIsToldAndTheNextOneStartsItAgain) {
  Bench bench("dies");
  for (int i = 1; i <= 2; ++i) {
    const auto flashed = bench.flash();
    ASSERT_FALSE(flashed);
    EXPECT_EQ(flashed.error().blame, Blame::infrastructure);
    EXPECT_TRUE(flashed.error().text.contains("libusb went away")) << flashed.error().text;
    EXPECT_EQ(bench.starts(), i);
  }
}

TEST(OpenOcdFaults, ATargetThatIsNotFoundIsLookedForByANewProcess) {
  Bench bench("no target");
  for (int i = 1; i <= 2; ++i) {
    const auto flashed = bench.flash();
    ASSERT_FALSE(flashed);
    EXPECT_TRUE(flashed.error().text.contains("cannot read IDR")) << flashed.error().text;
    EXPECT_EQ(bench.starts(), i);
  }
}

TEST(OpenOcdFaults, OneThatHangsIsEndedAtTheDeadline) {
  Bench bench("hangs");
  const auto flashed = bench.flash(Deadline::after(std::chrono::seconds(2)));
  ASSERT_FALSE(flashed);
  EXPECT_EQ(flashed.error().code, Errc::timeout);
  const auto again = bench.worker.run(bench.device->probe()->halt(soon()));
  EXPECT_TRUE(again) << again.error().text;
  EXPECT_EQ(bench.starts(), 2);
}

TEST(OpenOcdFaults, OneThatDoesNotListenIsATimeout) {
  Bench bench("mute");
  const auto flashed = bench.flash(Deadline::after(std::chrono::seconds(1)));
  ASSERT_FALSE(flashed);
  EXPECT_EQ(flashed.error().blame, Blame::infrastructure);
}

TEST(OpenOcdFaults, FlashThatReadsBackOtherwiseIsTheBoardsFault) {
  Bench bench("differs");
  const auto flashed = bench.flash();
  ASSERT_FALSE(flashed);
  EXPECT_EQ(flashed.error().code, Errc::mismatch);
  EXPECT_EQ(flashed.error().blame, Blame::dut);
}

TEST(OpenOcdFaults, SmallGapsAreFilledAndLargeOnesAreNot) {
  Image image;
  image.segments = {{0x1000, "ab"}, {0x1004, "cd"}, {0x9000, "ef"}};
  const auto stretches = flash_stretches({image});
  ASSERT_EQ(stretches.size(), 2u);
  EXPECT_EQ(stretches[0].bytes,
            "ab\xff\xff"
            "cd");
  EXPECT_EQ(stretches[1].address, 0x9000u);
}

TEST(OpenOcdFaults, TheFirstProbeThatComesAlongIsNobodys) {
  Diagnostics diagnostics;
  openocd_probe.check(tests::yaml("{driver: openocd, config: [x.cfg]}"), diagnostics);
  EXPECT_TRUE(diagnostics.to_string().contains("'serial'")) << diagnostics.to_string();
}

}  // namespace
}  // namespace hilltop::drivers
