// SPDX-License-Identifier: Apache-2.0
// What a board is served while its job runs: curl fetches it as the board would.
#include <gmock/gmock.h>

#include <fstream>

#include "tests/jobs/testshell/shell_bench.hpp"
#include "tests/support/served_bench.hpp"
#include "tests/support/uboot_board.hpp"

namespace hilltop::jobs {
namespace {

using test::LoopbackServer;
using test::UbootBench;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

std::string read(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// A real board with U-Boot: what it is told to fetch by TFTP it fetches from the lab's boot server.
class RealUboot : public UbootBench {
 public:
  RealUboot() : server(*this) {
    board->lent_to = nullptr;
    scripted_ = board->main->on_typed;
    board->main->on_typed = [this](const std::string& line) {
      if (!line.starts_with("tftpboot ")) return scripted_(line);
      const auto name = line.substr(line.rfind(' ') + 1);
      const auto to = dir.path / ("fetched-" + std::to_string(fetched.size()));
      fetched.push_back({name, to});
      board->main->say(line + "\r\n");
      server.fetch(server.tftp_url(name), to, [this](int status) {
        board->main->say(status == 0 ? "Bytes transferred = 100\r\n=> " : "TFTP error: 'not served' (1)\r\n=> ");
      });
    };
  }
  struct Fetched {
    std::string name;
    std::filesystem::path to;
  };
  std::vector<Fetched> fetched;
  LoopbackServer server;

 private:
  std::function<void(const std::string&)> scripted_;
};

TEST(ServingARealBoard, ItFetchesWhatTheJobDeployedAndNothingOutlivesTheJob) {
  RealUboot bench;
  const auto out = bench.run(UbootBench::deploy + UbootBench::boot());
  EXPECT_EQ(out.verdict, Verdict::pass) << out.reason;
  ASSERT_EQ(bench.fetched.size(), 2U);
  EXPECT_EQ(read(bench.fetched[0].to), std::string(100, 'k'));
  EXPECT_THAT(read(bench.fetched[1].to), StartsWith("070701"));
  EXPECT_THAT(bench.board->main->typed, Contains("setenv serverip 127.0.0.1"));
  EXPECT_THAT(bench.sink.texts(LogLevel::info),
              Contains(StartsWith("tftp: the board fetched kernel/Image: 100 bytes")));
  EXPECT_NE(bench.server.fetch_now(bench.server.tftp_url(bench.fetched[0].name), bench.dir.path / "later"), 0);
}

TEST(ServingARealBoard, WhatItAsksForInVainIsInTheLog) {
  RealUboot bench;
  const auto out = bench.run(std::string(UbootBench::deploy) +
                             UbootBench::boot("    commands: ['tftpboot 0x1 other/Image', boot]\n"));
  EXPECT_EQ(out.verdict, Verdict::incomplete);
  EXPECT_THAT(out.reason, HasSubstr("TFTP error"));
  EXPECT_THAT(bench.sink.texts(LogLevel::warning),
              Contains(StartsWith("tftp: the board asked in vain for other/Image")));
}

TEST(ServingARealBoard, WithoutAnAddressItIsTheLabsFault) {
  UbootBench bench;
  bench.board->lent_to = nullptr;
  const auto out = bench.run(UbootBench::deploy + UbootBench::boot());
  EXPECT_EQ(out.verdict, Verdict::incomplete);
  EXPECT_EQ(out.blame, Blame::configuration);
  EXPECT_THAT(out.reason, HasSubstr("this lab has no boot server"));
}

/// A board whose system is a real shell: it fetches the overlay with curl, unpacks and runs it.
class FetchingBoard : public test::PipelineBench {
 public:
  explicit FetchingBoard(bool emulated) : server(*this, !emulated) {
    board->own_type().deploy_methods = {"overlay"};
    board->own_type().flash = {};
    if (emulated) board->lent_to = &lent;
    board->on_start = [this](int) {
      shell.reset();
      // What QEMU's guestfwd does with the port, the board of this test does itself.
      if (!lent.last.forwards.empty()) dir.write("port", std::to_string(lent.last.forwards[0].host_port));
      shell = std::make_unique<test::PtyShell>(io, board->main, std::vector<std::string>{"dash", "-i"});
    };
  }
  ~FetchingBoard() { shell.reset(); }

  Outcome run_tests(const std::string& download, const std::string& unpack = "tar --no-same-owner -C / -xzf") {
    const auto root = dir.path.string();
    return run(
        "- deploy: {to: overlay}\n- boot:\n    method: minimal\n    prompts: ['board:# ']\n    timeout: {seconds: 10}\n"
        "    transfer_overlay: {download_command: 'cd " +
            root + "; " + download + "', unpack_command: '" + unpack +
            "'}\n"
            "- test:\n    timeout: {seconds: 10}\n    definitions:\n    - name: a\n      path: a.yaml\n      from: "
            "inline\n"
            "      repository:\n        metadata: {name: a, format: Lava-Test Test Definition 1.0}\n"
            "        run: {steps: [lava-test-case yes --shell true]}\n",
        {}, "context: {lava_test_results_dir: " + root + "/lava-%s}\n");
  }

  test::RecordingBootFiles lent;
  LoopbackServer server;
  std::unique_ptr<test::PtyShell> shell;
};

TEST(TransferOverlay, ARealBoardFetchesItOverHttpAndRunsIt) {
  FetchingBoard bench(false);
  const auto out = bench.run_tests("curl -sSfO");
  EXPECT_EQ(out.verdict, Verdict::pass) << out.reason;
  EXPECT_THAT(bench.sink.checks(), Contains("0_a/yes=pass"));
  EXPECT_THAT(bench.sink.texts(LogLevel::info), Contains(StartsWith("http: the board fetched /overlay-42-")));
  EXPECT_TRUE(std::ranges::any_of(bench.sink.actions,
                                  [](const auto& one) { return one.name == "overlay-transfer" && one.ok; }));
}

TEST(TransferOverlay, AnEmulatedBoardIsLedToAPortOfItsOwn) {
  FetchingBoard bench(true);
  const auto out = bench.run_tests("get() { curl -sSfO --connect-to 10.0.2.100:80:127.0.0.1:$(cat port) $1; }; get");
  EXPECT_EQ(out.verdict, Verdict::pass) << out.reason;
  ASSERT_EQ(bench.lent.last.forwards.size(), 1U);
  EXPECT_EQ(bench.lent.last.forwards[0].guest_port, 80);
  const auto port = std::to_string(bench.lent.last.forwards[0].host_port);
  EXPECT_NE(bench.server.fetch_now("http://127.0.0.1:" + port + "/", bench.dir.path / "later"), 0) << "it is closed";
}

TEST(TransferOverlay, ADownloadThatFailsSaysWhatTheServerSaw) {
  FetchingBoard bench(false);
  auto out = bench.run_tests("false");
  EXPECT_EQ(out.verdict, Verdict::incomplete);
  EXPECT_EQ(out.blame, Blame::dut);
  EXPECT_THAT(out.reason, AllOf(HasSubstr("could not fetch the test shell's files"), HasSubstr("ended with status 1"),
                                HasSubstr("it asked for nothing at http://127.0.0.1:")));
}

TEST(TransferOverlay, AnUnpackerThatFailsIsSaid) {
  FetchingBoard bench(false);
  const auto out = bench.run_tests("curl -sSfO", "gunzip -t /nowhere");
  EXPECT_EQ(out.verdict, Verdict::incomplete);
  EXPECT_THAT(out.reason,
              HasSubstr("could not unpack the test shell's files: 'gunzip -t /nowhere' ended with status 1"));
}

}  // namespace
}  // namespace hilltop::jobs
