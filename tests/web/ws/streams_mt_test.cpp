// SPDX-License-Identifier: Apache-2.0
#include "web/ws/streams.hpp"

#include "tests/web/web_fixture.hpp"

namespace hilltop::web::testing {
namespace {

using nlohmann::json;
using Kind = WsMessage::Kind;

class StreamTest : public WebFixture {
 protected:
  void happen(int n) {
    on_control([this, n] {
      for (int i = 0; i < n; ++i) farm_->happen("job.state", "1", "{\"state\":\"running\"}");
      return true;
    });
  }
  std::uint64_t next_seq(WsClient& socket) { return json::parse(next(socket).data, nullptr, false).value("seq", 0ULL); }
  /// All console bytes until `n` of them have come; gaps are noted as "[from-to]".
  std::string console_bytes(WsClient& socket, std::size_t n) {
    std::string out;
    while (out.size() < n) {
      const auto message = next(socket);
      if (message.kind != Kind::binary) return out + "|" + message.data;
      out += message.data;
    }
    return out;
  }
};

TEST_F(StreamTest, EventsCatchUpAndGoOnWithoutLossOrDouble) {
  happen(1200);
  auto socket = open_socket("viewer", "/api/v1/events/ws?after=100");
  ASSERT_TRUE(socket.has_value()) << socket.error().text;
  happen(300);
  for (std::uint64_t seq = 101; seq <= 1500; ++seq) ASSERT_EQ(next_seq(**socket), seq);
  happen(1);
  EXPECT_EQ(next_seq(**socket), 1501u);
}

TEST_F(StreamTest, AReaderThatFellBehindReadsTheStore) {
  auto socket = open_socket("viewer", "/api/v1/events/ws?after=0");
  ASSERT_TRUE(socket.has_value());
  const std::string big(2000, 'x');
  constexpr int events = 2500;  // 5 MB: when the socket is full, more are left than the feed keeps
  on_control([&] {
    for (int i = 0; i < events; ++i) farm_->happen("job.state", "1", "\"" + big + "\"");
    return true;
  });
  for (std::uint64_t seq = 1; seq <= events; ++seq) ASSERT_EQ(next_seq(**socket), seq);
}

TEST_F(StreamTest, WithoutACursorEventsBeginNow) {
  happen(3);
  auto socket = open_socket("viewer", "/api/v1/events/ws");
  ASSERT_TRUE(socket.has_value());
  // It begins somewhere between its opening and now: poke until the first one comes, then they are gapless.
  std::uint64_t first = 0;
  while (first == 0) {
    happen(1);
    const auto message = (*socket)->next(Deadline::after(50ms));
    ASSERT_TRUE(message.has_value());
    if (message->kind == Kind::text) first = json::parse(message->data)["seq"];
  }
  EXPECT_GT(first, 3u);
  happen(1);
  EXPECT_EQ(next_seq(**socket), first + 1);
}

TEST_F(StreamTest, AStreamNeedsAToken) {
  const auto none = open_socket("", "/api/v1/events/ws");
  ASSERT_FALSE(none.has_value());
  EXPECT_EQ(none.error().code, Errc::denied);
  EXPECT_TRUE(open_socket("", "/api/v1/events/ws?token=viewer").has_value());
  ClientOptions browser;
  browser.headers.emplace_back("Sec-WebSocket-Protocol", "hilltop, hilltop.token.viewer");
  EXPECT_TRUE(WsClient::connect(url(), "/api/v1/events/ws", browser, soon()).has_value());
  EXPECT_EQ(ask("viewer", "GET", "/api/v1/events/ws").status, 426u);
}

TEST_F(StreamTest, TheLogIsFollowedFromALineToItsEnd) {
  const auto job = on_control([this] {
    const auto id = farm_->add_job("ann");
    farm_->write_log(id, "{\"n\":1}\n{\"n\":2}\n");
    return id;
  });
  auto socket = open_socket("viewer", "/api/v1/jobs/" + std::to_string(job) + "/log/ws?from=2");
  ASSERT_TRUE(socket.has_value());
  std::string all = next(**socket).data;
  EXPECT_EQ(all, "{\"n\":2}");
  for (int n = 3; n < 200; ++n)
    on_control([&] {
      const auto line = "{\"n\":" + std::to_string(n) + "}\n";
      farm_->write_log(job, line.substr(0, 3));  // never half a line
      farm_->write_log(job, line.substr(3));
      return true;
    });
  on_control([&] {
    farm_->complete_log(job);
    return true;
  });
  std::string wanted = "{\"n\":2}";
  for (int n = 3; n < 200; ++n) wanted += "\n{\"n\":" + std::to_string(n) + "}";
  wanted += "\n{\"end\":true}";
  while (all.size() < wanted.size()) {
    const auto message = next(**socket);
    ASSERT_EQ(message.kind, Kind::text);
    all += "\n" + message.data;
  }
  EXPECT_EQ(all, wanted);
  EXPECT_EQ(next(**socket).kind, Kind::closed);
}

TEST_F(StreamTest, ALogThatIsNotThereYetIsWaitedFor) {
  const auto job = on_control([this] { return farm_->add_job("ann"); });
  auto socket = open_socket("viewer", "/api/v1/jobs/" + std::to_string(job) + "/log/ws");
  ASSERT_TRUE(socket.has_value());
  on_control([&] {
    farm_->write_log(job, "{\"n\":1}\n");
    return true;
  });
  EXPECT_EQ(next(**socket).data, "{\"n\":1}");
}

TEST_F(StreamTest, AFollowerThatLeavesIsForgotten) {
  const auto job = on_control([this] { return farm_->add_job("ann"); });
  auto socket = open_socket("viewer", "/api/v1/jobs/" + std::to_string(job) + "/log/ws");
  ASSERT_TRUE(socket.has_value());
  while (on_control([this] { return farm_->followers.size(); }) == 0) std::this_thread::yield();
  (*socket)->close(soon());
  while (on_control([this] { return farm_->followers.size(); }) != 0) std::this_thread::yield();
}

TEST_F(StreamTest, TheConsoleIsByteExact) {
  std::string sent;
  for (int i = 0; i < 300000; ++i) sent += static_cast<char>(i * 131 >> 3);
  auto socket = open_socket("viewer", "/api/v1/boards/qemu-1/console/ws?from=0");
  ASSERT_TRUE(socket.has_value());
  EXPECT_EQ(next(**socket).data, R"({"offset":0})");
  for (std::size_t at = 0; at < sent.size(); at += 7001)
    on_control([&] {
      farm_->link.say(std::string_view(sent).substr(at, 7001));
      return true;
    });
  EXPECT_TRUE(console_bytes(**socket, sent.size()) == sent);
}

TEST_F(StreamTest, WhatLiesInThePastComesFromTheTranscript) {
  on_control([this] {
    farm_->link.keep_last(100);  // in memory; the transcript has it all
    farm_->link.say(std::string(400'000, 'a'));
    return true;
  });
  auto socket = open_socket("viewer", "/api/v1/boards/qemu-1/console/ws?from=10");
  ASSERT_TRUE(socket.has_value());
  EXPECT_EQ(next(**socket).data, R"({"offset":10})");
  on_control([this] {
    farm_->link.say("bcd");
    return true;
  });
  EXPECT_EQ(console_bytes(**socket, 399'993), std::string(399'990, 'a') + "bcd");
}

TEST_F(StreamTest, WhatTheTranscriptHasDeletedIsAGap) {
  on_control([this] {
    farm_->link.say(std::string(1000, 'a'));
    farm_->link.delete_before(600);
    return true;
  });
  auto socket = open_socket("viewer", "/api/v1/boards/qemu-1/console/ws?from=10");
  ASSERT_TRUE(socket.has_value());
  EXPECT_EQ(next(**socket).data, R"({"offset":10})");
  EXPECT_EQ(next(**socket).data, R"({"gap":{"bytes":590,"from":10,"to":600}})");
  EXPECT_EQ(console_bytes(**socket, 400), std::string(400, 'a'));
}

TEST_F(StreamTest, AViewMayBeginAtATime) {
  on_control([this] {
    farm_->link.say("long ago, just now");
    farm_->link.others = [](WorkerCommand command) -> Task<WorkerReply> {
      WorkerReply reply;
      if (std::holds_alternative<controller::TranscriptFind>(command)) reply.offset = 10;
      co_return reply;
    };
    return true;
  });
  auto socket = open_socket("viewer", "/api/v1/boards/qemu-1/console/ws?since=10m");
  ASSERT_TRUE(socket.has_value());
  EXPECT_EQ(next(**socket).data, R"({"offset":10})");
  EXPECT_EQ(console_bytes(**socket, 8), "just now");
  for (const auto* wrong : {"since=then", "since=10m&from=4"})
    EXPECT_FALSE(open_socket("viewer", std::string("/api/v1/boards/qemu-1/console/ws?") + wrong).has_value()) << wrong;
  on_control([this] {
    farm_->link.others = nullptr;
    return true;
  });
}

TEST_F(StreamTest, ManyWhoLookAtAConsoleReadItOnce) {
  std::vector<std::unique_ptr<WsClient>> sockets;
  for (int i = 0; i < 20; ++i) {
    auto socket = open_socket("viewer", "/api/v1/boards/qemu-1/console/ws");
    ASSERT_TRUE(socket.has_value());
    EXPECT_EQ(next(**socket).data, R"({"offset":0})");
    sockets.push_back(*std::move(socket));
  }
  for (int i = 0; i < 10; ++i) {
    on_control([this] {
      farm_->link.say("0123456789");
      return true;
    });
    for (auto& socket : sockets) EXPECT_EQ(console_bytes(*socket, 10), "0123456789");
  }
  // Of two I/O threads, each for itself: the first word, ten frames, and one that waits.
  EXPECT_LE(on_control([this] { return farm_->link.console_reads; }), 2U * 12);
}

TEST_F(StreamTest, AConsoleThatTalksOnAndOnComesInFrames) {
  auto socket = open_socket("viewer", "/api/v1/boards/qemu-1/console/ws");
  ASSERT_TRUE(socket.has_value());
  EXPECT_EQ(next(**socket).data, R"({"offset":0})");
  const auto begin = std::chrono::steady_clock::now();
  std::size_t bytes = 0;
  std::chrono::milliseconds::rep frames = 0;
  while (std::chrono::steady_clock::now() - begin < 200ms || bytes == 0) {
    on_control([this] {
      farm_->link.say("x");
      return true;
    });
    const auto message = (*socket)->next(Deadline::after(1ms));
    ASSERT_TRUE(message.has_value());
    if (message->kind != Kind::binary) continue;
    bytes += message->data.size();
    ++frames;
  }
  const auto lasted = std::chrono::ceil<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin).count();
  EXPECT_LE(frames, lasted / 16 + 1);
}

TEST_F(StreamTest, WhoeverTakesTheConsoleOverIsNamed) {
  auto socket = open_socket("technician", "/api/v1/boards/qemu-1/console/ws?write=1");
  ASSERT_TRUE(socket.has_value());
  EXPECT_EQ(next(**socket).data, R"({"offset":0})");
  on_control([this] {
    auto& board = farm_->board_views["qemu-1"];
    board.writers = {{board.consoles.front(), "web-2", "tom", "web", utc_now()}};
    farm_->happen("board.console", "qemu-1");
    return true;
  });
  EXPECT_EQ(json::parse(next(**socket).data, nullptr, false).value("end", ""), "tom has taken the console over");
  EXPECT_EQ(next(**socket).kind, Kind::closed);
}

TEST_F(StreamTest, OnlyTheSameClientTakesOverUnasked) {
  std::vector<controller::ConsoleClaim> claims;
  on_control([&] {
    farm_->link.others = [&](WorkerCommand command) -> Task<WorkerReply> {
      if (const auto* claim = std::get_if<controller::ConsoleClaim>(&command)) {
        auto& board = farm_->board_views["qemu-1"];
        if (!board.writers.empty() && !claim->take) co_return Error(Errc::busy, Blame::job, "technician types there");
        board.writers = {{claim->console, claim->writer, claim->name, claim->from, utc_now()}};
        claims.push_back(*claim);
      }
      co_return WorkerReply{};
    };
    return true;
  });
  const std::string target = "/api/v1/boards/qemu-1/console/ws?write=1";
  const auto begins = [&](const std::string& more) {
    auto socket = open_socket("technician", target + more);
    EXPECT_TRUE(socket.has_value());
    return socket ? next(**socket).data : "";
  };
  EXPECT_EQ(begins("&client=a1"), R"({"offset":0})");
  EXPECT_EQ(begins("&client=a1"), R"({"offset":0})") << "it comes back";
  for (const auto* other : {"&client=a", "&client=b1", ""})
    EXPECT_EQ(begins(other), R"({"end":"technician types there"})") << other;
  EXPECT_EQ(begins("&client=b1&take=1"), R"({"offset":0})");
  EXPECT_EQ(on_control([&] { return claims.size(); }), 3U);
  const auto refused = open_socket("technician", target + "&client=a-");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().text, "client takes letters and digits, at most 64");
  on_control([&] {
    farm_->link.others = nullptr;
    return true;
  });
}

TEST_F(StreamTest, TypingNeedsTheRightToDoSo) {
  const auto refused = open_socket("viewer", "/api/v1/boards/qemu-1/console/ws?write=1");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::denied);
  EXPECT_EQ(refused.error().text, "take a lease of qemu-1 first");
  auto reader = open_socket("viewer", "/api/v1/boards/qemu-1/console/ws");
  ASSERT_TRUE(reader.has_value());
  EXPECT_EQ(next(**reader).data, R"({"offset":0})");
  ASSERT_TRUE((*reader)->send("rm -rf", true, soon()).has_value());
  EXPECT_EQ(next(**reader).kind, Kind::closed);
  EXPECT_EQ(on_control([this] { return farm_->link.typed; }), "");
}

TEST_F(StreamTest, AStreamOfNothingIsRefusedBeforeItBegins) {
  for (const auto* target : {"/api/v1/jobs/4711/log/ws", "/api/v1/jobs/x/log/ws", "/api/v1/boards/none/console/ws",
                             "/api/v1/boards/qemu-1/console/ws?console=none"}) {
    const auto refused = open_socket("viewer", target);
    ASSERT_FALSE(refused.has_value()) << target;
    EXPECT_EQ(refused.error().code, Errc::not_found) << target;
  }
  on_control([this] { return farm_->lease_board("qemu-1", "ann"); });
  EXPECT_EQ(open_socket("submitter", "/api/v1/boards/qemu-1/console/ws?write=1").error().code, Errc::busy);
  EXPECT_FALSE(open_socket("viewer", "/api/v1/events/ws?after=then").has_value());
}

TEST_F(StreamTest, TypingEndsWithTheLease) {
  const auto lease = on_control([this] { return farm_->lease_board("qemu-1", "submitter"); });
  auto socket = open_socket("submitter", "/api/v1/boards/qemu-1/console/ws?write=1");
  ASSERT_TRUE(socket.has_value());
  EXPECT_EQ(next(**socket).data, R"({"offset":0})");
  ASSERT_TRUE((*socket)->send("help\r", true, soon()).has_value());
  EXPECT_EQ(console_bytes(**socket, 5), "help\r");
  EXPECT_EQ(on_control([this] { return farm_->link.typed; }), "help\r");
  on_control([&] {
    farm_->end_lease(lease, "revoked by ann");
    return true;
  });
  const auto end = json::parse(next(**socket).data, nullptr, false);
  EXPECT_EQ(end.value("end", ""), "lease " + std::to_string(lease) + " has ended: revoked by ann");
  EXPECT_EQ(next(**socket).kind, Kind::closed);
}

TEST_F(StreamTest, AFrameThatIsTooLargeEndsTheConnection) {
  auto socket = open_socket("technician", "/api/v1/boards/qemu-1/console/ws?write=1");
  ASSERT_TRUE(socket.has_value());
  EXPECT_EQ(next(**socket).data, R"({"offset":0})");
  (void)(*socket)->send(std::string(70000, 'x'), true, soon());
  const auto end = (*socket)->next(soon());
  EXPECT_TRUE(!end || end->kind == Kind::closed);
  EXPECT_EQ(on_control([this] { return farm_->link.typed; }), "");
}

TEST_F(StreamTest, NextAlsoWatchesATerminal) {
  auto socket = open_socket("viewer", "/api/v1/events/ws");
  ASSERT_TRUE(socket.has_value());
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  EXPECT_EQ((*socket)->next(Deadline::after(20ms), ends[0])->kind, Kind::timeout);
  ASSERT_EQ(::write(ends[1], "x", 1), 1);
  EXPECT_EQ((*socket)->next(soon(), ends[0])->kind, Kind::readable);
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_F(StreamTest, ShutDownSaysGoodbyeToItsClients) {
  auto socket = open_socket("viewer", "/api/v1/events/ws");
  ASSERT_TRUE(socket.has_value());
  auto ended = std::make_shared<std::promise<bool>>();
  auto scope = std::make_shared<TaskScope>(control_.get_executor(), "test");
  on_control([&] {
    scope->spawn("shut down", server_->shut_down(Deadline::after(5s)));
    return true;
  });
  const auto goodbye = next(**socket);
  EXPECT_EQ(goodbye.kind, Kind::closed);
  EXPECT_EQ(goodbye.data, "the server stops");
  while (scope->running() > 0) std::this_thread::yield();
  on_control([&] {
    scope.reset();
    return true;
  });
}

}  // namespace
}  // namespace hilltop::web::testing
