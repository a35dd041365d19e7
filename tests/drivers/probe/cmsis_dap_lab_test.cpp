// SPDX-License-Identifier: Apache-2.0
// The driver against the USB lab's probe, for which OpenOCD vouches, judged by what the simulated board says.
#include <gmock/gmock.h>

#include "drivers/api/device.hpp"
#include "drivers/probe/dap_target.hpp"
#include "drivers/probe/rtt_host.hpp"
#include "drivers/tables.hpp"
#include "tests/drivers/probe/rtt_block.hpp"
#include "tests/drivers/usb_lab.hpp"

namespace hilltop::drivers {
namespace {

using ::testing::HasSubstr;

USB_LAB_SUITE(CmsisDapInLab);

std::unique_ptr<Device> make(const Env& env, const std::string& address) {
  return *cmsis_dap_probe.make(env, tests::yaml("{driver: cmsis-dap, " + address + "}"));
}

USB_LAB_TEST(CmsisDapInLab, FoundBySerialNumberItTellsOfItselfAndTheBoard, "cmsisdap,port=1-2,serial=DAP0002",
             "cmsisdap,port=1-3,serial=DAP0003") {
  const auto device = make(env(), "serial: DAP0003");
  const auto identity = worker.run(device->probe()->identify(soon()));
  ASSERT_TRUE(identity) << identity.error().text;
  EXPECT_EQ(identity->serial, "DAP0003");
  EXPECT_EQ(identity->firmware, "2.1.0");
  EXPECT_THAT(identity->target, HasSubstr("dpidr 0x2ba01477, cpuid 0x4"));
  EXPECT_TRUE(worker.run(device->shut_down(soon())));
}

USB_LAB_TEST(CmsisDapInLab, Version1FoundByPathReadsResetsHaltsAndRuns, "cmsisdap,version=1,port=1-2,state=DIR/board") {
  const auto device = make(env(), "path: 1-2");
  auto* probe = device->probe();
  const auto erased = worker.run(probe->read_memory(0x1001, 3000, soon()));
  ASSERT_TRUE(erased) << erased.error().text;
  EXPECT_EQ(*erased, std::string(3000, '\xff'));
  ASSERT_TRUE(worker.run(probe->halt(soon())));
  EXPECT_THAT(state("board"), HasSubstr("core halted"));
  ASSERT_TRUE(worker.run(probe->resume(soon())));
  EXPECT_THAT(state("board"), HasSubstr("core running"));
  for (const auto kind : {ResetKind::hard, ResetKind::soft}) {
    const auto before = state("board").size();
    const auto reset = worker.run(probe->reset(kind, soon()));
    ASSERT_TRUE(reset) << reset.error().text;
    EXPECT_THAT(state("board").substr(before), HasSubstr("core reset"));
  }
  const auto fault = worker.run(probe->read_memory(0x50000000, 4, soon()));
  ASSERT_FALSE(fault);
  EXPECT_EQ(fault.error().blame, Blame::dut) << fault.error().text;
  EXPECT_TRUE(worker.run(probe->read_memory(0x20000000, 64, soon())));
  EXPECT_TRUE(worker.run(device->shut_down(soon())));
}

USB_LAB_TEST(CmsisDapInLab, AWrongSerialNumberIsAnErrorThatTouchesNothing,
             "cmsisdap,port=1-2,serial=DAP0002,state=DIR/board") {
  const auto device = make(env(), "serial: DAP0009");
  const auto reset = worker.run(device->probe()->reset(ResetKind::hard, in_ms(500)));
  ASSERT_FALSE(reset);
  EXPECT_EQ(reset.error().blame, Blame::infrastructure) << reset.error().text;
  EXPECT_EQ(state("board"), "");
  EXPECT_TRUE(worker.run(device->shut_down(soon())));
}

USB_LAB_TEST(CmsisDapInLab, AProbeThatWasUnpluggedIsFoundAgainInItsPlace, "cmsisdap,port=1-2,serial=DAP0002") {
  const auto device = make(env(), "serial: DAP0002");
  ASSERT_TRUE(worker.run(device->probe()->read_memory(0x20000000, 4, soon())));
  control("unplug 1-2");
  EXPECT_TRUE(worker.run_until(
      [&] { return !worker.run(device->probe()->read_memory(0x20000000, 4, in_ms(200))).has_value(); }));
  control("plug 1-2");
  const auto again = worker.run(device->probe()->read_memory(0x20000000, 4, Deadline::after(std::chrono::seconds(20))));
  EXPECT_TRUE(again) << again.error().text;
  EXPECT_TRUE(worker.run(device->shut_down(soon())));
}

USB_LAB_TEST(CmsisDapInLab, AProbeThatFallsSilentIsATimeout, "cmsisdap,port=1-2,mute=12") {
  const auto device = make(env(), "path: 1-2");
  for (int i = 0; i < 2; ++i) {
    const auto read = worker.run(device->probe()->read_memory(0x20000000, 4, in_ms(300)));
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code, Errc::timeout) << read.error().text;
    EXPECT_EQ(read.error().blame, Blame::infrastructure);
  }
}

USB_LAB_TEST(CmsisDapInLab, AProbeThatHangsIsBroughtBack, "cmsisdap,port=1-2,mute=1") {
  const auto device = make(env(), "path: 1-2");
  const auto read = worker.run(device->probe()->read_memory(0x20000000, 4, soon()));
  EXPECT_TRUE(read) << read.error().text;
}

USB_LAB_TEST(CmsisDapInLab, AfterASpoiledAnswerTheNextCallStartsAnew, "cmsisdap,port=1-2,wrong_reply=20") {
  const auto device = make(env(), "path: 1-2");
  int failed = 0;
  for (int i = 0; i < 20; ++i) {
    const auto read = worker.run(device->probe()->read_memory(0x20000000, 4, in_ms(500)));
    if (!read) ++failed;
  }
  EXPECT_EQ(failed, 1);
  EXPECT_TRUE(worker.run(device->shut_down(soon())));
}

USB_LAB_TEST(CmsisDapInLab, RttIsHeardAndTypedTo, "cmsisdap,port=1-2,ram_out=DIR/ram") {
  constexpr std::uint32_t place = 0x20000000 + 8188;  // a cut of the search lies within the signature
  DapTarget::Options options;
  options.usb.path = "1-2";
  const auto target = std::make_shared<DapTarget>(env(), options);
  ASSERT_TRUE(worker.run(target->write(place, tests::rtt_block(place, "hello from the board\n"), soon())));
  const auto host = std::make_shared<RttHost>(env().executor, target, RttPlace{{}, 0x20000000, 65536});
  const auto fd = worker.run(host->channel(0).open(soon()));
  ASSERT_TRUE(fd);
  worker.read_until(*fd, "hello from the board\n");
  ASSERT_EQ(::write(*fd, "ls\r", 3), 3);
  const auto rings = place - 0x20000000 + rtt::head_bytes + 2 * rtt::buffer_bytes;
  const auto in_ram = [&](std::size_t at, std::size_t size) {
    const auto ram = state("ram");
    return ram.size() < at + size ? std::string() : ram.substr(at, size);
  };
  EXPECT_TRUE(worker.run_until([&] { return in_ram(rings + 32, 3) == "ls\r"; }));
  const auto read_at = rtt::read_offset_address(place, 0) - 0x20000000;
  EXPECT_TRUE(worker.run_until([&] { return in_ram(read_at, 4) == std::string("\x15\0\0\0", 4); }));
  ASSERT_TRUE(worker.run(RttHost::stop(host)));
}

}  // namespace
}  // namespace hilltop::drivers
