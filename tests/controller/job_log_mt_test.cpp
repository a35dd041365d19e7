// SPDX-License-Identifier: Apache-2.0
#include "controller/job_log.hpp"

#include <nlohmann/json.hpp>

#include "tests/controller/farm_fixture.hpp"

namespace hilltop::controller {
namespace {

using test::run;

jobs::LogLine line(std::string text) {
  jobs::LogLine out;
  out.text = std::move(text);
  out.level = jobs::LogLevel::target;
  return out;
}

TEST(JobLogs, ALineIsJsonWhateverTheBoardSaid) {
  for (const auto* text : {"plain", "quote \" and \\", "\xff\xfe not UTF-8", "two\nlines", ""}) {
    const auto out = to_json_line(3, line(text));
    EXPECT_EQ(out.find('\n'), std::string::npos);
    const auto parsed = nlohmann::json::parse(out, nullptr, false);
    ASSERT_FALSE(parsed.is_discarded()) << out;
    EXPECT_EQ(parsed["n"], 3);
    EXPECT_EQ(parsed["lvl"], "target");
  }
}

TEST(JobLogs, KeepsOrderAndCutsATornTail) {
  test::TempDir dir;
  asio::io_context context{1};
  {
    JobLogs logs(dir.path());
    int told = 0;
    logs.append(1, 1, {line("a"), line("b")}, context.get_executor(), [&] { ++told; });
    logs.append(1, 3, {line("c")}, context.get_executor(), [&] { ++told; });
    ASSERT_TRUE(run(context, logs.finish(1)));
    EXPECT_EQ(told, 2);
    const auto path = logs.path(1);
    std::ofstream(path, std::ios::app) << "{\"n\":4,\"dt\":\"20";
    const auto last = logs.repair(1);
    ASSERT_TRUE(last) << last.error().text;
    EXPECT_EQ(*last, 3U);
    EXPECT_TRUE(test::read_whole(path).ends_with("}\n"));
    EXPECT_EQ(*logs.repair(2), 0U) << "a job without a log";
  }
}

}  // namespace
}  // namespace hilltop::controller
