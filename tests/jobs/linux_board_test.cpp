// SPDX-License-Identifier: Apache-2.0
// Jobs on emulated Linux boards, from the demo job's text to the verdict, with the systems that
// tests/firmware/linux/build makes. Where nobody built them, there is nothing to boot and the tests say so.
#include <gmock/gmock.h>

#include <fstream>

#include "drivers/core/process.hpp"
#include "drivers/tables.hpp"
#include "tests/drivers/run_task.hpp"
#include "tests/support/pipeline_bench.hpp"
#include "tests/support/tools.hpp"

namespace hilltop::jobs {
namespace {

namespace fs = std::filesystem;
using ::testing::Contains;
using ::testing::ElementsAre;

const fs::path source = HILLTOP_SOURCE_DIR;

fs::path firmware() {
  for (const auto& folder : {fs::path(HILLTOP_BINARY_DIR) / "firmware", source / "build/firmware"})
    if (fs::exists(folder / "linux/arm64-disk-altered.img")) return folder;
  return {};
}

std::string demo_job(const std::string& name) {
  std::ifstream in(source / "deploy/labs/demo/jobs" / name);
  std::string text{std::istreambuf_iterator<char>(in), {}};
  const std::string placeholder = "@FIRMWARE@";
  for (auto at = text.find(placeholder); at != std::string::npos; at = text.find(placeholder, at))
    text.replace(at, placeholder.size(), firmware().string());
  return text;
}

Task<Outcome> outcome_of(PipelineInput input) { co_return co_await run_pipeline(std::move(input)); }

/// Gives the files of file: URLs.
class LocalFiles final : public ArtifactSource {
 public:
  Task<fs::path> fetch(UrlSpec spec, Deadline) override { return find(std::move(spec)); }
  [[nodiscard]] Result<> may_clone(const std::string&) const override { return ok(); }

 private:
  static Task<fs::path> find(UrlSpec spec) { co_return fs::path(spec.url.substr(std::string("file://").size())); }
};

class LinuxBoards : public ::testing::Test {
 protected:
  void SetUp() override {
    if (firmware().empty()) GTEST_SKIP() << "tests/firmware/linux/build was not run";
  }
  void TearDown() override {
    if (input.board) EXPECT_TRUE(worker.run(input.board->close(Deadline::after(20s))));
  }

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
    auto definition = read_job(job, "job.yaml", diagnostics);
    if (!definition) throw std::runtime_error(diagnostics.to_string());
    input.plan = std::make_shared<Plan>(make_plan(*definition, *type, diagnostics));
    if (diagnostics.has_errors()) throw std::runtime_error(diagnostics.to_string());
    input.definition = std::make_shared<JobDefinition>(*std::move(definition));
    input.artifacts = &artifacts;
    input.sink = &sink;
    input.job_dir = dir.path / "job";
    fs::create_directories(input.job_dir);
    auto out = worker.run(outcome_of(input), 300s).value();
    if (std::getenv("HILLTOP_SHOW_LOG") != nullptr)
      for (const auto& line : sink.lines) std::cerr << to_string(line.level) << ": " << line.text << "\n";
    return out;
  }

  std::vector<std::string> measured() const {
    std::vector<std::string> out;
    for (const auto& one : sink.cases)
      if (one.suite == "lava" && one.measurement) out.push_back(one.name);
    return out;
  }

  test::ScratchDir dir;
  LocalFiles artifacts;
  test::RecordingSink sink;
  std::unique_ptr<boards::ConsoleEngine> engine;
  tests::Worker worker;
  PipelineInput input;
};

TEST_F(LinuxBoards, UbootFetchesAKernelByTftp) {
  const auto out = run("arm64-uboot-01", demo_job("arm64-uboot-tftp.yaml"));
  EXPECT_EQ(out.verdict, Verdict::pass) << out.reason;
  EXPECT_THAT(sink.checks(), ElementsAre("0_shell/kernel=pass", "0_shell/network=pass"));
  EXPECT_THAT(measured(), Contains("boot-stage-kernel"));
}

TEST_F(LinuxBoards, ABoardBootsAfterAPowerCut) {
  const auto out = run("arm64-uboot-01", demo_job("arm64-power-cut.yaml"));
  EXPECT_EQ(out.verdict, Verdict::pass) << out.reason;
  EXPECT_THAT(sink.checks(), Contains("1_after/kept=pass"));
  EXPECT_TRUE(sink.says("cutting the power"));
}

/// The demo job with its tests replaced by a test shell.
std::string with_test_shell(const std::string& name) {
  const auto text = demo_job(name);
  return text.substr(0, text.find("- test:")) +
         "- test:\n    definitions:\n    - from: inline\n      name: smoke\n      path: inline/smoke.yaml\n"
         "      repository:\n        metadata: {format: Lava-Test Test Definition 1.0, name: smoke}\n"
         "        run:\n          steps:\n          - lava-test-case true --shell true\n"
         "          - lava-test-case uname --shell 'uname -s | grep Linux'\n";
}

TEST_F(LinuxBoards, TheTestShellComesInTheRamdisk) {
  const auto out = run("arm64-uboot-01", with_test_shell("arm64-uboot-tftp.yaml"));
  EXPECT_EQ(out.verdict, Verdict::pass) << out.reason;
  EXPECT_THAT(sink.checks(), ElementsAre("0_smoke/true=pass", "0_smoke/uname=pass"));
}

/// A git repository of tests in the manner of the public ones.
void make_repository(tests::Worker& worker, const fs::path& folder) {
  fs::copy(source / "tests/golden/testsuites/public-style", folder, fs::copy_options::recursive);
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"init", "--quiet", "--initial-branch=main"}, {"add", "-A"},
        {"-c", "user.name=t", "-c", "user.email=t@example.org", "commit", "--quiet", "-m", "suites"}}) {
    Command command({"git", "-C", folder.string()});
    command.argv.insert(command.argv.end(), arguments.begin(), arguments.end());
    ASSERT_TRUE(worker.run(run_tool_checked(command, Deadline::after(20s))));
  }
}

TEST_F(LinuxBoards, ARepositoryOfTestsRunsAndItsResultsComeThroughTheKernelsLogToo) {
  make_repository(worker, dir.path / "suites");
  const auto entry = [&](const std::string& name, const std::string& path, const std::string& more) {
    return "    - {name: " + name + ", from: git, repository: 'file://" + (dir.path / "suites").string() +
           "', path: automated/linux/" + path + more + "}\n";
  };
  auto job = with_test_shell("arm64-uboot-tftp.yaml");
  job = job.substr(0, job.find("    - from: inline")) + entry("metrics", "metrics/metrics.yaml", "") +
        entry("steps", "steps/steps.yaml", ", lava-signal: kmsg") +
        entry("selftests", "selftests/selftests.yaml", ", shallow: true");
  const auto out = run("arm64-uboot-01", job);
  EXPECT_EQ(out.verdict, Verdict::pass) << out.reason;
  EXPECT_THAT(sink.checks(), Contains("0_metrics/rounds/round-3=pass"));
  EXPECT_THAT(sink.checks(), Contains("1_steps/subshell=pass"));
  EXPECT_THAT(sink.checks(), Contains("2_selftests/net/Bridge.VLAN=skip"));
  EXPECT_EQ(sink.checks().size(), 12U + 15U + 4U);
}

TEST_F(LinuxBoards, TheTestShellComesOnADriveOfItsOwn) {
  const auto out = run("x86-64-01", with_test_shell("x86-64-disk.yaml"));
  EXPECT_EQ(out.verdict, Verdict::pass) << out.reason;
  EXPECT_THAT(sink.checks(), ElementsAre("0_smoke/true=pass", "0_smoke/uname=pass"));
}

TEST_F(LinuxBoards, APcStartsFromADiskImage) {
  const auto out = run("x86-64-01", demo_job("x86-64-disk.yaml"));
  EXPECT_EQ(out.verdict, Verdict::pass) << out.reason;
  EXPECT_THAT(sink.checks(), ElementsAre("0_shell/root=pass", "0_shell/kernel=pass"));
}

TEST_F(LinuxBoards, SecureBootStartsASignedKernel) {
  const auto out = run("arm64-uefi-01", demo_job("arm64-uefi.yaml"));
  EXPECT_EQ(out.verdict, Verdict::pass) << out.reason;
  EXPECT_THAT(sink.checks(), Contains("0_secure-boot/secure-boot-on=pass"));
}

TEST_F(LinuxBoards, SecureBootRefusesAnAlteredKernel) {
  const auto out = run("arm64-uefi-01", demo_job("arm64-uefi-refused.yaml"));
  EXPECT_EQ(out.verdict, Verdict::pass) << out.reason;
  EXPECT_THAT(sink.checks(), ElementsAre("boot/refused=pass"));
}

TEST_F(LinuxBoards, WithoutSecureBootTheAlteredKernelStarts) {
  const auto out = run("arm64-uefi-02", demo_job("arm64-uefi-off.yaml"));
  EXPECT_EQ(out.verdict, Verdict::pass) << out.reason;
}

/// A job for the PC or the arm64 board whose test runs these steps.
std::string with_steps(const std::string& job, const std::vector<std::string>& steps) {
  auto out = job.substr(0, job.find("- test:")) +
             "- test:\n    definitions:\n    - from: inline\n      name: smoke\n      path: inline/smoke.yaml\n"
             "      repository:\n        metadata: {format: Lava-Test Test Definition 1.0, name: smoke}\n"
             "        run:\n          steps:\n";
  for (const auto& step : steps) out += "          - " + step + "\n";
  return out;
}

TEST_F(LinuxBoards, AKernelFindsTheModulesThatWereAddedToItsRamdisk) {
  const auto modules = source / "build/foreign/linux-image-cloud-arm64-arm64";
  if (!fs::exists(modules)) GTEST_SKIP() << "the kernel's package is not there";
  test::sh(dir.path, "tar -C " + modules.string() + " -cJf modules.tar.xz $(cd " + modules.string() +
                         " && find lib/modules -name dummy.ko)");
  auto job = demo_job("arm64-uboot-tftp.yaml");
  job.insert(job.find("    ramdisk:\n"),
             "    modules: {url: 'file://" + (dir.path / "modules.tar.xz").string() + "', compression: xz}\n");
  const auto out = run("arm64-uboot-01", with_steps(job, {"lava-test-case load --shell 'insmod /lib/modules/$(uname "
                                                          "-r)/kernel/drivers/net/dummy.ko'",
                                                          "lava-test-case card --shell 'ip link show dummy0'",
                                                          "lava-test-case others --shell modprobe ext4"}));
  EXPECT_EQ(out.verdict, Verdict::pass) << out.reason;
  EXPECT_THAT(sink.checks(), ElementsAre("0_smoke/load=pass", "0_smoke/card=pass", "0_smoke/others=pass"));
}

TEST_F(LinuxBoards, ADiskImageHasTheJobsFilesAndTheTestShell) {
  test::sh(dir.path,
           "mkdir -p t/opt/tool && echo 'echo it runs' > t/opt/tool/run && chmod 755 t/opt/tool/run && "
           "tar -C t -czf tool.tar.gz opt && echo edited > motd");
  const auto from = [this](const std::string& name) { return "{url: 'file://" + (dir.path / name).string() + "', "; };
  auto job = demo_job("x86-64-disk.yaml");
  job.insert(job.find("- boot:"),
             "        format: ext4\n        overlays:\n          lava: true\n          tool: " + from("tool.tar.gz") +
                 "compression: gz, format: tar, path: /}\n          motd: " + from("motd") +
                 "format: file, path: /etc/motd}\n");
  const auto out =
      run("x86-64-01", with_steps(job, {"lava-test-case tool --shell '/opt/tool/run | grep \"it runs\"'",
                                        "lava-test-case motd --shell grep -x edited /etc/motd",
                                        "lava-test-case root --shell 'mount | grep \"^/dev/vda on / type ext4\"'"}));
  EXPECT_EQ(out.verdict, Verdict::pass) << out.reason;
  EXPECT_THAT(sink.checks(), ElementsAre("0_smoke/tool=pass", "0_smoke/motd=pass", "0_smoke/root=pass"));
}

}  // namespace
}  // namespace hilltop::jobs
