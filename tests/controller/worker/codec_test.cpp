// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <set>

#include "controller/worker/base64.hpp"
#include "controller/worker/worker_link.hpp"

namespace hilltop::controller {
namespace {

const std::string every_byte = [] {
  std::string out;
  for (int i = 0; i < 256; ++i) out += static_cast<char>(i);
  return out;
}();

jobs::TestCase sample_case() {
  jobs::TestCase out;
  out.suite = "s";
  out.name = every_byte;
  out.result = jobs::CaseResult::skip;
  out.measurement = 1.25;
  out.units = "ms";
  out.line = 17;
  out.message = "why";
  return out;
}

const std::vector<WorkerCommand> commands = {
    RunJob{7, "b", "text: \xff", "f.yaml"},
    CancelJob{8, "canceled by ann"},
    PowerCommand{"b", "cycle"},
    ResetCommand{"b", "soft"},
    FlashCommand{"b", {"/a", "/b"}},
    CleanBoard{"b"},
    ConsoleRead{"b", "main", UINT64_MAX, 4096, 250, true},
    ConsoleWrite{"b", "uart1", every_byte, "web-7"},
    ConsoleClaim{"b", "main", "web-7", "ann", "web", true},
    ConsoleRelease{"b", "main", "web-7"},
    ConsoleExport{"b", "main", "rfc2217", "127.0.0.1", 2001, "ann"},
    ConsoleUnexport{"b"},
    TranscriptList{"b"},
    TranscriptFind{"b", "main", UtcTime(7us)},
    TranscriptPageRead{"b", "main", 1, 2, 3, false},
    TranscriptGrep{4, {"b"}, "main", "kernel", "pa\xffnic", {"linux"}, UtcTime(7us), UtcTime(8us)},
    ConsoleCounters{},
    DiscoverHardware{},
    CheckHardware{},
    IdentifyBoard{"b"},
    ApplyInventory{"lab: x\n", "/etc/lab.yaml", {"b1", "b2"}},
};

const std::vector<WorkerEvent> events = {
    JobLogged{7, 3, {{UtcTime(std::chrono::microseconds(5)), jobs::LogLevel::target, every_byte, "ns"}, {}}},
    JobResult{7, sample_case()},
    JobAction{7, "2.1", "auto-login-action", true, true, 0.5},
    JobFinished{7, {jobs::Verdict::fail, Blame::dut, "panic", true, true}},
    JobFinished{8, {jobs::Verdict::pass, std::nullopt, "", false, false}},
    BoardStatus{"b",
                "on",
                {"main"},
                {"power", "flash"},
                "no such port",
                {{"main", "web-7", "ann", "web", UtcTime(std::chrono::microseconds(5))}},
                {{"main", "raw", "127.0.0.1:2001", "ann"}}},
    BoardLost{"b", "QEMU died"},
    FlashProgressed{"b", 10, 20},
    BoardFault{"b", "main", "kernel", "linux-panic", "kernel panic", "Kernel \xff panic", 99, 3},
};

/// Through text and back, and to text again: what is lost on the way shows.
template <class Message, class Decode>
void expect_round_trip(const Message& message, Decode decode) {
  const auto text = to_json(message).dump();
  const auto back = decode(nlohmann::json::parse(text));
  ASSERT_TRUE(back) << text << ": " << back.error().text;
  EXPECT_EQ(back->index(), message.index());
  EXPECT_EQ(to_json(*back).dump(), text);
}

TEST(WorkerCodec, EveryCommandSurvives) {
  std::set<std::size_t> kinds;
  for (const auto& command : commands) {
    expect_round_trip(command, &worker_command_from);
    kinds.insert(command.index());
  }
  EXPECT_EQ(kinds.size(), std::variant_size_v<WorkerCommand>) << "a command has no sample";
}

TEST(WorkerCodec, EveryEventSurvives) {
  std::set<std::size_t> kinds;
  for (const auto& event : events) {
    expect_round_trip(event, &worker_event_from);
    kinds.insert(event.index());
  }
  EXPECT_EQ(kinds.size(), std::variant_size_v<WorkerEvent>) << "an event has no sample";
}

TEST(WorkerCodec, FieldsArriveAsTheyWere) {
  const auto write = worker_command_from(to_json(WorkerCommand(ConsoleWrite{"b", "main", every_byte})));
  EXPECT_EQ(std::get<ConsoleWrite>(*write).bytes, every_byte);
  const auto read = worker_command_from(to_json(WorkerCommand(ConsoleRead{"b", "main", UINT64_MAX, 1, 2, true})));
  EXPECT_EQ(std::get<ConsoleRead>(*read).from, UINT64_MAX);
  const auto result = worker_event_from(to_json(WorkerEvent(JobResult{7, sample_case()})));
  EXPECT_EQ(std::get<JobResult>(*result).test_case.name, every_byte);
  EXPECT_EQ(std::get<JobResult>(*result).test_case.measurement, 1.25);
  EXPECT_FALSE(std::get<JobResult>(*result).test_case.duration_s);
}

TEST(WorkerCodec, RepliesSurvive) {
  const WorkerReply reply{"on", 12, 3, every_byte, UtcTime(std::chrono::microseconds(99))};
  const auto back = worker_reply_from(to_json(reply));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->bytes, every_byte);
  EXPECT_EQ(back->time, reply.time);
  EXPECT_EQ(to_json(*back), to_json(reply));
}

TEST(WorkerCodec, RefusesWhatItDoesNotKnow) {
  EXPECT_FALSE(worker_command_from({{"kind", "explode"}}));
  EXPECT_FALSE(worker_command_from(nlohmann::json::array()));
  auto text = to_json(WorkerCommand(RunJob{7, "b", "d", "f"}));
  text.erase("board");
  const auto missing = worker_command_from(text);
  ASSERT_FALSE(missing);
  EXPECT_NE(missing.error().text.find("board"), std::string::npos);
  text["board"] = 5;
  EXPECT_FALSE(worker_command_from(text));
}

TEST(Base64, IsThatOfRfc4648) {
  EXPECT_EQ(to_base64(""), "");
  EXPECT_EQ(to_base64("f"), "Zg==");
  EXPECT_EQ(to_base64("fo"), "Zm8=");
  EXPECT_EQ(to_base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(from_base64("Zm9vYmFy"), "foobar");
  EXPECT_FALSE(from_base64("Zm9v!"));
  EXPECT_EQ(from_base64(to_base64(every_byte)), every_byte);
}

}  // namespace
}  // namespace hilltop::controller
