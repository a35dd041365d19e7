// SPDX-License-Identifier: Apache-2.0
// Jobs on a computer that is reached by SSH alone: from the lab file and the job's text to the verdict, with the real
// console engine and Debian's dropbear.
#include <gmock/gmock.h>

#include "drivers/tables.hpp"
#include "tests/support/pipeline_bench.hpp"
#include "tests/support/ssh_server.hpp"

namespace hilltop::jobs {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const fs::path source = HILLTOP_SOURCE_DIR;

Task<Outcome> outcome_of(PipelineInput input) { co_return co_await run_pipeline(std::move(input)); }

class SshBoards : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const auto why = tests::SshServer::missing(worker); !why.empty()) GTEST_SKIP() << why;
    server = std::make_unique<tests::SshServer>(worker, dir.path / "server");
  }
  void TearDown() override {
    if (input.board) EXPECT_TRUE(worker.run(input.board->close(Deadline::after(20s))));
  }

  Outcome run(const std::string& address, const std::string& actions) {
    Diagnostics diagnostics;
    const auto types = boards::BoardTypes::load(source / "boards/types", source / "boards/rules", diagnostics);
    const auto lab =
        boards::read_inventory_text("lab: test\nboards:\n  rack-07:\n    type: ssh\n    console: " + address + "\n",
                                    dir.path / "lab.yaml", types, drivers::all_drivers, diagnostics);
    const auto* config = lab.find("rack-07");
    if (config == nullptr || diagnostics.has_errors()) throw std::runtime_error("the lab: " + diagnostics.to_string());
    const auto type = std::make_shared<const boards::BoardType>(*types.find("ssh"));
    boards::ConsoleEngine::Options options;
    options.dir = dir.path / "consoles";
    engine = boards::ConsoleEngine::open(options).value();
    const Env env{worker.io.get_executor(), dir.path / "state"};
    auto session = worker.run(boards::BoardSession::open(env, *config, type, types.rules(type->rule_packs),
                                                         drivers::all_drivers, *engine, Deadline::after(20s)));
    if (!session) throw std::runtime_error(session.error().text);
    input.board = *std::move(session);
    auto definition = read_job(
        "job_name: test\nvisibility: public\ndevice_type: ssh\ntimeouts: {job: {seconds: 25}, action: {seconds: 20}, "
        "connection: {seconds: 10}}\nactions:\n" +
            actions,
        "job.yaml", diagnostics);
    if (!definition) throw std::runtime_error(diagnostics.to_string());
    input.plan = std::make_shared<Plan>(make_plan(*definition, *type, diagnostics));
    if (diagnostics.has_errors()) throw std::runtime_error(diagnostics.to_string());
    input.definition = std::make_shared<JobDefinition>(*std::move(definition));
    input.artifacts = &artifacts;
    input.sink = &sink;
    input.job_dir = dir.path / "job";
    fs::create_directories(input.job_dir);
    auto out = worker.run(outcome_of(input)).value();
    if (std::getenv("HILLTOP_SHOW_LOG") != nullptr)
      for (const auto& line : sink.lines) std::cerr << to_string(line.level) << ": " << line.text << "\n";
    return out;
  }

  test::ScratchDir dir;
  test::ScriptedArtifacts artifacts;
  test::RecordingSink sink;
  std::unique_ptr<boards::ConsoleEngine> engine;
  tests::Worker worker;
  std::unique_ptr<tests::SshServer> server;
  PipelineInput input;
};

constexpr auto boot = "- boot: {method: ssh, connection: ssh, prompts: ['[#$] $']}\n";
const std::string test =
    "- test:\n    interactive:\n    - name: shell\n      prompts: ['[#$] $']\n      script:\n"
    "      - {name: answer, command: 'echo the answer is $((6 * 7))', successes: [{message: the answer is 42}]}\n"
    "      - {name: terminal, command: 'tty', successes: [{message: /dev/pts/}]}\n";

TEST_F(SshBoards, AJobLogsInAndHangsUp) {
  const auto out = run(server->address(), boot + test);
  EXPECT_EQ(out.verdict, Verdict::pass) << out.reason;
  EXPECT_THAT(sink.checks(), ElementsAre("0_shell/answer=pass", "0_shell/terminal=pass"));
  EXPECT_EQ(input.board->last_power_state(), drivers::PowerState::off);
  EXPECT_FALSE(out.board_suspect);
}

TEST_F(SshBoards, EachBootIsALoginOfItsOwn) {
  const auto out =
      run(server->address(), std::string(boot) +
                                 "- test:\n    interactive:\n    - name: first\n      prompts: ['[#$] $']\n"
                                 "      script: [{command: 'LEFT=behind'}]\n" +
                                 boot +
                                 "- test:\n    interactive:\n    - name: second\n      prompts: ['[#$] $']\n"
                                 "      script:\n      - {name: anew, command: 'echo \"<$LEFT>\"', successes: "
                                 "[{message: '<>'}]}\n");
  EXPECT_EQ(out.verdict, Verdict::pass) << out.reason;
}

TEST_F(SshBoards, AHostThatIsNotThereIsInfrastructures) {
  const auto address = server->address();
  server.reset();
  const auto out = run(address, boot + test);
  EXPECT_EQ(out.verdict, Verdict::incomplete);
  EXPECT_EQ(out.blame, Blame::infrastructure);
  EXPECT_TRUE(out.retry);
  EXPECT_TRUE(out.board_suspect);
}

TEST_F(SshBoards, AHostThatHangsUpIsSaid) {
  const auto out =
      run(server->address(), std::string(boot) +
                                 "- test:\n    interactive:\n    - name: leaves\n      prompts: ['[#$] $']\n"
                                 "      script: [{name: gone, command: exit}]\n");
  EXPECT_EQ(out.verdict, Verdict::incomplete) << out.reason;
}

TEST(SshPlan, OtherBoardsDoNotBootBySsh) {
  Diagnostics diagnostics;
  const auto types = boards::BoardTypes::load(source / "boards/types", source / "boards/rules", diagnostics);
  const auto job =
      read_job("job_name: t\nvisibility: public\ndevice_type: microbit\ntimeouts: {job: {seconds: 25}}\nactions:\n" +
                   std::string(boot),
               "job.yaml", diagnostics);
  ASSERT_TRUE(job) << diagnostics.to_string();
  (void)make_plan(*job, *types.find("microbit"), diagnostics);
  EXPECT_THAT(diagnostics.to_string(), HasSubstr("does not boot by 'ssh'"));
}

TEST(SshPlan, ABoardWithoutAnAddressIsRefusedWithTheLabFile) {
  Diagnostics diagnostics;
  const auto types = boards::BoardTypes::load(source / "boards/types", source / "boards/rules", diagnostics);
  (void)boards::read_inventory_text("lab: test\nboards:\n  rack-07: {type: ssh}\n", "lab.yaml", types,
                                    drivers::all_drivers, diagnostics);
  EXPECT_THAT(diagnostics.to_string(), HasSubstr("host"));
}

}  // namespace
}  // namespace hilltop::jobs
