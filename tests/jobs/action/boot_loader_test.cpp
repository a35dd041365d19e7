// SPDX-License-Identifier: Apache-2.0
#include "jobs/action/boot_loader.hpp"

#include <gmock/gmock.h>

#include "tests/support/uboot_board.hpp"

namespace hilltop::jobs {
namespace {

using test::UbootBench;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> measured(const test::RecordingSink& sink) {
  std::vector<std::string> out;
  for (const auto& one : sink.cases)
    if (one.suite == "lava" && one.measurement && one.units == "seconds") out.push_back(one.name);
  return out;
}

TEST(BootLoader, FetchesAndStartsAKernel) {
  UbootBench bench;
  const auto out = bench.run(bench.deploy + bench.boot());
  EXPECT_EQ(out.verdict, Verdict::pass) << out.reason;
  EXPECT_THAT(bench.board->main->typed,
              ElementsAre(" ", "setenv serverip 10.0.2.2", "tftpboot 0x40400000 kernel/Image",
                          "tftpboot 0x44000000 ramdisk/rd.cpio", "setenv initrd_size ${filesize}",
                          "booti 0x40400000 0x44000000:${initrd_size} ${fdtcontroladdr}"));
  EXPECT_THAT(measured(bench.sink),
              ElementsAre("boot-stage-u-boot", "boot-stage-kernel", "boot-stage-userspace", "boot-time"));
  EXPECT_TRUE(bench.sink.says("boot stage kernel begins"));
}

TEST(BootLoader, LendsTheFilesOfTheJob) {
  UbootBench bench;
  std::string seen;
  bench.board->on_start = [&](int) {
    for (const auto* file : {"kernel/Image", "ramdisk/rd.cpio"})
      seen += std::filesystem::exists(std::filesystem::path(bench.lent.last.tftp_dir) / file) ? "yes " : "no ";
    bench.board->main->say(bench.banner_text);
  };
  ASSERT_EQ(bench.run(bench.deploy + bench.boot()).verdict, Verdict::pass);
  EXPECT_EQ(seen, "yes yes ");
  EXPECT_EQ(bench.lent.last.job_dir, bench.input.job_dir.string());
}

TEST(BootLoader, AComplaintIsInfrastructures) {
  UbootBench bench;
  bench.answers["tftpboot 0x40400000"] = "TFTP error: 'File not found' (1)\r\n=> ";
  const auto out = bench.run(bench.deploy + bench.boot());
  EXPECT_EQ(out.verdict, Verdict::incomplete);
  EXPECT_EQ(out.blame, Blame::infrastructure);
  EXPECT_THAT(out.reason, HasSubstr("tftpboot 0x40400000 kernel/Image"));
  EXPECT_THAT(out.reason, HasSubstr("TFTP error"));
}

TEST(BootLoader, AnEchoedLineIsNoComplaint) {
  UbootBench bench;
  EXPECT_EQ(bench.run(bench.boot("    commands: ['setenv x TIMEOUT', 'bootd']\n    prompts: ['/ # ']\n")).verdict,
            Verdict::pass);
}

TEST(BootLoader, ALoaderThatComesBackStartedNothing) {
  UbootBench bench;
  bench.boot_answer = "Bad magic\r\n=> ";
  bench.kernel_says.clear();
  const auto out = bench.run(bench.deploy + bench.boot());
  EXPECT_EQ(out.verdict, Verdict::incomplete);
  EXPECT_EQ(out.blame, Blame::dut);
  EXPECT_THAT(out.reason, HasSubstr("came back to its prompt"));
}

TEST(BootLoader, TheLoadersOwnPromptMayBeWanted) {
  UbootBench bench;
  const auto out = bench.run(bench.boot("    commands: [version]\n    prompts: ['=> ']\n"));
  EXPECT_EQ(out.verdict, Verdict::pass) << out.reason;
}

TEST(BootLoader, WithoutAnInterruptPromptItNeverGotThere) {
  UbootBench bench;
  bench.banner_text = "garbage\r\n";
  const auto out = bench.run(bench.deploy + bench.boot("    commands: ramdisk\n    timeouts: {bootloader-interrupt: "
                                                       "{seconds: 1}}\n"));
  EXPECT_EQ(out.verdict, Verdict::incomplete);
  EXPECT_EQ(out.blame, Blame::dut);
  EXPECT_THAT(out.reason, HasSubstr("Hit any key"));
}

TEST(BootLoader, SilenceIsInfrastructures) {
  UbootBench bench;
  bench.banner_text.clear();
  const auto out = bench.run(bench.deploy + bench.boot("    commands: ramdisk\n    timeouts: {bootloader-interrupt: "
                                                       "{seconds: 1}}\n"));
  EXPECT_EQ(out.verdict, Verdict::incomplete);
  EXPECT_EQ(out.blame, Blame::infrastructure);
  EXPECT_TRUE(out.board_suspect);
}

TEST(BootLoader, APanicWhileBootingFailsWithItsLine) {
  UbootBench bench;
  bench.kernel_says = "Linux version 6.1\r\n[    1.2] Kernel panic - not syncing: VFS: no root\r\n";
  const auto out = bench.run(bench.deploy + bench.boot());
  EXPECT_EQ(out.verdict, Verdict::fail);
  EXPECT_EQ(out.blame, Blame::dut);
  EXPECT_THAT(out.reason, HasSubstr("in stage kernel: kernel panic: [    1.2] Kernel panic"));
  EXPECT_THAT(out.reason, HasSubstr("log line"));
}

TEST(BootLoader, APanicBeforeThePromptFailsThoughThePromptCame) {
  UbootBench bench;
  bench.kernel_says = "Linux version 6.1\r\nRun /init\r\nKernel panic - not syncing: but it goes on\r\n/ # ";
  EXPECT_EQ(bench.run(bench.deploy + bench.boot()).verdict, Verdict::fail);
}

TEST(BootLoader, KernelMessagesCanBeIgnored) {
  UbootBench bench;
  bench.kernel_says = "Run /init\r\nKernel panic - not syncing: on purpose\r\n/ # ";
  EXPECT_EQ(bench
                .run(bench.deploy + bench.boot("    commands: ramdisk\n    prompts: ['/ # ']\n"
                                               "    ignore_kernel_messages: true\n"))
                .verdict,
            Verdict::pass);
}

TEST(BootLoader, AResetAfterTheKernelBeganFails) {
  UbootBench bench;
  bench.kernel_says = "Linux version 6.1\r\nRun /init\r\nLinux version 6.1\r\n";
  const auto out = bench.run(bench.deploy + bench.boot());
  EXPECT_EQ(out.verdict, Verdict::fail);
  EXPECT_THAT(out.reason, HasSubstr("was reset"));
}

TEST(BootLoader, AStageThatDoesNotBeginEndsTheBoot) {
  UbootBench bench;
  bench.kernel_says = "Linux version 6.1\r\n";
  const auto out = bench.run(bench.deploy + bench.boot());
  EXPECT_EQ(out.verdict, Verdict::incomplete);
  EXPECT_THAT(out.reason,
              HasSubstr("boot stage userspace did not begin within 2.00 s of the beginning of stage kernel"));
}

TEST(BootLoader, AWrongLoginPromptIsNotReached) {
  UbootBench bench;
  const auto out = bench.run(bench.deploy + bench.boot("    commands: ramdisk\n    prompts: ['other# ']\n    timeouts: "
                                                       "{auto-login-action: {seconds: 1}}\n"));
  EXPECT_EQ(out.verdict, Verdict::incomplete);
  EXPECT_EQ(out.blame, Blame::dut);
  EXPECT_THAT(out.reason, HasSubstr("a prompt was not seen"));
}

constexpr auto refusal =
    "    commands: [bootefi]\n    prompts: ['/ # ']\n    expect: {refused: 'bad shim signature'}\n";

TEST(BootLoader, ARefusalIsAPassWhenItIsTheOneThatWasWaitedFor) {
  UbootBench bench;
  bench.boot_answer = "error: bad shim signature.\r\n=> ";
  bench.kernel_says.clear();
  const auto out = bench.run(bench.boot(refusal));
  EXPECT_EQ(out.verdict, Verdict::pass) << out.reason;
  EXPECT_THAT(bench.sink.checks(), ElementsAre("boot/refused=pass"));
}

TEST(BootLoader, WhatBootsInsteadOfBeingRefusedFails) {
  UbootBench bench;
  const auto out = bench.run(bench.boot(refusal));
  EXPECT_EQ(out.verdict, Verdict::fail);
  EXPECT_THAT(bench.sink.checks(), ElementsAre("boot/refused=fail"));
}

TEST(BootLoader, WhatSaysThatItRefusesAndStartsAllTheSameFails) {
  UbootBench bench;
  bench.boot_answer = "error: bad shim signature.\r\nStarting kernel\r\n";
  EXPECT_EQ(bench.run(bench.boot(refusal)).verdict, Verdict::fail);
}

TEST(BootLoader, AnotherFailureIsNoRefusal) {
  UbootBench bench;
  bench.boot_answer = "TIMEOUT\r\n=> ";
  bench.kernel_says.clear();
  EXPECT_EQ(bench.run(bench.boot(refusal)).verdict, Verdict::incomplete);
}

TEST(BootLoader, ASystemIsRebootedSoftly) {
  UbootBench bench;
  int boots = 0;
  auto& console = *bench.board->main;
  const auto u_boot = console.on_typed;
  console.on_typed = [&, u_boot](const std::string& line) {
    if (line == "reboot" && ++boots == 1) return console.say("reboot\r\nRestarting system\r\n" + bench.banner_text);
    u_boot(line);
  };
  const auto out = bench.run(bench.deploy + bench.boot() +
                             bench.boot("    commands: ramdisk\n    soft_reboot: reboot\n    parameters: "
                                        "{shutdown-message: Restarting system}\n"));
  EXPECT_EQ(out.verdict, Verdict::pass) << out.reason;
  EXPECT_EQ(bench.board->starts, 1);
  EXPECT_EQ(boots, 1);
}

TEST(BootLoader, APromptThatComesLateIsNotThatOfTheRebootedSystem) {
  UbootBench bench;
  auto& console = *bench.board->main;
  const auto u_boot = console.on_typed;
  bool late = true;
  console.on_typed = [&, u_boot](const std::string& line) {
    if (line.starts_with("echo ready") && std::exchange(late, false)) console.say("/ # ");
    if (line == "reboot") return console.say("reboot\r\nLinux version 6.1\r\nKernel panic - not syncing: no root\r\n");
    u_boot(line);
  };
  const auto out =
      bench.run(bench.deploy + bench.boot() +
                "- boot: {method: minimal, timeout: {seconds: 5}, soft_reboot: reboot, prompts: ['/ # ']}\n");
  EXPECT_EQ(out.verdict, Verdict::fail) << "the old shell's prompt would have been a pass";
  EXPECT_THAT(out.reason, HasSubstr("kernel panic"));
}

TEST(BootLoader, AKernelThatStartsTwiceWasReset) {
  UbootBench bench;
  bench.kernel_says = "Linux version 6.1\r\nlast words\r\nLinux version 6.1\r\n";
  const auto out = bench.run(bench.deploy + bench.boot());
  EXPECT_EQ(out.verdict, Verdict::fail);
  EXPECT_THAT(out.reason, HasSubstr("the board was reset while booting, in stage kernel"));
}

TEST(BootLoader, KexecStartsAnotherKernel) {
  UbootBench bench;
  auto& console = *bench.board->main;
  const auto u_boot = console.on_typed;
  console.on_typed = [&, u_boot](const std::string& line) {
    if (line.starts_with("/sbin/kexec --load")) return console.say(line + "\r\n/ # ");
    if (line == "/sbin/kexec -e") return console.say(line + "\r\nkexec_core: Starting new kernel\r\nRun /init\r\n/ # ");
    u_boot(line);
  };
  const auto out = bench.run(bench.deploy + bench.boot() +
                             "- boot: {method: kexec, timeout: {seconds: 5}, kernel: '/new kernel', initrd: /rd, "
                             "options: [--reuse-cmdline], boot_message: 'Starting new kernel'}\n");
  EXPECT_EQ(out.verdict, Verdict::pass) << out.reason;
  EXPECT_THAT(console.typed, Contains("/sbin/kexec --load '/new kernel' --initrd /rd --reuse-cmdline"));
}

TEST(PowerCut, CutsAfterAPattern) {
  UbootBench bench;
  bench.kernel_says += "writing block 3\r\n";
  const auto out =
      bench.run(bench.deploy + bench.boot() +
                "- command: {name: power_cut, after: {pattern: 'block \\d', seconds: 0.01}}\n" + bench.boot());
  EXPECT_EQ(out.verdict, Verdict::pass) << out.reason;
  EXPECT_EQ(bench.board->starts, 2);
  EXPECT_TRUE(bench.sink.says("cutting the power"));
}

TEST(PowerCut, APatternThatNeverComesCutsNothing) {
  UbootBench bench;
  const auto out = bench.run(bench.deploy + bench.boot() +
                             "- command: {name: power_cut, timeout: {seconds: 1}, after: {pattern: never}}\n");
  EXPECT_EQ(out.verdict, Verdict::incomplete);
  EXPECT_THAT(out.reason, HasSubstr("was not seen"));
}

}  // namespace
}  // namespace hilltop::jobs
