// SPDX-License-Identifier: Apache-2.0
#include "tests/controller/farm_fixture.hpp"

namespace hilltop::controller {
namespace {

/// A whole job on firmware that nobody here wrote: MicroPython on QEMU's micro:bit, through queue, worker and store.
TEST(Microbit, RunsTheDemoJobToItsVerdict) {
  if (!std::filesystem::exists("/usr/share/firmware-microbit-micropython/firmware.hex"))
    GTEST_SKIP() << "firmware-microbit-micropython is not installed";
  const std::filesystem::path source = HILLTOP_SOURCE_DIR;
  test::TempDir dir;
  std::filesystem::create_directories(dir.path() / "types");
  for (const auto* type : {"base.yaml", "base-mcu.yaml", "base-qemu-mcu.yaml", "microbit.yaml"})
    std::filesystem::copy(source / "boards" / "types" / type, dir.path() / "types");
  std::filesystem::copy(source / "boards" / "rules", dir.path() / "rules");
  test::FarmRig rig(test::lab_of("  microbit-1:\n    type: microbit\n    emulator: {driver: qemu}\n"), dir.path());
  const auto hello = rig.submit(test::read_whole(source / "deploy/labs/demo/jobs/microbit-hello.yaml"));
  const auto broken = rig.submit(test::read_whole(source / "deploy/labs/demo/jobs/microbit-broken.yaml"));
  const auto passed = rig.finished(hello);
  EXPECT_EQ(passed.outcome->verdict, jobs::Verdict::pass) << passed.outcome->reason;
  EXPECT_EQ(passed.passed, 4U);
  const auto failed = rig.finished(broken);
  EXPECT_EQ(failed.outcome->verdict, jobs::Verdict::fail) << failed.outcome->reason;
  EXPECT_TRUE(
      rig.until([&] { return rig.idle("microbit-1") && rig.farm->board(test::bob, "microbit-1")->power == "off"; }));
}

}  // namespace
}  // namespace hilltop::controller
