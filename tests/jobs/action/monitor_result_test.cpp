// SPDX-License-Identifier: Apache-2.0
#include "jobs/action/monitor_result.hpp"

#include <gtest/gtest.h>

#include "jobs/action/console_log.hpp"
#include "jobs/action/job_run.hpp"

namespace hilltop::jobs {
namespace {

Monitor with_fixup() {
  Monitor monitor;
  monitor.fixupdict = {{"OK", CaseResult::pass}, {"NG", CaseResult::fail}};
  return monitor;
}

TEST(MonitorResult, FixupdictTranslatesAndPlainWordsStand) {
  EXPECT_EQ(read_monitor_result(with_fixup(), {{"result", "OK"}, {"test_case_id", "a"}})->result, CaseResult::pass);
  EXPECT_EQ(read_monitor_result(with_fixup(), {{"result", "NG"}, {"test_case_id", "a"}})->result, CaseResult::fail);
  EXPECT_EQ(read_monitor_result(with_fixup(), {{"result", "skip"}, {"test_case_id", "a"}})->result, CaseResult::skip);
}

TEST(MonitorResult, OtherWordsAreMalformed) {
  for (const auto* word : {"PASS", "ok", "passed", ""}) {
    const auto read = read_monitor_result(with_fixup(), {{"result", word}, {"test_case_id", "a"}});
    ASSERT_FALSE(read) << word;
    EXPECT_EQ(read.error().blame, Blame::job);
  }
}

TEST(MonitorResult, AMeasurementAloneIsAPass) {
  const auto read =
      read_monitor_result({}, {{"measurement", " 1.25 "}, {"units", "ms"}, {"test_case_id", "Boot Time"}});
  ASSERT_TRUE(read);
  EXPECT_EQ(read->result, CaseResult::pass);
  EXPECT_EQ(read->measurement, 1.25);
  EXPECT_EQ(read->units, "ms");
  EXPECT_EQ(read->name, "boot_time");
}

TEST(MonitorResult, AnOptionalGroupThatTookNoPartIsAbsent) {
  const auto read = read_monitor_result({}, {{"result", "pass"}, {"measurement", ""}, {"test_case_id", "a"}});
  ASSERT_TRUE(read);
  EXPECT_FALSE(read->measurement);
}

TEST(MonitorResult, WhatIsNoNumberOrHasNoIdIsMalformed) {
  for (const auto* number : {"1.2.3", "fast", "nan", "inf", "12ms"})
    EXPECT_FALSE(read_monitor_result({}, {{"measurement", number}, {"test_case_id", "a"}})) << number;
  EXPECT_FALSE(read_monitor_result({}, {{"result", "pass"}}));
  EXPECT_FALSE(read_monitor_result({}, {{"test_case_id", "a"}}));
}

TEST(CaseId, IsLavas) {
  EXPECT_EQ(case_id("Net: TCP/IP (v6)"), "net_tcp_ip_v6_");
  EXPECT_EQ(case_id("a__b"), "a__b");
  EXPECT_EQ(monitor_suite("My Suite X"), "my-suite-x");
}

TEST(CleanForDisplay, DropsEscapesAndMendsText) {
  EXPECT_EQ(clean_for_display("\x1b[1;32muart:~$ \x1b[mhelp"), "uart:~$ help");
  EXPECT_EQ(clean_for_display("\x1b]0;title\atext"), "text");
  EXPECT_EQ(clean_for_display("a\x01"
                              "b\tc"),
            "a\xef\xbf\xbd"
            "b\tc");
  EXPECT_EQ(clean_for_display("\xff\xc3\xa9"), "\xef\xbf\xbd\xc3\xa9");
  EXPECT_EQ(clean_for_display("\x1b["), "");
}

}  // namespace
}  // namespace hilltop::jobs
