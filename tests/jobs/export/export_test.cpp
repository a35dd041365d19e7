// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

#include "drivers/core/process.hpp"
#include "jobs/export/finished_job.hpp"
#include "tests/support/pipeline_bench.hpp"

namespace hilltop::jobs {
namespace {

using ::testing::HasSubstr;

/// A job with names that hurt.
FinishedJob awkward_job() {
  FinishedJob job;
  job.id = "7";
  job.name = "a <job> & \"more\"";
  job.board = "microbit-1";
  job.board_type = "microbit";
  job.outcome = Outcome{Verdict::incomplete, Blame::job, "malformed result 'x\x01' # twice", false, false};
  job.started = from_rfc3339("2026-11-20T09:45:53Z");
  TestCase good{"my suite", "test_a", CaseResult::pass};
  good.measurement = 1.5, good.units = "m/s", good.duration_s = 0.25, good.line = 12;
  TestCase bad{"my suite", "it's: \"bad\" #1", CaseResult::fail};
  bad.message = "said <no>\n\xff\x1b[31m";
  job.cases = {{"lava", "minimal-boot", CaseResult::pass},
               good,
               bad,
               {"other", "skipped", CaseResult::skip},
               {"other", "odd", CaseResult::unknown}};
  job.cases.push_back({"lava", "job", CaseResult::fail});
  return job;
}

/// What Python says of a text: its standard output.
std::string python(const std::string& program, const std::string& text) {
  test::ScratchDir dir;
  const auto file = dir.write("text", text);
  asio::io_context io{1};
  TaskScope scope(io.get_executor(), "python");
  auto out = std::make_shared<Result<ToolOutput>>();
  struct Run {
    static Task<> tool(Command command, std::shared_ptr<Result<ToolOutput>> to) {
      *to = co_await run_tool(std::move(command), Deadline::after(30s));
      co_return ok();
    }
  };
  scope.spawn("python", Run::tool(Command({"python3", "-c", program, file.string()}), out));
  io.run();
  return *out ? (*out)->text : (*out).error().text;
}

TEST(Export, JsonIsTheContract) {
  const auto json = to_json(awkward_job());
  for (const auto* key : {"id", "name", "state", "verdict", "reason", "blame", "board", "board_type", "submitted",
                          "started", "finished", "suites"})
    EXPECT_TRUE(json.contains(key)) << key;
  EXPECT_EQ(json["verdict"], "incomplete");
  EXPECT_EQ(json["blame"], "job");
  EXPECT_EQ(json["suites"][1]["name"], "my suite");
  const auto& one = json["suites"][1]["cases"][0];
  EXPECT_EQ(one["name"], "test_a");
  EXPECT_EQ(one["result"], "pass");
  EXPECT_EQ(one["measurement"], 1.5);
  EXPECT_EQ(one["units"], "m/s");
  EXPECT_EQ(one["duration_s"], 0.25);
  EXPECT_EQ(one["line"], 12);
  EXPECT_EQ(json["suites"][0]["cases"].size(), 2U);
}

TEST(Export, JunitIsReadByAnXmlParser) {
  const auto said = python(
      "import sys, xml.etree.ElementTree as e\n"
      "r = e.parse(sys.argv[1]).getroot()\n"
      "print(r.tag, r.get('tests'), r.get('failures'), r.get('errors'), r.get('name'))\n"
      "for s in r: print(s.tag, s.get('name'), s.get('tests'), s.get('failures'), s.get('errors'), s.get('skipped'), "
      "len(s))\n"
      "for c in r.iter('testcase'): print(c.get('classname'), '|', c.get('name'), '|', ','.join(x.tag for x in c))\n",
      to_junit(awkward_job()));
  EXPECT_THAT(said, HasSubstr("testsuites 6 1 2 a <job> & \"more\"\n"));
  EXPECT_THAT(said, HasSubstr("testsuite my suite 2 1 0 0 2\n"));
  EXPECT_THAT(said, HasSubstr("testsuite other 2 0 1 1 2\n"));
  EXPECT_THAT(said, HasSubstr("my suite | it's: \"bad\" #1 | failure\n"));
  EXPECT_THAT(said, HasSubstr("lava | job | error\n"));
  EXPECT_THAT(said, HasSubstr("my suite | test_a | system-out\n"));
}

TEST(Export, JunitHasTheTimeOfWhatWasMeasuredInSeconds) {
  FinishedJob job;
  TestCase boot{"lava", "boot-time", CaseResult::pass};
  boot.measurement = 1.25, boot.units = "seconds";
  TestCase block{"lava", "minimal-boot", CaseResult::pass};
  block.duration_s = 2.5;
  TestCase theirs{"suite", "latency", CaseResult::pass};
  theirs.measurement = 7, theirs.units = "seconds";
  job.cases = {boot, block, theirs};
  const auto text = to_junit(job);
  EXPECT_THAT(text, HasSubstr("name=\"boot-time\" classname=\"lava\" time=\"1.250000\""));
  EXPECT_THAT(text, HasSubstr("name=\"minimal-boot\" classname=\"lava\" time=\"2.500000\""));
  EXPECT_THAT(text, HasSubstr("name=\"latency\" classname=\"suite\" time=\"0.000000\""));
  EXPECT_THAT(text, HasSubstr("skipped=\"0\" time=\"2.500000\""));
}

TEST(Export, LavaYamlIsReadByPyYaml) {
  const auto said =
      python("import sys, yaml, json\nprint(json.dumps(yaml.safe_load(open(sys.argv[1], encoding='utf-8'))))\n",
             to_lava_yaml(awkward_job()));
  const auto list = nlohmann::json::parse(said, nullptr, false);
  ASSERT_TRUE(list.is_array()) << said;
  ASSERT_EQ(list.size(), 6U);
  EXPECT_EQ(list[2]["name"], "it's: \"bad\" #1");
  EXPECT_EQ(list[2]["result"], "fail");
  EXPECT_EQ(list[1]["measurement"], "1.5000000000");
  EXPECT_EQ(list[1]["unit"], "m/s");
}

TEST(Export, TapCountsAndBailsOut) {
  const auto tap = to_tap(awkward_job());
  EXPECT_TRUE(tap.starts_with("TAP version 13\n1..6\n")) << tap;
  EXPECT_THAT(tap, HasSubstr("ok 2 - my suite/test_a\n"));
  EXPECT_THAT(tap, HasSubstr("not ok 3 - my suite/it's: \"bad\" \\#1\n"));
  EXPECT_THAT(tap, HasSubstr("ok 4 - other/skipped # SKIP\n"));
  EXPECT_THAT(tap, HasSubstr("Bail out! malformed result"));
}

TEST(Export, ATableFitsItsWidth) {
  auto job = awkward_job();
  job.cases[1].name = std::string(200, 'x');
  const auto table = to_table(job, 60);
  std::istringstream lines(table);
  std::string line;
  while (std::getline(lines, line) && !line.empty()) EXPECT_LE(line.size(), 62U) << line;  // "…" is three bytes wide
  EXPECT_THAT(table, HasSubstr("incomplete (job): malformed"));
  EXPECT_THAT(table, ::testing::Not(HasSubstr("minimal-boot")));
  EXPECT_THAT(to_table(job, 60, true), HasSubstr("minimal-boot"));
}

}  // namespace
}  // namespace hilltop::jobs
