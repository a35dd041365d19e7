// SPDX-License-Identifier: Apache-2.0
// What holds on any machine, with USB or without; with simulated devices: tests/drivers/usb/usb_mock_test.cpp.
#include <gtest/gtest.h>

#include "drivers/usb/usb_bus.hpp"
#include "tests/drivers/run_task.hpp"

namespace hilltop::drivers {
namespace {

UsbMatch nothing() { return {.serial = "no device has this serial number"}; }

TEST(LibusbBus, AWorkerHasOneAndItEndsWithTheWorker) {
  tests::Worker worker;
  const Env env{worker.io.get_executor(), {}};
  const auto bus = UsbBus::of(env);
  ASSERT_TRUE(bus) << bus.error().text;
  EXPECT_EQ(*UsbBus::of(env), *bus);
  EXPECT_TRUE((*bus)->devices());
}

TEST(LibusbBus, WaitsForADeviceUntilTheDeadline) {
  tests::Worker worker;
  const auto bus = UsbBus::of(Env{worker.io.get_executor(), {}});
  ASSERT_TRUE(bus);
  const auto opened = worker.run((*bus)->open(nothing(), Deadline::after(std::chrono::milliseconds(200))));
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, Errc::unavailable) << opened.error().text;
  EXPECT_TRUE(opened.error().text.contains("no device has this serial number")) << opened.error().text;
}

TEST(LibusbBus, AWorkerMayEndWhileADeviceIsWaitedFor) {
  std::shared_ptr<UsbBus> bus;
  {
    auto io = std::make_unique<boost::asio::io_context>(1);
    TaskScope scope(io->get_executor(), "test");
    bus = *UsbBus::of(Env{io->get_executor(), {}});
    std::optional<Result<std::shared_ptr<UsbHandle>>> out;
    scope.spawn("open", tests::keep_result(bus->open(nothing(), Deadline::never()), &out));
    io->run_for(std::chrono::milliseconds(20));
    scope.cancel_all();
    io->run_for(std::chrono::milliseconds(20));
    ASSERT_TRUE(out.has_value());
    EXPECT_EQ(out->error().code, Errc::canceled);
  }
  EXPECT_TRUE(bus->devices()->empty()) << "the bus is over";
}

}  // namespace
}  // namespace hilltop::drivers
