// SPDX-License-Identifier: Apache-2.0
// discover, board add, board prove and lab doctor against a server with a board whose power, bus and console are
// written here.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <sstream>

#include "tests/web/cli/scratch.hpp"
#include "tests/web/cli/stub_server.hpp"
#include "web/cli/board_proof.hpp"
#include "web/cli/program.hpp"

namespace hilltop::cli {
namespace {

using test::StubServer;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

/// A board on the bus: what is switched is seen, unless one of its faults is set.
struct Bench {
  std::atomic<bool> on{true};
  std::atomic<unsigned> bytes{100};
  std::atomic<bool> stuck_on{false};  ///< its outlet feeds something else: it runs on
  std::atomic<bool> mute{false};      ///< its console says nothing
  std::atomic<bool> on_bus{true};     ///< its probe is fed by the board
  std::atomic<bool> has_probe{true};
  std::atomic<bool> in_lab{true};
};

class HardwareCommands : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"HILLTOP_URL", "HILLTOP_TOKEN", "HILLTOP_CA_FILE"}) unsetenv(name);
    setenv("XDG_CONFIG_HOME", scratch_.path.c_str(), 1);
    auto& answers = server_.answers;
    answers["GET /discover"] = [this](const web::Request&) { return StubServer::json(discovery()); };
    answers["POST /boards/k-01/power"] = [this](const web::Request& request) {
      const bool wanted = request.body.find("\"on\"") != std::string::npos;
      if (wanted && !bench_.on && !bench_.mute) bench_.bytes += 50;
      bench_.on = wanted;
      return StubServer::json(wanted ? R"({"power":"on"})" : R"({"power":"off"})");
    };
    answers["POST /boards/k-01/reset"] = [this](const web::Request&) {
      if (!bench_.mute) bench_.bytes += 10;
      return StubServer::json("{}");
    };
    answers["POST /boards/k-01/identify"] = [this](const web::Request& request) {
      EXPECT_EQ(request.body, "") << "the server takes none here";
      if (bench_.has_probe)
        return StubServer::json(R"({"name":"DAPLink","serial":"0240","firmware":"1","target":"dpidr 0x2ba01477"})");
      return web::Response(422, "application/problem+json",
                           R"({"detail":"board k-01 has no probe","code":"unsupported","blame":"configuration"})");
    };
    answers["GET /boards/k-01/console"] = [this](const web::Request&) {
      if (bench_.stuck_on) ++bench_.bytes;
      web::Response out(200, "application/octet-stream", "");
      out.headers.emplace_back("X-Hilltop-End", std::to_string(bench_.bytes.load()));
      return out;
    };
    answers["GET /boards/k-01"] = StubServer::says(R"({"name":"k-01","state":"idle","problem":""})");
    answers["GET /lab"] = StubServer::says("lab: l  # ours\nboards:\n  a: {type: x}\n");
    answers["PUT /lab"] = StubServer::says(R"({"added":["k-01"],"removed":[],"changed":[]})");
    answers["GET /lab/doctor"] = StubServer::says(
        R"({"checks":[{"state":"good","subject":"tool openocd","detail":"0.12","fix":""},
                      {"state":"bad","subject":"board k-01: console","detail":"/dev/x is not there","fix":"plug it in"}]})");
    server_.start();
  }
  void TearDown() override { unsetenv("XDG_CONFIG_HOME"); }

  std::string discovery() {
    if (bench_.on_bus && !bench_.on && !bench_.stuck_on) return R"({"devices":[],"ports":[]})";
    const std::string claims = bench_.in_lab ? R"([{"board":"k-01","role":"flash","by":"serial 0240"}])" : "[]";
    const std::string stanza =
        bench_.in_lab
            ? ""
            : R"(  k-01:\n    type: frdm-k64f  # sure\n    console: {driver: tty, path: /dev/x}\n    # power: an outlet\n)";
    return R"j({"devices":[{"path":"1-1.4","id":"0d28:0204","name":"DAPLink","serial":"0240","speed":"12 Mbit/s",
      "kind":"debug probe (CMSIS-DAP)","usable":true,"hub_ports":0,"nodes":[{"path":"/dev/ttyACM0"}],
      "guesses":[{"type":"frdm-k64f","because":"its number","weight":100}],"claims":)j" +
           claims + R"j(,"stanza":")j" + stanza + R"j("}],"ports":[{"path":"/dev/ttyS0","claims":[]}]})j";
  }
  int ask(std::vector<std::string> words) {
    words.insert(words.end(), {"--server", server_.url(), "--token", "secret"});
    out_.str("");
    err_.str("");
    std::istringstream in;
    Context context(out_, err_, in, places_of("/nowhere/bin/hilltop", HILLTOP_SOURCE_DIR, "1.2.3"));
    return cli::run(context, std::move(words));
  }
  std::vector<ProofStep> prove() {
    Api api(Target{.server = server_.url(), .token = "secret"});
    return prove_board(api, "k-01", {}, {.leave = 400ms, .come_back = 400ms, .speak = 400ms, .silence = 50ms});
  }

  Bench bench_;
  test::Scratch scratch_;
  StubServer server_;
  std::ostringstream out_, err_;
};

using State = ProofStep::State;

TEST_F(HardwareCommands, discover_lists_devices_and_who_has_them) {
  ASSERT_EQ(ask({"discover"}), 0) << err_.str();
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("1-1.4"), HasSubstr("0d28:0204"), HasSubstr("frdm-k64f"),
                                HasSubstr("k-01 (flash)"), HasSubstr("/dev/ttyS0")));
  EXPECT_THAT(out_.str(), Not(HasSubstr("Not yet in the lab file")));
  bench_.in_lab = false;
  ASSERT_EQ(ask({"discover"}), 0);
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("Not yet in the lab file"), HasSubstr("  k-01:\n    type: frdm-k64f")));
}

TEST_F(HardwareCommands, board_add_writes_what_was_discovered_and_proves_it) {
  bench_.in_lab = false;
  ASSERT_EQ(ask({"board", "add", "--device", "1-1.4", "--power", "driver: p, outlet: 3", "--no-proof"}), 0)
      << err_.str();
  const auto asked = server_.asked();
  const auto put = std::ranges::find_if(asked, [](const auto& one) { return one.starts_with("PUT /lab"); });
  ASSERT_NE(put, asked.end());
  EXPECT_THAT(*put, HasSubstr("lab: l  # ours\nboards:\n  a: {type: x}\n  k-01:\n    type: frdm-k64f"));
  EXPECT_THAT(*put, HasSubstr("    power: {driver: p, outlet: 3}\n"));
  EXPECT_THAT(*put, Not(HasSubstr("# power: an outlet")));
}

TEST_F(HardwareCommands, board_add_refuses_what_a_board_has_and_what_is_not_there) {
  EXPECT_EQ(ask({"board", "add", "--device", "1-1.4"}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("1-1.4 is board k-01's already"));
  EXPECT_EQ(ask({"board", "add", "--device", "1-1.5"}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("did you mean '1-1.4'?"));
  EXPECT_EQ(ask({"board", "add", "new"}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("--type"));
}

TEST_F(HardwareCommands, a_board_that_does_all_is_proved) {
  const auto steps = prove();
  ASSERT_EQ(steps.size(), 4U);
  for (const auto& step : steps) EXPECT_EQ(step.state, State::proved) << step.what << ": " << step.detail;
  EXPECT_EQ(steps[0].detail, "1-1.4 left the bus, read back: off");
  EXPECT_EQ(steps[1].detail, "1-1.4 is back on the bus, the console has said 50 bytes");
  EXPECT_EQ(steps[2].detail, "the console has said 10 bytes");
  EXPECT_THAT(steps[3].detail, AllOf(HasSubstr("DAPLink"), HasSubstr("dpidr 0x2ba01477")));
}

TEST_F(HardwareCommands, a_board_that_runs_on_without_power_fails) {
  bench_.stuck_on = true;
  const auto steps = prove();
  ASSERT_EQ(steps.size(), 1U);
  EXPECT_EQ(steps[0].state, State::failed);
  EXPECT_THAT(steps[0].detail, HasSubstr("another board's outlet"));
}

TEST_F(HardwareCommands, a_silent_board_is_not_proved_and_not_failed) {
  bench_.mute = true;
  bench_.on_bus = false;  // its probe has power of its own
  bench_.has_probe = false;
  const auto steps = prove();
  ASSERT_EQ(steps.size(), 4U);
  EXPECT_EQ(steps[0].state, State::unproved);
  EXPECT_THAT(steps[0].detail, HasSubstr("read back: off, which is the unit's word alone"));  // hubs that only say so
  EXPECT_EQ(steps[1].state, State::unproved);
  EXPECT_EQ(steps[2].state, State::unproved);
  EXPECT_EQ(steps[3].state, State::unproved);
  EXPECT_EQ(steps[3].detail, "board k-01 has no probe");
}

TEST_F(HardwareCommands, a_board_that_is_off_is_switched_on_first) {
  bench_.on = false;
  server_.answers["GET /boards/k-01"] = [this](const web::Request&) {
    return StubServer::json(bench_.on ? R"({"name":"k-01","power":"on"})" : R"({"name":"k-01","power":"off"})");
  };
  const auto steps = prove();
  ASSERT_EQ(steps.size(), 4U);
  EXPECT_EQ(steps[0].state, State::proved);
  EXPECT_EQ(steps[0].detail, "1-1.4 left the bus, read back: off");
}

TEST_F(HardwareCommands, lab_doctor_says_what_to_do) {
  EXPECT_EQ(ask({"lab", "doctor"}), 2);
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("board k-01: console"), HasSubstr("plug it in"), HasSubstr("tool openocd")));
}

TEST_F(HardwareCommands, lab_import_needs_no_server) {
  const auto file = scratch_.write("pdudaemon.conf", R"({"pdus":{},"aliases":{"b":{"hostname":"h","port":1}}})");
  std::istringstream in;
  Context context(out_, err_, in, places_of("/nowhere/bin/hilltop", HILLTOP_SOURCE_DIR, "1.2.3"));
  EXPECT_EQ(cli::run(context, {"lab", "import", file, "--name", "ours"}), 0) << err_.str();
  EXPECT_THAT(out_.str(), AllOf(HasSubstr("lab: ours\n"), HasSubstr("  b:\n"), HasSubstr("driver: pdudaemon")));
  const auto out = (scratch_.path / "lab.yaml").string();
  Context again(out_, err_, in, places_of("/nowhere/bin/hilltop", HILLTOP_SOURCE_DIR, "1.2.3"));
  EXPECT_EQ(cli::run(again, {"lab", "import", file, "--out", out}), 0);
  EXPECT_EQ(cli::run(again, {"lab", "import", file, "--out", out}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("it is not written over"));
}

}  // namespace
}  // namespace hilltop::cli
