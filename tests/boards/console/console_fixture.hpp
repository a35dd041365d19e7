// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <cstring>
#include <optional>
#include <random>
#include <string>
#include <thread>

#include "boards/console/console.hpp"
#include "boards/console/file.hpp"
#include "drivers/core/task.hpp"
#include "tests/boards/temporary_folder.hpp"

namespace hilltop::boards {

inline constexpr auto patience = 60s;  // for what must happen; a test that is right never waits for it

/// Until it is so; asked again and again.
template <class Done>
void wait_until(Done done) {
  for (const auto until = Deadline::after(patience); !done() && !until.passed();) std::this_thread::yield();
  ASSERT_TRUE(done());
}

template <class T = void>
Task<> keep_result(Task<T> task, std::optional<Result<T>>* out) {
  out->emplace(co_await std::move(task));
  co_return ok();
}

/// Runs `task` to its end on `io`.
template <class T>
Result<T> run(asio::io_context& io, Task<T> task) {
  std::optional<Result<T>> out;
  TaskScope scope(io.get_executor(), "test");
  scope.spawn("task", keep_result<T>(std::move(task), &out));
  io.restart();
  while (!out && io.run_one() > 0) {
  }
  while (scope.running() > 0 && io.run_one() > 0) {
  }
  return out ? *std::move(out) : Result<T>(Error(Errc::internal, Blame::bug, "the task did not end"));
}

using test::TemporaryFolder;

/// A line between a board (the test) and the engine.
struct Line {
  Line() {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    board = FileHandle(ends[0]);
    host = FileHandle(ends[1]);
    EXPECT_EQ(::fcntl(host.get(), F_SETFL, O_NONBLOCK), 0);
  }
  void say(std::string_view bytes) const { ASSERT_TRUE(write_all(board.get(), bytes)); }
  /// What the board hears next (blocks for `bytes` bytes).
  [[nodiscard]] std::string hear(std::size_t bytes) const {
    std::string out(bytes, '\0');
    std::size_t have = 0;
    while (have < bytes) {
      const auto n = ::read(board.get(), out.data() + have, bytes - have);
      if (n <= 0) break;
      have += static_cast<std::size_t>(n);
    }
    out.resize(have);
    return out;
  }
  FileHandle board;
  FileHandle host;
};

inline ConsoleEngine::Options options_in(const std::filesystem::path& dir) {
  ConsoleEngine::Options options;
  options.dir = dir;
  return options;
}

/// Bytes of every value with lines in between, the same for the same seed.
inline std::string noise(std::size_t bytes, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::string out(bytes, '\0');
  std::size_t i = 0;
  for (; i + 8 <= bytes; i += 8) {
    const auto word = random();
    std::memcpy(out.data() + i, &word, 8);
  }
  for (; i < bytes; ++i) out[i] = static_cast<char>(random());
  return out;
}

/// Reads [from, to) live, taking gaps from the transcript.
inline Task<std::string> read_all(std::shared_ptr<Console> console, std::uint64_t from, std::uint64_t to,
                                  std::size_t max = 1 << 16) {
  std::string out;
  for (auto at = from; at < to;) {
    HILLTOP_CO_TRY(const auto chunk, co_await console->read(at, max, Deadline::after(patience)));
    if (chunk.lost > 0) {
      HILLTOP_CO_TRY(const auto missed, co_await console->fetch(at, chunk.offset, Deadline::after(patience)));
      out += missed;
    }
    out += chunk.bytes;
    at = chunk.offset + chunk.bytes.size();
  }
  co_return out;
}

}  // namespace hilltop::boards
