// SPDX-License-Identifier: Apache-2.0
// `hilltop console` in a terminal of its own (a pty), against a server whose console is written here.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <utmp.h>

#include <atomic>
#include <csignal>
#include <iostream>
#include <mutex>

#include "tests/web/cli/scratch.hpp"
#include "tests/web/cli/stub_server.hpp"
#include "web/cli/program.hpp"

namespace hilltop::cli {
namespace {

using web::WebSocket;

/// Says where it stands, greets, and echoes what is typed, as a board would.
Task<> echo(web::Request request, std::shared_ptr<WebSocket> socket) {
  const bool writes = request.query_value("write").value_or("") == "1";
  const auto from = request.query_value("from").value_or("100");
  HILLTOP_CO_CHECK(co_await socket->write("{\"offset\":" + from + "}", false));
  HILLTOP_CO_CHECK(co_await socket->write(writes ? ">>> " : "looking ", true));
  for (;;) {
    HILLTOP_CO_TRY(auto message, co_await socket->read());
    if (message.data == "!") co_return ok();  // the connection ends
    HILLTOP_CO_CHECK(co_await socket->write("[" + message.data + "]", true));
  }
}

/// What comes at a second connection: somebody else has taken the console.
Task<> put_out(web::Request, std::shared_ptr<WebSocket> socket) {
  HILLTOP_CO_CHECK(co_await socket->write(R"({"offset":0})", false));
  HILLTOP_CO_CHECK(co_await socket->write(R"({"end":"tom has taken the console over"})", false));
  co_return co_await socket->close("tom has taken the console over");
}

Task<> refuse(web::Request, std::shared_ptr<WebSocket> socket) {
  HILLTOP_CO_CHECK(co_await socket->write(R"({"end":"b1 is held by ann"})", false));
  co_return co_await socket->close("b1 is held by ann");
}

/// What the connections called themselves.
struct Clients {
  std::mutex mutex;
  std::vector<std::string> names;
};

/// A child that runs the command on a terminal; the parent is the person before it.
class Person {
 public:
  ~Person() {
    if (pid_ > 0 && !reaped_) {
      kill(pid_, SIGKILL);
      waitpid(pid_, nullptr, 0);
    }
    if (master_ >= 0) close(master_);
    if (slave_ >= 0) close(slave_);
  }

  /// The slave stays open here, so that its settings can be looked at after the child's end.
  void sit_down(const std::vector<std::string>& words, int input = -1) {
    ASSERT_EQ(openpty(&master_, &slave_, nullptr, nullptr, nullptr), 0);
    ASSERT_EQ(tcgetattr(slave_, &before_), 0);
    pid_ = fork();
    ASSERT_GE(pid_, 0);
    if (pid_ > 0) return;
    login_tty(slave_);
    if (input >= 0) dup2(input, STDIN_FILENO);
    Context context(std::cout, std::cerr, std::cin, places_of("/nowhere/hilltop", HILLTOP_SOURCE_DIR, "1"));
    context.screen = look_at_screen(ColorMode::never);
    _exit(cli::run(context, words));
  }

  void type(const std::string& keys) { ASSERT_EQ(write(master_, keys.data(), keys.size()), ssize_t(keys.size())); }

  /// Reads until `text` was seen; what was seen so far for the message.
  ::testing::AssertionResult sees(const std::string& text) {
    const auto deadline = Deadline::after(20s);
    while (seen_.find(text) == std::string::npos) {
      pollfd wanted{master_, POLLIN, 0};
      const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(deadline.left()).count();
      if (ms <= 0 || poll(&wanted, 1, static_cast<int>(ms)) <= 0)
        return ::testing::AssertionFailure() << "no '" << text << "' in: " << seen_;
      char buffer[4096];
      const auto n = read(master_, buffer, sizeof buffer);
      if (n <= 0) return ::testing::AssertionFailure() << "the terminal ended without '" << text << "': " << seen_;
      seen_.append(buffer, static_cast<std::size_t>(n));
    }
    seen_.erase(0, seen_.find(text) + text.size());
    return ::testing::AssertionSuccess();
  }

  [[nodiscard]] bool is_raw() const {
    termios now{};
    return tcgetattr(slave_, &now) == 0 && (now.c_lflag & (ICANON | ECHO | ISIG)) == 0;
  }
  [[nodiscard]] bool is_as_before() const {
    termios now{};
    return tcgetattr(slave_, &now) == 0 && now.c_lflag == before_.c_lflag && now.c_iflag == before_.c_iflag &&
           now.c_oflag == before_.c_oflag && now.c_cflag == before_.c_cflag;
  }

  /// Waits for the child. Value: its exit status, or 1000 + signal.
  int leaves() {
    int status = 0;
    EXPECT_EQ(waitpid(pid_, &status, 0), pid_);
    reaped_ = true;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
  }
  [[nodiscard]] int pid() const { return pid_; }

 private:
  int master_ = -1, slave_ = -1, pid_ = -1;
  bool reaped_ = false;
  termios before_{};
  std::string seen_;
};

class ConsoleCommand : public ::testing::Test {
 protected:
  void SetUp() override { setenv("XDG_CONFIG_HOME", scratch_.path.c_str(), 1); }
  void TearDown() override { unsetenv("XDG_CONFIG_HOME"); }

  void open(std::vector<std::string> words, test::StubServer::Talk talk, int input = -1) {
    server_.talks["/boards/b1/console/ws"] = std::move(talk);
    server_.answers["GET /boards/b1"] = test::StubServer::says(R"({"name":"b1"})");
    server_.start();
    words.insert(words.end(), {"--server", server_.url()});
    person_.sit_down(words, input);
  }

  test::Scratch scratch_;
  test::StubServer server_;
  Person person_;
};

TEST_F(ConsoleCommand, is_a_raw_terminal_until_the_leave_key) {
  open({"console", "b1"}, &echo);
  ASSERT_TRUE(person_.sees("Ctrl-] leaves"));
  ASSERT_TRUE(person_.sees(">>> "));
  person_.type("\x03");  // Ctrl-C is the board's
  ASSERT_TRUE(person_.sees("[\x03]"));
  EXPECT_TRUE(person_.is_raw());
  person_.type("x\x1d");
  ASSERT_TRUE(person_.sees("left the console"));
  EXPECT_EQ(person_.leaves(), 0);
  EXPECT_TRUE(person_.is_as_before());
}

TEST_F(ConsoleCommand, gives_the_terminal_back_when_it_is_ended) {
  open({"console", "b1"}, &echo);
  ASSERT_TRUE(person_.sees(">>> "));
  person_.type("a");
  ASSERT_TRUE(person_.sees("[a]"));
  kill(person_.pid(), SIGTERM);
  EXPECT_EQ(person_.leaves(), 0);
  EXPECT_TRUE(person_.is_as_before());
}

TEST_F(ConsoleCommand, gives_the_terminal_back_when_it_crashes) {
  open({"console", "b1"}, &echo);
  ASSERT_TRUE(person_.sees(">>> "));
  person_.type("a");
  ASSERT_TRUE(person_.sees("[a]"));
  ASSERT_TRUE(person_.is_raw());
  kill(person_.pid(), SIGQUIT);
  EXPECT_EQ(person_.leaves(), 1000 + SIGQUIT);
  EXPECT_TRUE(person_.is_as_before());
}

TEST_F(ConsoleCommand, goes_on_where_a_connection_broke) {
  open({"console", "b1"}, &echo);
  ASSERT_TRUE(person_.sees(">>> "));
  person_.type("!");  // offset 100, and 4 bytes were shown
  ASSERT_TRUE(person_.sees("connection lost"));
  ASSERT_TRUE(person_.sees("connected again"));
  ASSERT_TRUE(person_.sees(">>> "));
  person_.type("b");
  ASSERT_TRUE(person_.sees("[b]"));
  person_.type("\x1d");
  EXPECT_EQ(person_.leaves(), 0);
  EXPECT_TRUE(person_.is_as_before());
}

TEST_F(ConsoleCommand, is_the_same_client_when_it_comes_back) {
  auto clients = std::make_shared<Clients>();
  open({"console", "b1"}, [clients](web::Request request, std::shared_ptr<WebSocket> socket) {
    const std::lock_guard lock(clients->mutex);
    clients->names.push_back(request.query_value("client").value_or(""));
    return echo(std::move(request), std::move(socket));
  });
  ASSERT_TRUE(person_.sees(">>> "));
  person_.type("!");
  ASSERT_TRUE(person_.sees("connected again"));
  person_.type("\x1d");
  EXPECT_EQ(person_.leaves(), 0);
  const std::lock_guard lock(clients->mutex);
  ASSERT_EQ(clients->names.size(), 2U);
  EXPECT_EQ(clients->names[0].size(), 16U);
  EXPECT_EQ(clients->names[0], clients->names[1]);
}

TEST_F(ConsoleCommand, who_is_put_out_knows_it_by_the_exit_code) {
  open({"console", "b1"}, &put_out);
  ASSERT_TRUE(person_.sees("tom has taken the console over"));
  EXPECT_EQ(person_.leaves(), 2);
  EXPECT_TRUE(person_.is_as_before());
}

TEST_F(ConsoleCommand, leaves_when_its_input_has_ended_and_the_board_is_quiet) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  ASSERT_EQ(write(ends[1], "x\r", 2), 2);
  close(ends[1]);
  open({"console", "b1"}, &echo, ends[0]);
  close(ends[0]);
  ASSERT_TRUE(person_.sees("[x\r]"));
  ASSERT_TRUE(person_.sees("left the console"));
  EXPECT_EQ(person_.leaves(), 0);
}

/// Ends each connection at once until `is_up`.
struct Link {
  std::atomic<bool> is_up = true;
};

TEST_F(ConsoleCommand, a_scripts_input_waits_for_the_connection) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  auto link = std::make_shared<Link>();
  open(
      {"console", "b1"},
      [link](web::Request request, std::shared_ptr<WebSocket> socket) -> Task<> {
        return link->is_up ? echo(std::move(request), std::move(socket)) : socket->close("down");
      },
      ends[0]);
  close(ends[0]);
  ASSERT_TRUE(person_.sees(">>> "));
  ASSERT_EQ(write(ends[1], "a", 1), 1);
  ASSERT_TRUE(person_.sees("[a]"));
  link->is_up = false;
  ASSERT_EQ(write(ends[1], "!", 1), 1);
  ASSERT_TRUE(person_.sees("the input waits, for 5 minutes at most"));
  ASSERT_EQ(write(ends[1], "while it was down", 17), 17);
  link->is_up = true;
  ASSERT_TRUE(person_.sees("connected again"));
  ASSERT_TRUE(person_.sees("[while it was down]"));
  kill(person_.pid(), SIGTERM);  // the child has the other end of the pipe, too: it never ends for it
  EXPECT_EQ(person_.leaves(), 0);
  close(ends[1]);
}

TEST_F(ConsoleCommand, leaves_a_quiet_board_with_no_input_at_all) {
  const int nothing = ::open("/dev/null", O_RDONLY);
  ASSERT_GE(nothing, 0);
  open({"console", "b1"}, &echo, nothing);
  close(nothing);
  ASSERT_TRUE(person_.sees("left the console"));
  EXPECT_EQ(person_.leaves(), 0);
}

TEST_F(ConsoleCommand, types_nothing_when_it_is_read_only) {
  open({"console", "b1", "--read-only"}, &echo);
  ASSERT_TRUE(person_.sees("read-only"));
  ASSERT_TRUE(person_.sees("looking "));
  person_.type("z");
  ASSERT_TRUE(person_.sees("goes nowhere"));
  person_.type("\x1d");
  EXPECT_EQ(person_.leaves(), 0);
}

TEST_F(ConsoleCommand, a_transcript_has_one_begin_and_one_end) {
  using Words = std::vector<std::string>;
  for (const auto& both : {Words{"--since", "5m", "--around", "2m"}, Words{"--until", "5m", "--around", "2m"},
                           Words{"--from", "0", "--since", "5m"}, Words{"--from", "0", "--around", "5m"},
                           Words{"--until", "5m", "--follow"}, Words{"--around", "5m", "--follow"}}) {
    Words words{"console", "b1", "--server", "http://127.0.0.1:1"};
    words.insert(words.end(), both.begin(), both.end());
    Person person;
    person.sit_down(words);
    EXPECT_TRUE(person.sees("excludes")) << both[0] << both[2];
    EXPECT_EQ(person.leaves(), 2);
  }
}

TEST_F(ConsoleCommand, says_who_has_the_board) {
  open({"console", "b1"}, &refuse);
  ASSERT_TRUE(person_.sees("b1 is held by ann"));
  ASSERT_TRUE(person_.sees("hilltop lease take b1"));
  EXPECT_EQ(person_.leaves(), 2);
  EXPECT_TRUE(person_.is_as_before());
}

}  // namespace
}  // namespace hilltop::cli
