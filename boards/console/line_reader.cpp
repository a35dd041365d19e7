// SPDX-License-Identifier: Apache-2.0
#include "boards/console/line_reader.hpp"

#include <fcntl.h>
#include <pty.h>
#include <sys/epoll.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <unordered_map>

#include "boards/console/file.hpp"
#include "boards/console/line_reader_ring.hpp"
#include "drivers/core/log.hpp"

namespace hilltop::boards {
namespace {

constexpr int trial_ms = 1000;
constexpr int trial_rounds = 3;
constexpr int trial_calls = 10;

class EpollReader final : public LineReader {
 public:
  explicit EpollReader(Room room) : room_(std::move(room)), epoll_(::epoll_create1(EPOLL_CLOEXEC)) {}
  [[nodiscard]] bool valid() const { return epoll_.valid(); }

  int fd() const override { return epoll_.get(); }
  std::string_view name() const override { return "epoll"; }

  Result<> add(std::uint32_t line, int fd) override {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u32 = line;
    if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) return system_error("watch descriptor", errno);
    lines_[line] = fd;
    return ok();
  }

  std::size_t remove(std::uint32_t line) override {
    const auto found = lines_.find(line);
    if (found == lines_.end()) return 0;
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, found->second, nullptr);
    lines_.erase(found);
    return 0;
  }

  bool collect(std::vector<LineRead>& out) override {
    std::array<epoll_event, batch> events;
    const int n = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(batch), 0);
    for (int i = 0; i < n; ++i) {
      const auto& event = events.at(static_cast<std::size_t>(i));
      auto got = read_line(event.data.u32);
      if (got == -EAGAIN && (event.events & (EPOLLHUP | EPOLLERR)) == 0) continue;
      if (got == -EAGAIN) got = -EPIPE;  // it hung up: no byte will come
      out.push_back({event.data.u32, got});
    }
    return n == static_cast<int>(batch);
  }

 private:
  ssize_t read_line(std::uint32_t line) {
    const auto memory = room_(line);
    for (;;) {
      const auto n = ::read(lines_.at(line), memory.data(), memory.size());
      if (n >= 0) return n;
      if (errno != EINTR) return -errno;
    }
  }

  Room room_;
  FileHandle epoll_;
  std::unordered_map<std::uint32_t, int> lines_;
};

/// As the shard does it: watched all the time.
class Watch {
 public:
  explicit Watch(int fd) : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    epoll_event event{};
    event.events = EPOLLIN;
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event);
  }
  [[nodiscard]] bool tells(int within_ms) const {
    epoll_event event{};
    return ::epoll_wait(epoll_.get(), &event, 1, within_ms) == 1;
  }

 private:
  FileHandle epoll_;
};

Error does_not(std::string_view what) {
  return {Errc::unsupported, Blame::configuration, "io_uring does not " + std::string(what)};
}

/// False when it asks again and again for a line without bytes.
bool settles(LineReader& reader, std::vector<LineRead>& reads) {
  for (int i = 0; i < trial_calls; ++i)
    if (!reader.collect(reads)) return true;
  return false;
}

/// Reads a pty as a shard would. Kernels differ in what they do with a terminal.
Result<> try_reader(const std::function<Result<std::unique_ptr<LineReader>>(LineReader::Room)>& make) {
  int ends[2];
  termios raw{};
  ::cfmakeraw(&raw);
  if (::openpty(&ends[0], &ends[1], nullptr, &raw, nullptr) != 0) return system_error("open a pty", errno);
  const FileHandle board(ends[0]);
  const FileHandle host(ends[1]);
  if (::fcntl(host.get(), F_SETFL, O_NONBLOCK) != 0) return system_error("fcntl", errno);
  std::array<char, 16> memory{};
  HILLTOP_TRY(const auto reader, make([&memory](std::uint32_t) { return std::span<char>(memory); }));
  HILLTOP_CHECK(reader->add(1, host.get()));
  const Watch watch(reader->fd());
  std::vector<LineRead> reads;
  if (!settles(*reader, reads) || !reads.empty()) return does_not("wait for a terminal's bytes");
  for (int round = 0; round < trial_rounds; ++round) {
    HILLTOP_CHECK(write_all(board.get(), "probe"));
    if (!watch.tells(trial_ms)) return does_not("say that a terminal has bytes");
    reads.clear();
    if (!settles(*reader, reads) || reads.size() != 1 || reads[0].got != 5 ||
        std::string_view(memory.data(), 5) != "probe")
      return does_not("read a terminal");
    memory.fill(0);
  }
  if (reader->remove(1) != 0) return does_not("let go of a terminal");
  return ok();
}

}  // namespace

Result<std::unique_ptr<LineReader>> LineReader::make_epoll(Room room) {
  auto out = std::make_unique<EpollReader>(std::move(room));
  if (!out->valid()) return system_error("epoll", errno);
  return std::unique_ptr<LineReader>(std::move(out));
}

Result<std::unique_ptr<LineReader>> LineReader::make_io_uring(Room room) {
  HILLTOP_CHECK(try_reader(&make_ring_reader));
  return make_ring_reader(std::move(room));
}

Result<std::unique_ptr<LineReader>> LineReader::make(ReadEngine wanted, Room room) {
  if (wanted == ReadEngine::epoll) return make_epoll(std::move(room));
  auto ring = make_io_uring(room);
  if (ring) return ring;
  log::info("consoles are read with epoll: {}", ring.error().text);
  return make_epoll(std::move(room));
}

}  // namespace hilltop::boards
