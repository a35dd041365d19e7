// SPDX-License-Identifier: Apache-2.0
// LAVA's hardware boot methods, and deploys that write to the board at once.
#include <gmock/gmock.h>

#include "jobs/action/flash.hpp"
#include "tests/support/pipeline_bench.hpp"

namespace hilltop::jobs {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

const std::string deploy_tmpfs = "- deploy: {to: tmpfs, images: {zephyr: {url: 'http://lab/fw.bin'}}}\n";
const std::string monitor =
    "- test:\n    monitors:\n    - {name: hello, start: Booting, end: done, pattern: '(?P<test_case_id>\\w+) "
    "(?P<result>PASS|FAIL)', fixupdict: {PASS: pass, FAIL: fail}}\n";
constexpr auto output = "*** Booting Zephyr OS ***\none PASS\ndone\n";

class FlasherBoot : public ::testing::Test {
 protected:
  FlasherBoot() {
    auto& type = bench.board->own_type();
    for (const char* method : {"openocd", "pyocd", "jlink", "cmsis-dap", "dfu", "gdb", "musca", "recovery"})
      type.boot_methods.emplace_back(method);
    for (const char* target : {"mps", "vemsd", "sd", "usb", "recovery"}) type.deploy_methods.emplace_back(target);
    for (const char* name : {"fw.bin", "app.bin", "card.img", "card.bmap"})
      bench.artifacts.files[std::string("http://lab/") + name] = bench.dir.write(name, std::string("raw ") + name);
    bench.board->on_start = [this](int) { bench.board->main->say(output); };
  }
  /// What the job's reader complains of.
  static std::string complaints(const std::string& actions) {
    Diagnostics out;
    (void)read_job(
        "job_name: t\ndevice_type: scripted\nvisibility: public\ntimeouts: {job: {minutes: 1}}\nactions:\n" + actions,
        "job.yaml", out);
    return out.to_string();
  }
  test::PipelineBench bench;
};

class EachMethod : public FlasherBoot, public ::testing::WithParamInterface<const char*> {};

TEST_P(EachMethod, FlashesWithTheLabsFlasherAndLosesNoFirstLine) {
  const std::string more = GetParam() == std::string("gdb") ? ", commands: flash" : "";
  const auto out = bench.run(deploy_tmpfs + "- boot: {method: " + GetParam() + more + "}\n" + monitor);
  EXPECT_EQ(out.verdict, Verdict::pass) << out.reason;
  ASSERT_THAT(bench.board->flashed, SizeIs(1));
  EXPECT_EQ(bench.board->flashed[0].address, 0u);
  EXPECT_THAT(bench.sink.checks(), ElementsAre("hello/one=pass"));
  std::vector<std::string> names;
  for (const auto& action : bench.sink.actions) names.push_back(action.name);
  EXPECT_THAT(names, Contains(std::string("boot-") + GetParam()));
  EXPECT_THAT(names, Contains("flash-device"));
}

INSTANTIATE_TEST_SUITE_P(Lava, EachMethod,
                         ::testing::Values("openocd", "pyocd", "jlink", "cmsis-dap", "dfu", "gdb", "musca"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::erase(name, '-');
                           return name;
                         });

TEST_F(FlasherBoot, ABoardThatCannotBeResetIsHeardFromItsFlashingOn) {
  const Error none(Errc::unsupported, Blame::configuration, "the board has no power control");
  bench.board->set_power_state(drivers::PowerState::unknown);
  bench.board->power_result = none;
  bench.board->reset_result = none;
  bench.board->clean_result = ok();
  bench.board->on_flash = [this] { bench.board->main->say(output); };
  const auto out = bench.run(deploy_tmpfs + "- boot: {method: dfu}\n" + monitor);
  EXPECT_EQ(out.verdict, Verdict::pass) << out.reason;
  EXPECT_EQ(bench.board->starts, 0);
  EXPECT_TRUE(bench.sink.says("it has started when it was flashed"));
}

TEST_F(FlasherBoot, DfusImageArgNamesThePart) {
  EXPECT_EQ(dfu_part("--alt x86_app --download {app}"), "x86_app");
  EXPECT_EQ(dfu_part("--download {app} -a 2"), "2");
  EXPECT_EQ(dfu_part("--alt=config"), "config");
  EXPECT_EQ(dfu_part("--download {app}"), "");
  const auto out = bench.run(
      "- deploy: {to: tmpfs, images: {app: {url: 'http://lab/app.bin', image_arg: '--alt x86_app --download {app}'}}}\n"
      "- boot: {method: dfu}\n" +
      monitor);
  EXPECT_EQ(out.verdict, Verdict::pass) << out.reason;
  ASSERT_THAT(bench.board->flashed, SizeIs(1));
  EXPECT_EQ(bench.board->flashed[0].part, "x86_app");
}

TEST_F(FlasherBoot, AFlasherThatFailsIsToldWithItsBlame) {
  bench.board->flash_result = Error(Errc::mismatch, Blame::dut, "what is read back differs");
  const auto out = bench.run(deploy_tmpfs + "- boot: {method: pyocd}\n" + monitor);
  EXPECT_EQ(out.verdict, Verdict::incomplete);
  EXPECT_EQ(out.blame, Blame::dut);
  EXPECT_THAT(out.reason, HasSubstr("what is read back differs"));
}

TEST_F(FlasherBoot, ABoardTypeThatDoesNotBootSoRefusesAtSubmission) {
  bench.board->own_type().boot_methods = {"minimal"};
  try {
    (void)bench.run(deploy_tmpfs + "- boot: {method: jlink}\n");
    FAIL() << "it was planned";
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("does not boot by 'jlink'"));
  }
}

TEST_F(FlasherBoot, KeysOfLavasOwnToolsAreToldByName) {
  EXPECT_THAT(complaints("- boot: {method: jlink, commands: [r, h]}\n"), HasSubstr("commands is not supported"));
  EXPECT_THAT(complaints("- boot: {method: gdb}\n"), HasSubstr("commands is missing"));
  EXPECT_THAT(complaints("- boot: {method: gdb, commands: x, container: y}\n"), HasSubstr("no containers"));
  EXPECT_THAT(complaints("- boot: {method: recovery, commands: perhaps}\n"), HasSubstr("exit"));
  EXPECT_THAT(complaints("- deploy: {to: mps, recovery_image: {url: 'http://lab/x.zip'}}\n"),
              HasSubstr("recovery_image is not supported yet"));
  EXPECT_THAT(complaints("- deploy: {to: mps, images: {fw: {url: 'http://lab/x', rename: ../x}}}\n"),
              HasSubstr("no path on the board's card"));
  EXPECT_THAT(complaints("- deploy: {to: uuu, images: {boot: {url: 'http://lab/x'}}}\n"),
              HasSubstr("uuu is not supported yet"));
}

TEST_F(FlasherBoot, DeployToFlasherFlashesAtOnceAndOnlyOnce) {
  int flashings = 0;
  bench.board->on_flash = [&] { ++flashings; };
  const auto out = bench.run(
      "- deploy: {to: flasher, images: {fw: {url: 'http://lab/fw.bin'}}}\n"
      "- boot: {method: minimal}\n" +
      monitor);
  EXPECT_EQ(out.verdict, Verdict::pass) << out.reason;
  EXPECT_EQ(flashings, 1);
}

TEST_F(FlasherBoot, DeployToMpsGivesEachFileItsPlace) {
  const auto out = bench.run(
      "- deploy: {to: mps, images: {test_binary: {url: 'http://lab/fw.bin', rename: SOFTWARE/an505.bin}}}\n"
      "- boot: {method: minimal}\n" +
      monitor);
  EXPECT_EQ(out.verdict, Verdict::pass) << out.reason;
  ASSERT_THAT(bench.board->flashed, SizeIs(1));
  EXPECT_EQ(bench.board->flashed[0].part, "SOFTWARE/an505.bin");
}

TEST_F(FlasherBoot, DeployToSdWritesTheCardWhileTheBoardIsOff) {
  bench.board->set_power_state(drivers::PowerState::on);
  const auto out = bench.run(
      "- deploy:\n    to: sd\n    device: SD-card\n    images:\n      image: {url: 'http://lab/card.img'}\n"
      "      bmap: {url: 'http://lab/card.bmap'}\n"
      "- boot: {method: minimal}\n" +
      monitor);
  EXPECT_EQ(out.verdict, Verdict::pass) << out.reason;
  ASSERT_THAT(bench.board->cards, SizeIs(1));
  EXPECT_EQ(bench.board->cards[0].path.filename(), "card.img");
  EXPECT_EQ(bench.board->cards[0].bmap.filename(), "card.bmap");
  ASSERT_GE(bench.board->calls.size(), 3u);
  EXPECT_EQ(std::vector(bench.board->calls.begin(), bench.board->calls.begin() + 3),
            (std::vector<std::string>{"power off", "card", "power on"}));
  EXPECT_TRUE(bench.sink.says("wrote 100 % of 1024 bytes"));
}

TEST_F(FlasherBoot, ACardThatFailsIsNoFaultOfTheJobs) {
  bench.board->storage_result = Error(Errc::busy, Blame::infrastructure, "sdb is mounted at /media");
  const auto out = bench.run("- deploy: {to: usb, image: {url: 'http://lab/card.img'}}\n- boot: {method: minimal}\n");
  EXPECT_EQ(out.verdict, Verdict::incomplete);
  EXPECT_EQ(out.blame, Blame::infrastructure);
}

TEST_F(FlasherBoot, WhatACardDoesNotTakeIsToldByName) {
  EXPECT_THAT(complaints("- deploy: {to: sd, images: {rootfs: {url: 'http://lab/x'}}}\n"), HasSubstr("no 'rootfs'"));
  EXPECT_THAT(complaints("- deploy: {to: sd}\n"), HasSubstr("image is missing"));
  EXPECT_THAT(complaints("- deploy: {to: sd, image: {url: 'http://lab/x'}, writer: {tool: bmaptool}}\n"),
              HasSubstr("has no effect"));
}

TEST_F(FlasherBoot, RecoveryIsEnteredAndLeftWithThePowerOff) {
  const auto out = bench.run(
      "- deploy: {to: recovery, images: {fw: {url: 'http://lab/fw.bin'}}}\n"
      "- boot: {method: recovery, commands: recovery}\n"
      "- boot: {method: recovery, commands: exit}\n");
  EXPECT_EQ(out.verdict, Verdict::pass) << out.reason;
  EXPECT_THAT(bench.board->calls,
              ElementsAre("power off", "recovery on", "power on", "power off", "recovery off", "power on"));
}

}  // namespace
}  // namespace hilltop::jobs
