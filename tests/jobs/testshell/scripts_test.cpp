// SPDX-License-Identifier: Apache-2.0
// The helper scripts in the shells of this host: dash, and BusyBox where it is installed.
#include <gmock/gmock.h>

#include "drivers/core/process.hpp"
#include "jobs/testshell/overlay.hpp"
#include "tests/drivers/run_task.hpp"
#include "tests/support/pipeline_bench.hpp"

namespace hilltop::jobs::testshell {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

bool installed(const std::string& program) {
  for (const char* folder : {"/bin/", "/usr/bin/"})
    if (fs::exists(folder + program)) return true;
  return false;
}

/// The overlay's bin folder, and a shell.
class Scripts : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    if (!installed(GetParam())) GTEST_SKIP() << GetParam() << " is not installed";
    fs::create_directories(dir_.path / "bin");
    fs::create_directories(dir_.path / "results/0_a");
    for (const auto& [name, text] : helper_scripts()) {
      dir_.write("bin/" + std::string(name), text);
      fs::permissions(dir_.path / "bin" / name, fs::perms::owner_all);
    }
  }
  /// What `script` says in that shell, with the helpers in the path.
  std::string run(const std::string& script, int status = 0) {
    std::vector<std::string> argv{GetParam()};
    if (argv[0] == "busybox") argv.emplace_back("sh");
    argv.insert(argv.end(), {"-c", script});
    Command command(argv);
    command.environment = {{"PATH", (dir_.path / "bin").string() + ":/usr/bin:/bin:/usr/sbin:/sbin"},
                           {"LAVA_OVERLAY", dir_.path.string()},
                           {"TESTRUN_ID", "0_a"}};
    const auto out = worker_.run(run_tool(command, Deadline::after(20s)));
    EXPECT_TRUE(out) << out.error().text;
    if (!out) return "";
    EXPECT_EQ(out->status, status) << script << ": " << out->text;
    return out->text;
  }
  test::ScratchDir dir_;
  tests::Worker worker_;
};

TEST_P(Scripts, ATestCaseSaysItsResultAndItsNumber) {
  EXPECT_EQ(run("lava-test-case a --result pass --measurement 3 --units ms"),
            "<LAVA_SIGNAL_TESTCASE TEST_CASE_ID=a RESULT=pass UNITS=ms MEASUREMENT=3 SEQ=1>\n");
  EXPECT_EQ(run("lava-test-case b --shell 'echo x; false'"),
            "<LAVA_SIGNAL_STARTTC b>\nx\n<LAVA_SIGNAL_ENDTC b>\n<LAVA_SIGNAL_TESTCASE TEST_CASE_ID=b RESULT=fail "
            "SEQ=2>\n");
  EXPECT_EQ(
      run("lava-test-case c --shell test 'a b' = 'a b'"),
      "<LAVA_SIGNAL_STARTTC c>\n<LAVA_SIGNAL_ENDTC c>\n<LAVA_SIGNAL_TESTCASE TEST_CASE_ID=c RESULT=pass SEQ=3>\n");
  dir_.write("out", "measured\n");
  EXPECT_THAT(run("lava-test-case d --result pass --output " + (dir_.path / "out").string()),
              HasSubstr("\nmeasured\n"));
  EXPECT_EQ(run("TESTRUN_ID= lava-test-case e --result pass"), "<LAVA_SIGNAL_TESTCASE TEST_CASE_ID=e RESULT=pass>\n");
}

TEST_P(Scripts, MistakesAreSaidAndEndTheSteps) {
  for (const char* line :
       {"lava-test-case a", "lava-test-case a --reslut pass", "lava-test-case a --units ms", "lava-test-set begin",
        "lava-test-reference a --result pass", "lava-test-raise", "lava-background-process-start a echo",
        "lava-background-process-start ../a --cmd true", "lava-background-process-stop none"})
    EXPECT_THAT(run(line, 2), HasSubstr("lava-")) << line;
}

TEST_P(Scripts, TheOthersSaySignals) {
  EXPECT_EQ(run("lava-test-set start net; lava-test-set stop"),
            "<LAVA_SIGNAL_TESTSET START net>\n<LAVA_SIGNAL_TESTSET STOP>\n");
  EXPECT_EQ(run("lava-test-reference a --result fail --reference https://x/1"),
            "<LAVA_SIGNAL_TESTREFERENCE a fail https://x/1 SEQ=1>\n");
  EXPECT_EQ(run("lava-test-raise 'a > b' || lava-test-event x y; lava-test-feedback uart1"),
            "<LAVA_SIGNAL_TESTRAISE a ) b>\n<LAVA_SIGNAL_TESTEVENT x y>\n<LAVA_SIGNAL_TESTFEEDBACK uart1>\n");
}

TEST_P(Scripts, NumbersAreTakenOnceSideBySide) {
  const auto out = run("for i in 1 2 3 4 5 6 7 8 9; do lava-test-case n$i --result pass & done; wait");
  for (int i = 1; i <= 9; ++i) EXPECT_THAT(out, HasSubstr("SEQ=" + std::to_string(i) + ">"));
  EXPECT_THAT(out, Not(HasSubstr("SEQ=10>")));
}

TEST_P(Scripts, ABackgroundProcessShowsWhatItWrote) {
  const auto out =
      run("lava-background-process-start w --cmd 'echo begun; exec sleep 50'; while ! grep -qs begun "
          "$LAVA_OVERLAY/results/background/w.out; do sleep 0.05; done; lava-background-process-stop w");
  EXPECT_EQ(out, "begun\n");
  EXPECT_FALSE(fs::exists(dir_.path / "results/background/w.pid"));
}

TEST_P(Scripts, TheHostIsNamed) {
  EXPECT_THAT(run("lava-os-build"), Not(testing::IsEmpty()));
  EXPECT_EQ(run("lava-echo-ipv4 lo"), "127.0.0.1\n");
  EXPECT_THAT(run("lava-installed-packages"), HasSubstr("dash "));
  EXPECT_EQ(run("lava-install-packages"), "");
}

TEST_P(Scripts, WhatTheWorkerSaysOfTheBoardIsToldAgain) {
  dir_.write("environment", "export LAVA_JOB_ID=42\nexport CITY='New York'\n");
  EXPECT_EQ(run("lava-echo-config"), "LAVA_JOB_ID=42\nCITY='New York'\n");
  const std::string storage = "export LAVA_STORAGE_INFO_0_SATA=/dev/sda LAVA_STORAGE_INFO_1_USB=/dev/sdb; ";
  EXPECT_EQ(run(storage + "lava-target-storage USB"), "/dev/sdb\n");
  EXPECT_EQ(run(storage + "lava-target-storage | sort"), "SATA /dev/sda\nUSB /dev/sdb\n");
  EXPECT_THAT(run("lava-target-storage", 2), HasSubstr("no storage"));
  EXPECT_EQ(run("export LAVA_STATIC_INFO_0_probe_ip=192.0.2.9; lava-probe-ip"), "192.0.2.9\n");
  EXPECT_EQ(run("export LAVA_STATIC_INFO_0_probe_channel=2; lava-probe-channel"), "2\n");
  EXPECT_THAT(run("lava-probe-ip", 2), HasSubstr("no probe"));
}

INSTANTIATE_TEST_SUITE_P(Shells, Scripts, testing::Values("dash", "busybox"));

TEST(HelperScripts, AreAllThere) {
  std::vector<std::string> names;
  for (const auto& [name, text] : helper_scripts()) {
    names.emplace_back(name);
    EXPECT_TRUE(text.starts_with("#!/bin/sh\n# SPDX")) << name;
  }
  for (const char* name : {"lava-test-runner",
                           "lava-test-case",
                           "lava-test-set",
                           "lava-test-reference",
                           "lava-test-raise",
                           "lava-test-event",
                           "lava-test-feedback",
                           "lava-background-process-start",
                           "lava-background-process-stop",
                           "lava-install-packages",
                           "lava-installed-packages",
                           "lava-os-build",
                           "lava-target-ip",
                           "lava-target-mac",
                           "lava-target-storage",
                           "lava-probe-ip",
                           "lava-probe-channel",
                           "lava-echo-config",
                           "lava-echo-ipv4",
                           "lava-add-keys",
                           "lava-add-sources",
                           "lava-common-functions"})
    EXPECT_THAT(names, testing::Contains(name));
}

TEST(HelperScripts, AreCleanForShellcheck) {
  if (!installed("shellcheck")) GTEST_SKIP() << "shellcheck is not installed";
  tests::Worker worker;
  std::vector<std::string> argv{"shellcheck", "-s", "sh", "-x"};
  for (const auto& file : fs::directory_iterator(fs::path(HILLTOP_SOURCE_DIR) / "jobs/testshell/scripts"))
    argv.push_back(file.path().string());
  Command command(argv);
  command.cwd = fs::path(HILLTOP_SOURCE_DIR) / "jobs/testshell/scripts";
  const auto out = worker.run(run_tool(command, Deadline::after(30s)));
  ASSERT_TRUE(out);
  EXPECT_EQ(out->status, 0) << out->text;
}

}  // namespace
}  // namespace hilltop::jobs::testshell
