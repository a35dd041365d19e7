// SPDX-License-Identifier: Apache-2.0
// The rarer keys of boots: scripts that are fetched, installers, shells that are none, kexec by a crash.
#include <gmock/gmock.h>

#include "drivers/core/process.hpp"
#include "tests/drivers/run_task.hpp"
#include "tests/support/uboot_board.hpp"

namespace hilltop::jobs {
namespace {

using test::UbootBench;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr auto scripted = "    commands: ramdisk\n    use_bootscript: true\n    prompts: ['/ # ']\n";

/// Lines that were typed, without the key that stops the automatic boot.
std::vector<std::string> typed_lines(const UbootBench& bench) {
  auto lines = bench.board->main->typed;
  std::erase(lines, " ");
  return lines;
}

TEST(BootScript, TheLinesAreFetchedAndRunAsOneFile) {
  UbootBench bench;
  bench.answers["source"] = bench.boot_answer + bench.kernel_says;
  const auto out = bench.run(bench.deploy + bench.boot(scripted));
  EXPECT_EQ(out.verdict, Verdict::pass) << out.reason;
  EXPECT_THAT(typed_lines(bench), ElementsAre("setenv autoload no", "dhcp", "setenv serverip 10.0.2.2",
                                              "tftpboot ${scriptaddr} bootscript/script", "source ${scriptaddr}"));
  EXPECT_TRUE(bench.sink.says("boot script: tftpboot 0x40400000 kernel/"));
  // What mkimage says of it.
  const auto file = std::filesystem::path(bench.input.job_dir) / "common/tftp/bootscript/script";
  tests::Worker worker;
  const auto listed =
      worker.run(run_tool(Command({"mkimage", "-l", file.string()}), Deadline::after(std::chrono::seconds(20))));
  ASSERT_TRUE(listed) << listed.error().text;
  EXPECT_EQ(listed->status, 0) << listed->text;
  EXPECT_THAT(listed->text, HasSubstr("Script (uncompressed)"));
  std::ifstream in(file, std::ios::binary);
  const std::string bytes(std::istreambuf_iterator<char>(in), {});
  EXPECT_THAT(bytes, HasSubstr("\nbooti 0x40400000 "));
}

TEST(BootScript, TheBoardTypeMaySayHowItIsFetched) {
  UbootBench bench;
  bench.board->own_type().loaders["u-boot"].commands["bootscript"] = {"tftpboot 0x1000 {BOOTSCRIPT}", "source 0x1000"};
  bench.answers["source"] = bench.boot_answer + bench.kernel_says;
  EXPECT_EQ(bench.run(bench.deploy + bench.boot(scripted)).verdict, Verdict::pass);
  EXPECT_THAT(typed_lines(bench), ElementsAre("tftpboot 0x1000 bootscript/script", "source 0x1000"));
}

TEST(BootScript, AScriptThatCannotBeFetchedIsSaid) {
  UbootBench bench;
  bench.answers["tftpboot"] = "TFTP error: 'not served' (1)\r\n=> ";
  const auto out = bench.run(bench.deploy + bench.boot(scripted));
  EXPECT_EQ(out.verdict, Verdict::incomplete);
  EXPECT_THAT(out.reason, HasSubstr("tftpboot ${scriptaddr} bootscript/script"));
}

TEST(BootScript, WithoutFilesThatAreServedItIsRefused) {
  UbootBench bench;
  try {
    bench.run(bench.boot("    commands: [boot]\n    use_bootscript: true\n"));
    FAIL() << "it was planned";
  } catch (const std::runtime_error& refused) {
    EXPECT_THAT(refused.what(), HasSubstr("put deploy to: tftp before it"));
  }
}

TEST(Installer, ItsEndSwitchesTheBoardOff) {
  UbootBench bench;
  bench.kernel_says = "Linux version 6.1\r\nRun /init\r\ncopying\r\nInstallation complete, rebooting\r\n";
  auto at_end = drivers::PowerState::unknown;
  bench.sink.on_action = [&](std::string_view name) {
    if (name == "finalize" || name == "uboot-action") at_end = bench.board->last_power_state();
  };
  bench.sink.on_log = [&](const LogLine& line) {
    if (line.text.starts_with("end: 2 ")) at_end = bench.board->last_power_state();
  };
  const auto out = bench.run(
      bench.deploy + bench.boot("    commands: ramdisk\n    boot_finished: ['Installation complete', 'All done']\n"));
  EXPECT_EQ(out.verdict, Verdict::pass) << out.reason;
  EXPECT_EQ(at_end, drivers::PowerState::off);
  std::vector<std::string> names;
  for (const auto& action : bench.sink.actions)
    if (action.ended && action.ok) names.push_back(action.name);
  EXPECT_THAT(names, Contains("installer-wait"));
  EXPECT_THAT(names, Not(Contains("auto-login-action")));
}

TEST(Installer, OneThatDoesNotEndIsIncomplete) {
  UbootBench bench;
  bench.kernel_says = "Linux version 6.1\r\nRun /init\r\ncopying\r\n";
  const auto out =
      bench.run(bench.deploy + bench.boot("    commands: ramdisk\n    boot_finished: Installation complete\n"));
  EXPECT_EQ(out.verdict, Verdict::incomplete);
  EXPECT_EQ(out.blame, Blame::dut);
}

TEST(Installer, AKernelThatPanicsMeanwhileIsAFail) {
  UbootBench bench;
  bench.kernel_says = "Linux version 6.1\r\nRun /init\r\nKernel panic - not syncing: disk\r\n";
  const auto out =
      bench.run(bench.deploy + bench.boot("    commands: ramdisk\n    boot_finished: Installation complete\n"));
  EXPECT_EQ(out.verdict, Verdict::fail) << out.reason;
}

TEST(ExpectShell, NothingIsTypedAtWhatIsNoShell) {
  UbootBench bench;
  bench.kernel_says = "Linux version 6.1\r\nRun /init\r\nPress Enter to begin> ";
  const auto out = bench.run(bench.deploy + bench.boot("    commands: [boot]\n    prompts: ['to begin> ']\n"
                                                       "    expect_shell: false\n"));
  EXPECT_EQ(out.verdict, Verdict::pass) << out.reason;
  EXPECT_EQ(bench.board->main->typed.back(), "boot");
}

/// A board whose Linux answers kexec's lines.
struct KexecBench : UbootBench {
  KexecBench() {
    auto& console = *board->main;
    console.on_typed = [this, u_boot = console.on_typed](const std::string& line) {
      auto& out = *board->main;
      if (line.starts_with("zcat")) return out.say(line + "\r\n" + config_answer + "\r\n/ # ");
      if (line.starts_with("/sbin/kexec --load")) return out.say(line + "\r\n/ # ");
      if (line.starts_with("echo c >")) return out.say(line + "\r\n" + crash);
      u_boot(line);
    };
  }
  static constexpr auto kexec =
      "- boot: {method: kexec, timeout: {seconds: 5}, kernel: /vmlinuz, kernel-config: /proc/config.gz, on_panic: "
      "true, "
      "boot_message: 'Linux version 7', prompts: ['/ # ']}\n";
  std::string config_answer = "kexec-ready";
  std::string crash =
      "sysrq: Trigger a crash\r\nKernel panic - not syncing: sysrq triggered crash\r\nLinux version 7.0\r\nRun "
      "/init\r\n/ "
      "# ";
};

TEST(Kexec, ACrashThatWasAskedForStartsTheOtherKernel) {
  KexecBench bench;
  const auto out = bench.run(bench.deploy + bench.boot() + bench.kexec);
  EXPECT_EQ(out.verdict, Verdict::pass) << out.reason;
  EXPECT_THAT(bench.board->main->typed, Contains("/sbin/kexec --load-panic /vmlinuz"));
  EXPECT_THAT(bench.board->main->typed, Contains("echo c > /proc/sysrq-trigger"));
}

TEST(Kexec, TheOtherKernelsOwnPanicIsAFail) {
  KexecBench bench;
  bench.crash += "Kernel panic - not syncing: VFS\r\n";
  bench.crash.erase(bench.crash.find("/ # "), 4);
  const auto out = bench.run(bench.deploy + bench.boot() + bench.kexec);
  EXPECT_EQ(out.verdict, Verdict::fail) << out.reason;
  EXPECT_THAT(out.reason, HasSubstr("VFS"));
}

TEST(Kexec, AKernelThatCannotIsToldByItsConfiguration) {
  KexecBench bench;
  bench.config_answer = "kexec-missing";
  const auto out = bench.run(bench.deploy + bench.boot() + bench.kexec);
  EXPECT_EQ(out.verdict, Verdict::incomplete);
  EXPECT_EQ(out.blame, Blame::job);
  EXPECT_THAT(out.reason, HasSubstr("CONFIG_CRASH_DUMP"));
  EXPECT_THAT(bench.board->main->typed, Not(Contains(HasSubstr("--load-panic"))));
}

}  // namespace
}  // namespace hilltop::jobs
