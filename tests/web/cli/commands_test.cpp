// SPDX-License-Identifier: Apache-2.0
// The commands against a server whose answers are written here.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

#include <atomic>
#include <csignal>
#include <sstream>

#include "tests/web/cli/scratch.hpp"
#include "tests/web/cli/stub_server.hpp"
#include "web/cli/program.hpp"

namespace hilltop::cli {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class Commands : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"HILLTOP_URL", "HILLTOP_TOKEN", "HILLTOP_CA_FILE"}) unsetenv(name);
    setenv("XDG_CONFIG_HOME", scratch_.path.c_str(), 1);
  }
  void TearDown() override { unsetenv("XDG_CONFIG_HOME"); }

  int run(std::vector<std::string> words) {
    out_.str("");
    err_.str("");
    std::istringstream in(input_);
    auto places = places_of("/nowhere/bin/hilltop", HILLTOP_SOURCE_DIR, "1.2.3");
    Context context(out_, err_, in, places);
    return cli::run(context, std::move(words));
  }
  int ask(std::vector<std::string> words) {
    words.insert(words.end(), {"--server", server_.url(), "--token", "secret"});
    return run(std::move(words));
  }
  Json output() { return Json::parse(out_.str(), nullptr, false); }

  test::Scratch scratch_;
  test::StubServer server_;
  std::string input_;
  std::ostringstream out_, err_;
};

constexpr const char* finished_job =
    R"({"id":7,"name":"hello","state":"finished","verdict":"fail","reason":"1 case failed",
  "blame":"dut","board":"b1","board_type":"t","submitted":"2026-01-01T00:00:00Z","started":"2026-01-01T00:00:01Z",
  "finished":"2026-01-01T00:00:03Z","suites":[{"name":"s","cases":[{"name":"c","result":"fail"}]}]})";

TEST_F(Commands, help_has_an_example_for_each_command) {
  ASSERT_EQ(run({"--help"}), 0);
  const auto text = out_.str();
  for (const char* name :
       {"login",   "boards",      "board",  "validate", "plan",    "demux",      "submit", "jobs",  "job",
        "log",     "results",     "cancel", "lease",    "console", "power",      "reset",  "flash", "health",
        "drivers", "board-types", "token",  "lab",      "events",  "completion", "version"}) {
    EXPECT_THAT(text, HasSubstr(std::string("\n  ") + name + " "));
    ASSERT_EQ(run({name, "--help"}), 0) << name;
    EXPECT_THAT(out_.str(), HasSubstr("Examples:\n  ")) << name;
  }
}

TEST_F(Commands, a_mistyped_command_is_a_usage_error_with_a_suggestion) {
  EXPECT_EQ(run({"bords"}), 2);
  EXPECT_THAT(err_.str(),
              AllOf(HasSubstr("'bords' is no command"), HasSubstr("did you mean 'boards'?"), HasSubstr("--help")));
  EXPECT_EQ(run({"bords", "--help"}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("did you mean 'boards'?"));
  EXPECT_EQ(run({"export", "--help"}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("'export' is no command"));
  EXPECT_EQ(out_.str(), "");
  EXPECT_EQ(run({"lease", "tak"}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("hilltop lease --help"));
  EXPECT_EQ(run({}), 2);
  EXPECT_EQ(run({"boards", "--bogus"}), 2);
  EXPECT_EQ(run({"power", "b1", "maybe"}), 2);
}

TEST_F(Commands, a_server_out_of_reach_is_5_and_says_what_to_do) {
  server_.start();
  const auto url = server_.url();
  server_.~StubServer();
  new (&server_) test::StubServer();
  EXPECT_EQ(run({"boards", "--server", url}), 5);
  EXPECT_THAT(err_.str(),
              AllOf(HasSubstr("no server at " + url), HasSubstr("deploy/quickstart"), HasSubstr("--server")));
  const auto file = scratch_.write("job.yaml", "x");
  EXPECT_EQ(run({"submit", file, "--wait", "--server", url}), 5);
}

TEST_F(Commands, boards_is_a_table_and_json_on_demand) {
  server_.answers["GET /boards"] = test::StubServer::says(
      R"({"items":[{"name":"b1","type":"microbit","state":"leased","health":"good","power":"on","holder":"ann","job":4,
          "tags":["x","y"]},{"name":"b2","type":"qemu","state":"idle","health":"suspect","health_reason":"silent"}],"next":""})");
  server_.start();
  ASSERT_EQ(ask({"boards"}), 0) << err_.str();
  EXPECT_THAT(out_.str(), AllOf(StartsWith("BOARD"), HasSubstr("job 4 of ann"), HasSubstr("x,y"), HasSubstr("silent")));
  EXPECT_EQ(server_.last_authorization(), "Bearer secret");
  ASSERT_EQ(ask({"boards", "--type", "qemu", "--json"}), 0);
  ASSERT_EQ(output()["items"].size(), 1U);
  EXPECT_EQ(output()["items"][0]["name"], "b2");
}

TEST_F(Commands, submit_waits_follows_and_exits_with_the_verdict) {
  auto looks = std::make_shared<std::atomic<int>>(0);
  server_.answers["POST /jobs"] = test::StubServer::says(R"({"id":7})", 201);
  server_.answers["GET /jobs"] = test::StubServer::says(R"({"items":[],"next":""})");
  server_.answers["GET /jobs/7"] = [looks](const web::Request&) {
    return test::StubServer::json(
        ++*looks < 3 ? R"({"id":7,"name":"hello","state":"running","current_action":"2.1 boot"})" : finished_job);
  };
  server_.answers["GET /jobs/7/results"] = test::StubServer::says("<testsuites><testsuite name=\"s\"/></testsuites>");
  server_.start();
  const auto file = scratch_.write("hello.yaml", "job: text\n");
  const auto ids = (scratch_.path / "ids").string();
  const auto junit = (scratch_.path / "out.xml").string();
  EXPECT_EQ(ask({"submit", file, "--wait", "--ids-out", ids, "--junit", junit}), 1) << err_.str();
  EXPECT_THAT(server_.asked(), Contains("POST /jobs?file=" + file + " job: text\n"));
  EXPECT_THAT(out_.str(),
              AllOf(HasSubstr("job 7 (hello) on b1: fail: 1 case failed (dut), 2.0 s"), HasSubstr("SUITE")));
  EXPECT_THAT(err_.str(), AllOf(HasSubstr("2.1 boot"), Not(HasSubstr("\033"))));
  std::stringstream text;
  text << std::ifstream(ids).rdbuf() << std::ifstream(junit).rdbuf();
  EXPECT_EQ(text.str(), "7\n<testsuites><testsuite name=\"s\"/></testsuites>");
  EXPECT_EQ(ask({"submit", file, "--wait", "--json", "-q"}), 1);
  EXPECT_EQ(output()["verdict"], "fail");
  EXPECT_EQ(err_.str(), "");
}

TEST_F(Commands, submit_that_a_server_answers_no_more_leaves_junit_with_an_error) {
  auto gone = std::make_shared<std::atomic<bool>>(false);
  server_.answers["POST /jobs"] = [ids = std::make_shared<int>(6)](const web::Request&) {
    return test::StubServer::json("{\"id\":" + std::to_string(++*ids) + "}", 201);
  };
  server_.answers["GET /jobs"] = test::StubServer::says(R"({"items":[],"next":""})");
  server_.answers["GET /jobs/7"] =
      test::StubServer::says(R"({"id":7,"name":"hello","state":"finished","verdict":"pass"})");
  server_.answers["GET /jobs/7/results"] = test::StubServer::says("<testsuites><testsuite name=\"s\"/></testsuites>");
  server_.answers["GET /jobs/8"] = [gone](const web::Request&) {
    if (gone->exchange(true)) return web::Response(503, "application/problem+json", R"({"detail":"it stops"})");
    return test::StubServer::json(R"({"id":8,"name":"second","state":"running"})");
  };
  server_.start();
  const auto file = scratch_.write("hello.yaml", "job: text\n");
  const auto junit = (scratch_.path / "out.xml").string();
  EXPECT_EQ(ask({"submit", file, file, "--wait", "--junit", junit, "--patience", "1s"}), 2)
      << "it answers, and refuses each question: " << err_.str();
  std::stringstream text;
  text << std::ifstream(junit).rdbuf();
  EXPECT_THAT(text.str(), AllOf(HasSubstr("<testsuite name=\"hello.s\"/>"), HasSubstr("<testsuite name=\"second\""),
                                HasSubstr("<testcase name=\"job 8\""), HasSubstr("<error type=\"lost\""),
                                HasSubstr("when last seen it was running")));
}

TEST_F(Commands, submit_that_is_interrupted_leaves_junit_with_an_error) {
  server_.answers["POST /jobs"] = test::StubServer::says(R"({"id":7})", 201);
  server_.answers["GET /jobs/7"] = [](const web::Request&) {
    kill(getpid(), SIGINT);  // which the command has caught by now
    return test::StubServer::json(R"({"id":7,"name":"hello","state":"running"})");
  };
  server_.start();
  const auto junit = (scratch_.path / "out.xml").string();
  EXPECT_EQ(ask({"submit", scratch_.write("hello.yaml", "x"), "--wait", "--junit", junit}), 130) << err_.str();
  std::stringstream text;
  text << std::ifstream(junit).rdbuf();
  EXPECT_THAT(text.str(), AllOf(HasSubstr("<testsuite name=\"hello\""), HasSubstr("<error type=\"interrupted\""),
                                HasSubstr("waiting for job 7 was interrupted")));
}

TEST_F(Commands, a_finished_job_cannot_be_canceled_and_says_how_it_ended_once) {
  server_.answers["POST /jobs/7/cancel"] = [](const web::Request&) {
    return web::Response(400, "application/problem+json",
                         R"({"detail":"job 7 has finished","code":"bad_input","blame":"job"})");
  };
  server_.answers["GET /jobs/7"] = test::StubServer::says(finished_job);
  server_.start();
  EXPECT_EQ(ask({"cancel", "7", "7"}), 2);
  EXPECT_EQ(out_.str(), "");
  EXPECT_EQ(err_.str(), "hilltop: job 7 has finished: fail: 1 case failed\n");
}

TEST_F(Commands, submit_follows_a_job_that_the_farm_repeats) {
  server_.answers["POST /jobs"] = test::StubServer::says(R"({"id":7})", 201);
  server_.answers["GET /jobs/7"] = test::StubServer::says(
      R"({"id":7,"name":"a","state":"finished","verdict":"incomplete","blame":"infrastructure","board_type":"t"})");
  server_.answers["GET /jobs"] =
      test::StubServer::says(R"({"items":[{"id":9,"rerun_of":7,"state":"submitted"}],"next":""})");
  server_.answers["GET /jobs/9"] =
      test::StubServer::says(R"({"id":9,"name":"a","state":"finished","verdict":"pass","rerun_of":7})");
  server_.start();
  const auto ids = (scratch_.path / "ids").string();
  EXPECT_EQ(ask({"submit", scratch_.write("a.yaml", "x"), "--wait", "--ids-out", ids}), 0) << err_.str();
  EXPECT_THAT(err_.str(), HasSubstr("job 7 is repeated as job 9"));
  std::stringstream text;
  text << std::ifstream(ids).rdbuf();
  EXPECT_EQ(text.str(), "9\n");
}

TEST_F(Commands, a_refused_job_shows_its_complaints_and_is_2) {
  server_.answers["POST /jobs"] = [](const web::Request& request) {
    if (request.body == "good") return test::StubServer::json(R"({"id":8})", 201);
    return web::Response(422, "application/problem+json",
                         R"({"detail":"bad.yaml:2:3: deploy to: fastboot is not supported yet","blame":"job"})");
  };
  server_.start();
  const auto ids = (scratch_.path / "ids").string();
  EXPECT_EQ(ask({"submit", scratch_.write("bad.yaml", "bad"), scratch_.write("good.yaml", "good"), "--ids-out", ids}),
            2);
  EXPECT_THAT(err_.str(), HasSubstr("bad.yaml:2:3: deploy to: fastboot is not supported yet"));
  EXPECT_THAT(out_.str(), HasSubstr("job 8 submitted"));
  std::stringstream text;
  text << std::ifstream(ids).rdbuf();
  EXPECT_EQ(text.str(), "-\n8\n");
  EXPECT_EQ(ask({"submit", "/does/not/exist.yaml"}), 2);
}

TEST_F(Commands, a_refused_job_is_in_the_json_and_in_the_junit_file) {
  server_.answers["POST /jobs"] = [](const web::Request& request) {
    if (request.body == "good") return test::StubServer::json(R"({"id":7})", 201);
    return web::Response(
        422, "application/problem+json",
        R"({"detail":"bad.yaml:2:3: deploy to: no 'tmpf' (did you mean 'tmpfs'?)\nno place","blame":"job"})");
  };
  server_.answers["GET /jobs"] = test::StubServer::says(R"({"items":[],"next":""})");
  server_.answers["GET /jobs/7"] = test::StubServer::says(finished_job);
  server_.answers["GET /jobs/7/results"] =
      test::StubServer::says("<testsuites name=\"hello\"><testsuite name=\"s\"/></testsuites>");
  server_.start();
  const auto bad = scratch_.write("bad.yaml", "bad");
  EXPECT_EQ(ask({"submit", bad, "--json"}), 2);
  EXPECT_EQ(output(), Json::parse(R"({"id":null,"file":")" + bad + R"(","errors":[{"file":"bad.yaml","line":2,
    "column":3,"message":"deploy to: no 'tmpf'","suggestion":"did you mean 'tmpfs'?","severity":"error"},
    {"line":null,"column":null,"message":"no place"}]})"));
  const auto junit = (scratch_.path / "out.xml").string();
  const auto written = [&] {
    std::stringstream text;
    text << std::ifstream(junit).rdbuf();
    return text.str();
  };
  EXPECT_EQ(ask({"submit", bad, scratch_.write("good.yaml", "good"), "--wait", "--junit", junit, "--json"}), 2);
  EXPECT_THAT(written(), AllOf(HasSubstr("<testsuite name=\"" + bad + "\" tests=\"1\" failures=\"0\" errors=\"1\""),
                               HasSubstr("deploy to: no 'tmpf'"), HasSubstr("<testsuite name=\"hello.s\"/>")));
  EXPECT_EQ(output()[0]["errors"][0]["line"], 2);
  EXPECT_EQ(output()[1]["verdict"], "fail");
  EXPECT_EQ(ask({"submit", bad, "--wait", "--junit", junit}), 2);
  EXPECT_THAT(written(), AllOf(HasSubstr("<testsuites name=\"" + bad + "\""), HasSubstr("<error ")));
}

TEST_F(Commands, job_json_has_one_key_a_line) {
  server_.answers["GET /jobs/7"] = test::StubServer::says(finished_job);
  server_.start();
  ASSERT_EQ(ask({"job", "7", "--json"}), 0);
  EXPECT_THAT(out_.str(), HasSubstr("\n  \"verdict\": \"fail\",\n"));
  ASSERT_EQ(ask({"job", "7"}), 0);
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("verdict"), HasSubstr("1 case failed"), HasSubstr("CASE")));
  EXPECT_EQ(ask({"job", "8"}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("there is no GET /jobs/8"));
}

TEST_F(Commands, jobs_pages_to_its_limit) {
  server_.answers["GET /jobs"] = [](const web::Request& request) {
    return test::StubServer::json(request.query_value("cursor").value_or("") == "c"
                                      ? R"({"items":[{"id":1},{"id":0}],"next":""})"
                                      : R"({"items":[{"id":3},{"id":2}],"next":"c"})");
  };
  server_.start();
  ASSERT_EQ(ask({"jobs", "--limit", "3", "--verdict", "fail", "--json"}), 0) << err_.str();
  EXPECT_EQ(output()["items"].dump(), R"([{"id":3},{"id":2},{"id":1}])");
  EXPECT_THAT(server_.asked(),
              ElementsAre("GET /jobs?verdict=fail&limit=3", "GET /jobs?verdict=fail&limit=1&cursor=c"));
}

TEST_F(Commands, events_are_the_newest_unless_a_number_is_named) {
  server_.answers["GET /events"] = test::StubServer::says(R"({"items":[{"seq":9,"kind":"job.state"}],"next":""})");
  server_.start();
  EXPECT_EQ(ask({"events"}), 0) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("9 job.state"));
  EXPECT_EQ(ask({"events", "--after", "3", "-n", "7"}), 0);
  EXPECT_THAT(server_.asked(), ElementsAre("GET /events?limit=50&newest=50", "GET /events?after=3&limit=7"));
}

TEST_F(Commands, leases_are_asked_for_in_seconds) {
  server_.answers["POST /leases"] =
      test::StubServer::says(R"({"id":3,"state":"active","board":"b1","ends":"2026-01-01T00:00:00Z"})", 201);
  server_.answers["DELETE /leases/3"] = test::StubServer::says("{}");
  server_.start();
  ASSERT_EQ(ask({"lease", "take", "microbit", "--for", "1h30m", "--tag", "x", "--tag", "y"}), 0) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("b1 is yours"));
  EXPECT_THAT(server_.asked(),
              ElementsAre(R"(POST /leases {"wanted":"microbit","for_s":5400,"tags":["x","y"],"priority":50})"));
  EXPECT_EQ(ask({"lease", "take", "microbit", "--for", "soon"}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("'soon' is no duration"));
  EXPECT_EQ(ask({"lease", "release", "3", "--reason", "done here"}), 0);
  EXPECT_THAT(server_.asked(), Contains("DELETE /leases/3?reason=done here"));
}

TEST_F(Commands, lease_take_waits_until_it_is_ours) {
  auto looks = std::make_shared<std::atomic<int>>(0);
  server_.answers["POST /leases"] = test::StubServer::says(R"({"id":3,"state":"waiting"})", 201);
  server_.answers["GET /leases/3"] = [looks](const web::Request&) {
    return test::StubServer::json(++*looks < 2
                                      ? R"({"id":3,"state":"waiting","waiting_for":"ann has b1"})"
                                      : R"({"id":3,"state":"active","board":"b1","ends":"2026-01-01T00:00:00Z"})");
  };
  server_.start();
  ASSERT_EQ(ask({"lease", "take", "b1", "--wait"}), 0) << err_.str();
  EXPECT_THAT(err_.str(), HasSubstr("waiting: ann has b1"));
  EXPECT_THAT(out_.str(), HasSubstr("b1 is yours"));
}

TEST_F(Commands, boards_are_operated) {
  server_.answers["POST /boards/b1/power"] = test::StubServer::says(R"({"power":"on"})");
  server_.answers["POST /boards/b1/reset"] = test::StubServer::says("{}");
  server_.answers["PUT /boards/b1/health"] = test::StubServer::says(R"({"health":"bad"})");
  server_.answers["POST /boards/b1/flash"] = [](const web::Request& request) {
    auto names = Json::array();
    for (const auto& upload : request.uploads) names.push_back(upload.file_name);
    return test::StubServer::json(Json{{"flashed", names}}.dump());
  };
  server_.start();
  ASSERT_EQ(ask({"power", "b1", "cycle"}), 0) << err_.str();
  EXPECT_EQ(out_.str(), "b1: on\n");
  ASSERT_EQ(ask({"reset", "b1", "--soft"}), 0) << err_.str();
  ASSERT_EQ(ask({"health", "b1", "bad", "--reason", "smoke"}), 0) << err_.str();
  ASSERT_EQ(ask({"flash", "b1", scratch_.write("s.elf", "1"), scratch_.write("n.elf", "2")}), 0) << err_.str();
  EXPECT_EQ(out_.str(), "b1: flashed s.elf, n.elf\n");
  EXPECT_THAT(server_.asked(), AllOf(Contains(R"(POST /boards/b1/power {"action":"cycle"})"),
                                     Contains(R"(POST /boards/b1/reset {"kind":"soft"})"),
                                     Contains(R"(PUT /boards/b1/health {"health":"bad","reason":"smoke"})")));
  EXPECT_EQ(ask({"flash", "b1", "/no/such.hex"}), 2);
}

TEST_F(Commands, login_checks_and_remembers) {
  server_.answers["GET /whoami"] = [](const web::Request& request) {
    return request.header("Authorization") == "Bearer good"
               ? test::StubServer::json(R"({"user":"ann","role":"admin"})")
               : test::StubServer::json(R"({"detail":"unknown token"})", 401);
  };
  server_.start();
  EXPECT_EQ(run({"login", server_.url(), "--token", "bad"}), 2);
  EXPECT_FALSE(std::filesystem::exists(config_path()));
  ASSERT_EQ(run({"login", server_.url(), "--token", "good"}), 0) << err_.str();
  EXPECT_THAT(out_.str(), HasSubstr("as ann (admin)"));
  const auto config = read_config(config_path());
  ASSERT_TRUE(config);
  EXPECT_EQ(config->server, server_.url());
  EXPECT_EQ(config->token, "good");
  EXPECT_EQ(run({"login"}), 2);  // no terminal to ask on
}

TEST_F(Commands, completion_asks_the_server_for_names) {
  server_.answers["GET /boards"] = test::StubServer::says(R"({"items":[{"name":"microbit-01"},{"name":"qemu-01"}]})");
  server_.answers["GET /jobs"] = test::StubServer::says(R"({"items":[{"id":12},{"id":7}]})");
  server_.start();
  const auto words = [this](std::vector<std::string> typed) {
    typed.insert(typed.begin(), {"__complete", "--server", server_.url()});
    EXPECT_EQ(run(typed), 0);
    return out_.str();
  };
  EXPECT_EQ(words({"console", "mi"}), "microbit-01\n");
  EXPECT_EQ(words({"board", "show", ""}), "microbit-01\nqemu-01\n");
  EXPECT_EQ(words({"job", ""}), "12\n7\n");
  EXPECT_EQ(words({"power", "qemu-01", "c"}), "cycle\n");
  EXPECT_EQ(words({"results", "7", "--format", "j"}), "json\njunit\n");
  EXPECT_EQ(words({"submit", "x"}), ":files\n");
  EXPECT_EQ(words({"lea"}), "lease\n");
  EXPECT_EQ(words({"lease", "ta"}), "take\n");
  EXPECT_THAT(words({"submit", "--w"}), HasSubstr("--wait\n"));
}

TEST_F(Commands, validate_says_file_line_and_column) {
  const auto bad = scratch_.write("bad.yaml", "device_type: qemu\njob_name: x\n");
  EXPECT_EQ(run({"validate", bad}), 2);
  EXPECT_THAT(err_.str(), HasSubstr(bad + ":"));
  EXPECT_EQ(run({"validate", bad, "--json"}), 2);
  EXPECT_EQ(output()["files"][0]["ok"], false);
  EXPECT_EQ(run({"validate", "/no/such.yaml"}), 2);
}

TEST_F(Commands, lab_apply_tells_the_server_what_its_user_calls_the_file) {
  server_.answers["PUT /lab"] = test::StubServer::says(R"({"added":["b1"],"removed":[],"changed":[]})");
  server_.start();
  const auto file = scratch_.write("desk.yaml", "lab: x\n");
  EXPECT_EQ(ask({"lab", "apply", file}), 0) << err_.str();
  input_ = "lab: x\n";
  EXPECT_EQ(ask({"lab", "apply", "-"}), 0) << err_.str();
  EXPECT_EQ(ask({"lab", "apply"}), 0) << err_.str();
  EXPECT_THAT(server_.asked(),
              ElementsAre("PUT /lab?file=" + file + " lab: x\n", "PUT /lab?file=stdin lab: x\n", "PUT /lab"));
}

TEST_F(Commands, lab_check_without_a_daemon_checks_the_structure) {
  setenv("PATH", "/nonexistent", 1);
  const auto bad = scratch_.write("lab.yaml", "boards:\n  b1:\n    type: microbitt\n");
  EXPECT_EQ(run({"lab", "check", bad}), 2);
  EXPECT_THAT(err_.str(), AllOf(HasSubstr("hilltopd is not here"), HasSubstr(bad + ":3:11: "), HasSubstr("microbitt")));
  const auto twice = scratch_.write("twice.yaml", "boards:\n  b1: {type: qemu}\n  b1: {type: qemu}\n");
  EXPECT_EQ(run({"lab", "check", twice}), 2);
  EXPECT_THAT(err_.str(), HasSubstr(twice + ":3:3: board 'b1' is written twice"));
}

}  // namespace
}  // namespace hilltop::cli
