// SPDX-License-Identifier: Apache-2.0
// The pure parts: exit codes, problem details, log lines, JUnit documents, progress tables, console streams.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "web/cli/api.hpp"
#include "web/cli/console_stream.hpp"
#include "web/cli/exit_code.hpp"
#include "web/cli/job_text.hpp"
#include "web/cli/junit_merge.hpp"
#include "web/cli/log_lines.hpp"
#include "web/cli/progress.hpp"

namespace hilltop::cli {
namespace {

using ::testing::HasSubstr;

TEST(ExitCode, is_the_verdict_s) {
  EXPECT_EQ(exit_code_of_verdict("pass"), 0);
  EXPECT_EQ(exit_code_of_verdict("fail"), 1);
  EXPECT_EQ(exit_code_of_verdict("incomplete"), 3);
  EXPECT_EQ(exit_code_of_verdict("canceled"), 4);
  EXPECT_EQ(exit_code_of_verdict("what?"), 3);
  EXPECT_EQ(worst(exit_fail, exit_incomplete), 3);
  EXPECT_EQ(worst(exit_refused, exit_pass), 2);
}

TEST(ExitCode, tells_out_of_reach_from_refused) {
  EXPECT_EQ(exit_code_of(Error(Errc::unavailable, Blame::infrastructure, "refused")), 5);
  EXPECT_EQ(exit_code_of(Error(Errc::timeout, Blame::infrastructure, "late")), 5);
  EXPECT_EQ(exit_code_of(Error(Errc::bad_input, Blame::job, "no")), 2);
  EXPECT_EQ(exit_code_of(Error(Errc::busy, Blame::job, "ann has it")), 2);
  EXPECT_EQ(exit_code_of(Error(Errc::bad_input, Blame::configuration, "bad URL")), 2);
}

web::HttpReply reply(unsigned status, std::string body) {
  web::HttpReply made;
  made.status = status;
  made.body = std::move(body);
  return made;
}

TEST(Problem, shows_each_complaint_on_a_line_of_its_own) {
  const auto error = problem_from(reply(400, R"({"detail":"the job has mistakes","code":"bad_input","blame":"job",
    "complaints":[{"file":"a.yaml","line":3,"column":5,"message":"no 'tmpf'","suggestion":"did you mean 'tmpfs'?","severity":"error"},
                  {"file":"a.yaml","line":9,"column":1,"message":"twice","suggestion":"","severity":"warning"}]})"));
  EXPECT_EQ(error.text,
            "the job has mistakes\na.yaml:3:5: no 'tmpf' (did you mean 'tmpfs'?)\na.yaml:9:1: warning: twice");
  EXPECT_EQ(exit_code_of(error), exit_refused);
}

TEST(Problem, says_a_complaint_once) {
  const auto error =
      problem_from(reply(422, R"({"detail":"a.yaml:3:5: no board","complaints":[{"file":"a.yaml","line":3,"column":5,
    "message":"no board"}]})"));
  EXPECT_EQ(error.text, "a.yaml:3:5: no board");
}

TEST(Problem, of_the_lab_is_a_refusal_and_a_silent_proxy_is_out_of_reach) {
  EXPECT_EQ(exit_code_of(problem_from(reply(503, R"({"detail":"no outlet","blame":"infrastructure"})"))), exit_refused);
  EXPECT_EQ(exit_code_of(problem_from(reply(502, "<html>Bad gateway</html>"))), exit_unreachable);
}

TEST(Problem, stands_strange_answers) {
  EXPECT_EQ(problem_from(reply(400, R"({"detail":7,"complaints":[1,{"line":"x"}]})")).code, Errc::bad_input);
  EXPECT_EQ(problem_from(reply(404, "")).text, "the server refused with HTTP status 404");
  EXPECT_NE(problem_from(reply(401, R"({"detail":"who?"})")).text.find("hilltop login"), std::string::npos);
}

TEST(Escaped, leaves_only_what_a_path_may_hold) {
  EXPECT_EQ(escaped("a/b c?ü"), "a%2Fb%20c%3F%C3%BC");
  EXPECT_EQ(query_of({{"a", "1"}, {"b", ""}, {"c", "x y"}}), "?a=1&c=x%20y");
}

TEST(LogLines, formats_for_people) {
  LogLines lines(LogFormat::text, false);
  EXPECT_EQ(
      lines.take("{\"n\":1,\"dt\":\"2026-11-20T10:22:33.123456Z\",\"lvl\":\"target\",\"msg\":\"he\\u001bllo\"}\n"),
      "10:22:33.123 target   he?llo\n");
}

TEST(LogLines, stands_pieces_that_break_anywhere_and_repeats) {
  LogLines lines(LogFormat::jsonl, false);
  const std::string one = R"({"n":1,"dt":"t","lvl":"info","msg":"a"})";
  const std::string two = R"({"n":2,"dt":"t","lvl":"info","msg":"b"})";
  EXPECT_EQ(lines.take(one.substr(0, 9)), "");
  EXPECT_EQ(lines.take(one.substr(9) + "\n" + two), one + "\n");
  EXPECT_EQ(lines.rest(), two + "\n");
  EXPECT_EQ(lines.next(), 3U);
  EXPECT_EQ(lines.take(one + "\n" + two + "\n"), "");  // seen before
  EXPECT_FALSE(lines.ended());
  EXPECT_EQ(lines.take("{\"end\":true}\n"), "");
  EXPECT_TRUE(lines.ended());
}

TEST(LogLines, writes_what_lava_s_clients_read) {
  LogLines lines(LogFormat::lava, false);
  EXPECT_EQ(lines.take("{\"n\":1,\"dt\":\"t\",\"lvl\":\"info\",\"msg\":\"a: b\"}\n"),
            "- {\"dt\":\"t\",\"lvl\":\"info\",\"msg\":\"a: b\"}\n");
}

TEST(Junit, of_several_jobs_is_one_document) {
  const std::string a =
      "<?xml version=\"1.0\"?>\n<testsuites name=\"a\" tests=\"1\">\n<testsuite name=\"lava\"/>\n</testsuites>\n";
  const std::string b =
      "<testsuite name=\"lava\"><testcase name=\" classname=\" classname=\"lava\"> classname=</testcase></testsuite>";
  EXPECT_EQ(merged_junit({{"a#1", a}}), a);
  EXPECT_EQ(merged_junit({{"a#1", a}, {"<b>#2", b}, {"c#3", "<testsuites/>"}}),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n<testsuite name=\"a#1.lava\"/>\n"
            "<testsuite name=\"&lt;b&gt;#2.lava\"><testcase name=\" classname=\" classname=\"&lt;b&gt;#2.lava\"> "
            "classname=</testcase></testsuite>\n</testsuites>\n");
}

TEST(Junit, of_a_refused_file_is_an_error) {
  const auto refused = error_junit("typo.yaml", "submit", "refused", "typo.yaml:2:3: no 'x' & <y>\nsecond");
  EXPECT_THAT(refused, HasSubstr("<testsuites name=\"typo.yaml\" tests=\"1\" failures=\"0\" errors=\"1\">"));
  const auto merged = merged_junit({{"", refused}, {"a#1", "<testsuite name=\"s\"/>"}});
  EXPECT_THAT(merged, HasSubstr("<testsuite name=\"typo.yaml\" tests=\"1\" failures=\"0\" errors=\"1\""));
  EXPECT_THAT(merged, HasSubstr("<testcase name=\"submit\" classname=\"typo.yaml\""));
  EXPECT_THAT(merged, HasSubstr("message=\"typo.yaml:2:3: no 'x' &amp; &lt;y&gt;&#10;second\""));
  EXPECT_THAT(merged, HasSubstr("<testsuite name=\"a#1.s\"/>"));
}

Json job(int id, const char* state, const char* extra = "{}") {
  auto made = Json::parse(extra);
  made["id"] = id;
  made["name"] = "job-" + std::to_string(id);
  made["state"] = state;
  return made;
}

TEST(ProgressTable, shows_what_runs_when_not_all_fit) {
  std::vector<Json> jobs;
  for (int i = 1; i <= 20; ++i)
    jobs.push_back(i == 15 ? job(i, "running", R"({"current_action":"2.1 auto-login-action"})") : job(i, "submitted"));
  jobs[0] = job(1, "finished", R"({"verdict":"pass"})");
  const auto text = progress_table(jobs, 8, 79, false);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 8);
  EXPECT_NE(text.find("2.1 auto-login-action"), std::string::npos);
  EXPECT_EQ(text.find("job-1 "), std::string::npos);
  EXPECT_NE(text.find("20 jobs in all, 1 finished"), std::string::npos);
}

TEST(VerdictLine, names_job_board_verdict_reason_and_blame) {
  const auto done =
      job(3, "finished", R"({"verdict":"incomplete","reason":"silence","blame":"infrastructure","board":"b1",
    "submitted":"2026-01-01T00:00:00Z","started":"2026-01-01T00:00:01Z","finished":"2026-01-01T00:00:03.5Z"})");
  EXPECT_EQ(verdict_line(done, false), "job 3 (job-3) on b1: incomplete: silence (infrastructure), 2.5 s");
}

TEST(ResultsTable, has_measurements_and_times) {
  const auto done = job(3, "finished", R"({"suites":[{"name":"s","cases":[
    {"name":"boot","result":"pass","measurement":1.25,"units":"s","duration_s":0.5,"line":3},
    {"name":"x","result":"fail","measurement":null,"units":"","duration_s":null,"message":"expected 1"}]}]})");
  EXPECT_EQ(results_table(done).to_text(Table::unlimited, false, false),
            "s  boot  pass  1.25 s  0.500 s\ns  x     fail                   expected 1\n");
}

TEST(ConsoleStream, leaves_out_what_a_new_connection_repeats) {
  ConsoleStream stream;
  EXPECT_FALSE(stream.next());
  EXPECT_EQ(stream.text(R"({"offset":100})").notice, "");
  EXPECT_EQ(stream.binary("hello").bytes, "hello");
  EXPECT_EQ(stream.next(), 105U);
  EXPECT_EQ(stream.text(R"({"offset":103})").notice, "");
  EXPECT_EQ(stream.binary("lo").bytes, "");
  EXPECT_EQ(stream.binary(" world").bytes, " world");
  EXPECT_EQ(stream.next(), 111U);
  EXPECT_EQ(stream.text(R"({"offset":110})").notice, "");
  EXPECT_EQ(stream.binary("d!").bytes, "!");  // repeated and new in one frame
}

TEST(ConsoleStream, says_what_is_missing) {
  ConsoleStream stream(10);
  EXPECT_EQ(stream.text(R"({"offset":30})").notice, "gap: 20 bytes are missing here (offsets 10 to 30)");
  EXPECT_EQ(stream.binary("x").bytes, "x");
  EXPECT_EQ(stream.text(R"({"gap":{"from":31,"to":41}})").notice, "gap: 10 bytes are missing here (offsets 31 to 41)");
  EXPECT_EQ(stream.binary("y").bytes, "y");
  EXPECT_EQ(stream.next(), 42U);
}

TEST(ConsoleStream, ends_with_a_reason_and_stands_nonsense) {
  ConsoleStream stream;
  EXPECT_FALSE(stream.text("nonsense").ended);
  const auto end = stream.text(R"({"end":"lease 3 has ended"})");
  EXPECT_TRUE(end.ended);
  EXPECT_EQ(end.notice, "lease 3 has ended");
}

TEST(ShortSeconds, is_short) {
  EXPECT_EQ(short_seconds(0.04), "0.0 s");
  EXPECT_EQ(short_seconds(65), "1:05");
  EXPECT_EQ(short_seconds(3725), "1:02:05");
}

}  // namespace
}  // namespace hilltop::cli
