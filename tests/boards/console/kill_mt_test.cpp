// SPDX-License-Identifier: Apache-2.0
// kill -9 at random moments: what is then in the transcript is a prefix of what was said, and lacks at most the last
// 20 ms. (A *_mt_test for the engine's threads; the child is this program again, told by its environment what to do.)
#include <poll.h>
#include <spawn.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <csignal>
#include <cstdlib>

#include <csignal>
#include <cstdlib>
#include <random>
#include <thread>

#include "boards/console/console.hpp"
#include "boards/console/transcript.hpp"
#include "tests/boards/console/console_fixture.hpp"

extern char** environ;

namespace hilltop::boards {
namespace {

constexpr auto folder_variable = "HILLTOP_TEST_INGEST";
constexpr std::uint64_t steps = 2'000;
constexpr std::size_t piece = 4'000;  // bytes a step

ConsoleEngine::Options child_options(const std::filesystem::path& dir) {
  auto options = options_in(dir);
  options.segment_bytes = 256 << 10;  // so that sealing is often under way when the end comes
  return options;
}

// The child: ingests standard input until it is killed.
[[noreturn]] void ingest(const char* dir) {
  auto engine = ConsoleEngine::open(child_options(dir)).value();
  const auto console = engine->add("b", "main", STDIN_FILENO).value();
  for (;;) ::pause();
}

class Child {
 public:
  explicit Child(const std::filesystem::path& dir) {
    int ends[2];
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    input_ = FileHandle(ends[1]);
    const FileHandle theirs(ends[0]);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, theirs.get(), STDIN_FILENO);
    std::string filter = "--gtest_filter=Kill.*";
    std::string self = "/proc/self/exe";
    std::vector<char*> argv{self.data(), filter.data(), nullptr};
    const auto variable = std::string(folder_variable) + "=" + dir.string();
    std::vector<char*> environment;
    for (char** e = environ; *e != nullptr; ++e) environment.push_back(*e);
    environment.push_back(const_cast<char*>(variable.c_str()));  // NOLINT: posix_spawn only reads
    environment.push_back(nullptr);
    EXPECT_EQ(::posix_spawn(&pid_, self.c_str(), &actions, nullptr, argv.data(), environment.data()), 0);
    posix_spawn_file_actions_destroy(&actions);
  }
  ~Child() { kill(); }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  void kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  [[nodiscard]] int input() const { return input_.get(); }

 private:
  FileHandle input_;
  pid_t pid_ = -1;
};

TEST(Kill, loses_no_byte_that_is_older_than_20_ms) {
  if (const char* dir = std::getenv(folder_variable); dir != nullptr) ingest(dir);
  const TemporaryFolder folder;
  std::mt19937 random(std::random_device{}());
  std::string sent;  // what the transcript holds, plus what this round said
  int late = 0;
  for (int round = 0; round < 8; ++round) {
    {
      Child child(folder.path());
      const auto until = Deadline::after(std::chrono::milliseconds(150 + random() % 250));
      for (std::uint64_t step = 0; step < steps && !until.passed(); ++step) {
        const auto bytes = noise(1 + random() % piece, random());
        ASSERT_TRUE(write_all(child.input(), bytes));
        sent += bytes;
        if (step % 4 == 0) std::this_thread::yield();
      }
      // The child reads the pipe as fast as it can: what it had not read yet was not acknowledged by it, so that wait.
      int unread = 1;
      while (round % 2 == 0 && ::ioctl(child.input(), FIONREAD, &unread) == 0 && unread > 0) std::this_thread::yield();
      if (round % 2 == 0) ::poll(nullptr, 0, 20);  // the promise is about time
      child.kill();
    }
    const auto transcript = Transcript::open(folder.path(), Transcript::Mode::read_write);
    ASSERT_TRUE(transcript) << transcript.error().text;
    const auto end = (*transcript)->end({"b", "main"});
    const auto stored = (*transcript)->fetch({"b", "main"}, 0, end);
    ASSERT_TRUE(stored) << stored.error().text;
    ASSERT_LE(end, sent.size());
    ASSERT_TRUE(sent.starts_with(*stored)) << "round " << round;
    if (round % 2 == 0 && end < sent.size()) ++late;
    sent.resize(end);  // the next child goes on from here
  }
  EXPECT_LE(late, 1) << "of 4 times that all was read and 20 ms went by; once the machine may have been busy";
}

}  // namespace
}  // namespace hilltop::boards
