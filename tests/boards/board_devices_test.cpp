// SPDX-License-Identifier: Apache-2.0
#include "boards/board_devices.hpp"

#include <gtest/gtest.h>

#include "drivers/tables.hpp"
#include "tests/drivers/run_task.hpp"

namespace hilltop::boards {
namespace {

struct Bench {
  explicit Bench(std::string_view addresses) {
    BoardConfig config;
    config.name = "b1";
    config.addresses = tests::yaml(addresses);
    auto made = BoardDevices::make(Env{worker.io.get_executor(), dir.path()}, config, drivers::all_drivers);
    EXPECT_TRUE(made) << made.error().text;
    if (made) devices = *std::move(made);
  }
  tests::TemporaryDir dir;
  tests::Worker worker;
  BoardDevices devices;
};

TEST(BoardDevices, AProbeHasConsolesAndMayFlash) {
  Bench rtt("{probe: {driver: cmsis-dap, serial: X, rtt: {start: 0x20000000, size: 64K}}}");
  EXPECT_NE(rtt.devices.console("rtt0"), nullptr);
  EXPECT_EQ(rtt.devices.console("rtt99"), nullptr);
  EXPECT_EQ(rtt.devices.flasher(), nullptr) << "this probe does not";
  Bench openocd("{probe: {driver: openocd, serial: X, config: [x.cfg]}}");
  EXPECT_NE(openocd.devices.flasher(), nullptr);
  EXPECT_EQ(openocd.devices.console("rtt0"), nullptr);
}

TEST(BoardDevices, AFlasherAndAConsoleOfTheBoardsOwnComeFirst) {
  Bench own(
      "{probe: {driver: openocd, serial: X, config: [x.cfg], rtt: {address: 0x20000000}}, "
      "flash: {driver: command-flash, argv: [cp, '{image}', /dev/null]}, "
      "console: {driver: tcp, host: localhost, port: 1}}");
  Bench probe_only("{probe: {driver: openocd, serial: X, config: [x.cfg], rtt: {address: 0x20000000}}}");
  EXPECT_NE(own.devices.flasher(), nullptr);
  EXPECT_NE(dynamic_cast<void*>(own.devices.flasher()), dynamic_cast<void*>(own.devices.probe()));
  EXPECT_EQ(dynamic_cast<void*>(probe_only.devices.flasher()), dynamic_cast<void*>(probe_only.devices.probe()));
  EXPECT_NE(own.devices.console("main"), own.devices.console("rtt0"));
  EXPECT_EQ(probe_only.devices.console("main"), probe_only.devices.console("rtt0"));
}

}  // namespace
}  // namespace hilltop::boards
