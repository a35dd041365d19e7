// SPDX-License-Identifier: Apache-2.0
// Jobs on the demo lab's boards, as QEMU emulates them: from the job's text to the verdict, with the real console
// engine.
#include <gmock/gmock.h>

#include "drivers/core/process.hpp"
#include "drivers/tables.hpp"
#include "tests/drivers/run_task.hpp"
#include "tests/support/pipeline_bench.hpp"

namespace hilltop::jobs {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::SizeIs;

const fs::path source = HILLTOP_SOURCE_DIR;

/// The folder with the test firmware: that of the build, or one made for this run.
fs::path firmware(tests::Worker& worker, const fs::path& scratch) {
  const fs::path built = fs::path(HILLTOP_BINARY_DIR) / "firmware";
  if (fs::exists(built / "mps2-an385-reset.elf")) return built;
  const Command command({(source / "tests/firmware/build").string(), (scratch / "firmware").string()});
  const auto made = worker.run(run_tool_checked(command, Deadline::after(2min)));
  EXPECT_TRUE(made) << made.error().text;
  return scratch / "firmware";
}

Task<Outcome> outcome_of(PipelineInput input) { co_return co_await run_pipeline(std::move(input)); }

class PipelineOnBoards : public ::testing::Test {
 protected:
  void TearDown() override {
    if (input.board) EXPECT_TRUE(worker.run(input.board->close(Deadline::after(20s))));
  }

  /// Runs the job on the board of the demo lab.
  Outcome run(const std::string& board, const std::string& job) {
    Diagnostics diagnostics;
    const auto types = boards::BoardTypes::load(source / "boards/types", source / "boards/rules", diagnostics);
    const auto lab =
        boards::read_inventory(source / "deploy/labs/demo/lab.yaml", types, drivers::all_drivers, diagnostics);
    const auto* config = lab.find(board);
    if (config == nullptr || diagnostics.has_errors()) throw std::runtime_error("the lab: " + diagnostics.to_string());
    const auto type = std::make_shared<const boards::BoardType>(*types.find(config->type));
    boards::ConsoleEngine::Options options;
    options.dir = dir.path / "consoles";
    engine = boards::ConsoleEngine::open(options).value();
    const Env env{worker.io.get_executor(), dir.path / "state"};
    auto session = worker.run(boards::BoardSession::open(env, *config, type, types.rules(type->rule_packs),
                                                         drivers::all_drivers, *engine, Deadline::after(20s)));
    if (!session) throw std::runtime_error(session.error().text);
    input.board = *std::move(session);
    auto definition = read_job("job_name: test\nvisibility: public\ndevice_type: " + config->type + "\n" + job,
                               "job.yaml", diagnostics);
    if (!definition) throw std::runtime_error(diagnostics.to_string());
    input.plan = std::make_shared<Plan>(make_plan(*definition, *type, diagnostics));
    if (diagnostics.has_errors()) throw std::runtime_error(diagnostics.to_string());
    input.definition = std::make_shared<JobDefinition>(*std::move(definition));
    input.artifacts = &artifacts;
    input.sink = &sink;
    input.job_dir = dir.path / "job";
    fs::create_directories(input.job_dir);
    return worker.run(outcome_of(input)).value();
  }

  /// Runs a variant of the ztest firmware on the AN385.
  Outcome ztest(const std::string& variant) {
    artifacts.files["http://lab/fw.elf"] = firmware(worker, dir.path) / ("mps2-an385-" + variant + ".elf");
    return run(
        "an385-01",
        "timeouts: {job: {seconds: 25}, action: {seconds: 20}, connection: {seconds: 4}}\n"
        "actions:\n"
        "- deploy: {to: tmpfs, images: {zephyr: {url: 'http://lab/fw.elf'}}}\n"
        "- boot: {method: minimal}\n"
        "- test:\n    monitors:\n    - name: hilltop_basics\n      start: Running TESTSUITE hilltop_basics\n"
        "      end: PROJECT EXECUTION (SUCCESSFUL|FAILED)\n"
        "      pattern: ' (?P<result>PASS|FAIL|SKIP) - (?P<test_case_id>\\w+) in (?P<measurement>[\\d.]+) seconds'\n"
        "      fixupdict: {PASS: pass, FAIL: fail, SKIP: skip}\n");
  }

  test::ScratchDir dir;
  test::ScriptedArtifacts artifacts;
  test::RecordingSink sink;
  std::unique_ptr<boards::ConsoleEngine> engine;
  tests::Worker worker;
  PipelineInput input;
};

TEST_F(PipelineOnBoards, MicroPythonAnswersOnAMicrobit) {
  const auto out =
      run("microbit-01",
          "timeouts: {job: {seconds: 25}, action: {seconds: 20}, connection: {seconds: 10}}\n"
          "actions:\n"
          "- boot: {method: minimal, prompts: ['>>> ']}\n"
          "- test:\n    interactive:\n    - name: repl\n      prompts: ['>>> ']\n      script:\n"
          "      - {name: sum, command: 'print(\"sum is\", 6 * 7)', successes: [{message: sum is 42}]}\n"
          "      - {name: wrong, command: 'print(\"sum is\", 6 * 9)', successes: [{message: sum is 42}]}\n");
  EXPECT_EQ(out.verdict, Verdict::fail) << out.reason;
  EXPECT_THAT(sink.checks(), ::testing::ElementsAre("0_repl/sum=pass", "0_repl/wrong=fail"));
  EXPECT_EQ(input.board->last_power_state(), drivers::PowerState::off);
}

TEST_F(PipelineOnBoards, ASuccessOnlyInMicroPythonsEchoIsIncomplete) {
  const auto out = run("microbit-01",
                       "timeouts: {job: {seconds: 25}, action: {seconds: 20}, connection: {seconds: 10}}\n"
                       "actions:\n"
                       "- boot: {method: minimal, prompts: ['>>> ']}\n"
                       "- test:\n    interactive:\n    - name: repl\n      prompts: ['>>> ']\n      script:\n"
                       "      - {name: echo, command: 'x = \"all is well\"', successes: [{message: all is well}]}\n");
  EXPECT_EQ(out.verdict, Verdict::incomplete) << out.reason;
  EXPECT_EQ(out.blame, Blame::job);
}

TEST_F(PipelineOnBoards, ZtestPasses) {
  const auto out = ztest("pass");
  EXPECT_EQ(out.verdict, Verdict::pass) << out.reason;
  EXPECT_THAT(sink.checks(), SizeIs(6));
}

TEST_F(PipelineOnBoards, BootByGdbFlashesOverTheStubAndSeesTheFirstLine) {
  artifacts.files["http://lab/fw.elf"] = firmware(worker, dir.path) / "mps2-an385-pass.elf";
  const auto out =
      run("an385-01",
          "timeouts: {job: {seconds: 25}, action: {seconds: 20}, connection: {seconds: 4}}\n"
          "actions:\n"
          "- deploy: {to: tmpfs, images: {zephyr: {url: 'http://lab/fw.elf'}}}\n"
          "- boot: {method: gdb, commands: flash}\n"
          "- test:\n    monitors:\n    - name: hilltop_basics\n      start: Booting hilltop test firmware\n"
          "      end: PROJECT EXECUTION (SUCCESSFUL|FAILED)\n"
          "      pattern: ' (?P<result>PASS|FAIL|SKIP) - (?P<test_case_id>\\w+) in (?P<measurement>[\\d.]+) seconds'\n"
          "      fixupdict: {PASS: pass, FAIL: fail, SKIP: skip}\n");
  EXPECT_EQ(out.verdict, Verdict::pass) << out.reason;
  EXPECT_THAT(sink.checks(), SizeIs(6));
}

TEST_F(PipelineOnBoards, ZtestFails) { EXPECT_EQ(ztest("fail").verdict, Verdict::fail); }

TEST_F(PipelineOnBoards, ZtestFaults) {
  const auto out = ztest("fault");
  EXPECT_EQ(out.verdict, Verdict::fail) << out.reason;
  EXPECT_EQ(out.blame, Blame::dut);
  EXPECT_THAT(out.reason, HasSubstr("while a test ran"));
}

TEST_F(PipelineOnBoards, ZtestHangs) {
  const auto out = ztest("hang");
  EXPECT_EQ(out.verdict, Verdict::incomplete) << out.reason;
  EXPECT_EQ(out.blame, Blame::dut);
}

TEST_F(PipelineOnBoards, ZtestCutsAResultLine) {
  const auto out = ztest("cut");
  EXPECT_EQ(out.verdict, Verdict::incomplete) << out.reason;
  EXPECT_EQ(out.blame, Blame::job);
}

TEST_F(PipelineOnBoards, ZtestPrintsAMalformedResult) {
  const auto out = ztest("malformed");
  EXPECT_EQ(out.verdict, Verdict::incomplete) << out.reason;
  EXPECT_EQ(out.blame, Blame::job);
}

TEST_F(PipelineOnBoards, ZtestResets) {
  const auto out = ztest("reset");
  EXPECT_EQ(out.verdict, Verdict::fail) << out.reason;
  EXPECT_THAT(out.reason, HasSubstr("reset"));
}

}  // namespace
}  // namespace hilltop::jobs
