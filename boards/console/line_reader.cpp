// SPDX-License-Identifier: Apache-2.0
#include "boards/console/line_reader.hpp"

#include <fcntl.h>
#include <liburing.h>
#include <pty.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "boards/console/file.hpp"
#include "drivers/core/log.hpp"

namespace hilltop::boards {
namespace {

constexpr unsigned ring_entries = 128;
constexpr std::size_t worth_a_ring = 3;        // lines; for fewer read(2) is the shorter way
constexpr unsigned no_wait_flag = 0x00000008;  // RWF_NOWAIT. Source: linux/fs.h
constexpr __kernel_timespec patience{.tv_sec = 1, .tv_nsec = 0};

void read_plainly(LineRead& line) {
  do {
    line.got = ::read(line.fd, line.data, line.room);
    if (line.got < 0) line.got = -errno;
  } while (line.got == -EINTR);
}

class PlainReader final : public LineReader {
 public:
  void read(std::span<LineRead> lines) override { std::ranges::for_each(lines, &read_plainly); }
  std::string_view name() const override { return "epoll"; }
};

// The descriptors are non-blocking, so that a READ ends within io_uring_enter: nothing is ever left in flight, and the
// memory that it wrote to is ours again. (Left armed until bytes come it would cost the same, but a tty without
// O_NONBLOCK can hang the ring: liburing issue 1623.)
class RingReader final : public LineReader {
 public:
  ~RingReader() override {
    if (open_) io_uring_queue_exit(&ring_);
  }
  RingReader() = default;
  RingReader(const RingReader&) = delete;
  RingReader& operator=(const RingReader&) = delete;

  Result<> start() {
    io_uring_params params{};
    params.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
    const int failed = io_uring_queue_init_params(ring_entries, &ring_, &params);
    if (failed < 0) return system_error("io_uring", -failed);
    open_ = true;
    return ok();
  }

  void read(std::span<LineRead> lines) override {
    while (lines.size() >= worth_a_ring && open_) {
      const auto batch = lines.first(std::min<std::size_t>(lines.size(), ring_entries));
      if (!read_batch(batch)) return give_up(lines);
      lines = lines.subspan(batch.size());
    }
    std::ranges::for_each(lines, &read_plainly);
  }
  /// As read(), but always by the ring.
  void read_in_ring(LineRead& line) {
    if (!read_batch({&line, 1})) give_up({&line, 1});
  }
  std::string_view name() const override { return open_ ? "io_uring" : "epoll"; }
  [[nodiscard]] bool works() const { return open_; }

 private:
  bool read_batch(std::span<LineRead> batch) {
    for (std::size_t i = 0; i < batch.size(); ++i) {
      auto& line = batch[i];
      line.got = -EAGAIN;
      auto* entry = io_uring_get_sqe(&ring_);
      io_uring_prep_read(entry, line.fd, line.data, static_cast<unsigned>(line.room), 0);
      if (line.no_wait) entry->rw_flags = no_wait_flag;
      io_uring_sqe_set_data64(entry, i);
    }
    auto left = batch.size();
    while (left > 0) {
      auto wait = patience;
      io_uring_cqe* first = nullptr;
      const int got = io_uring_submit_and_wait_timeout(&ring_, &first, static_cast<unsigned>(left), &wait, nullptr);
      if (got < 0 && got != -EINTR && got != -ETIME && got != -EAGAIN) return false;
      const auto reaped = reap(batch);
      left -= std::min(reaped, left);
      if (got == -ETIME && reaped == 0) return false;
    }
    // What this kernel does not do that way is done the old way.
    for (auto& line : batch)
      if (line.got == -EOPNOTSUPP || line.got == -EINVAL || line.got == -ECANCELED || line.got == -EINTR)
        read_plainly(line);
    return true;
  }

  std::size_t reap(std::span<LineRead> batch) {
    io_uring_cqe* entry = nullptr;
    unsigned head = 0;
    unsigned count = 0;
    io_uring_for_each_cqe(&ring_, head, entry) {
      ++count;
      if (const auto at = io_uring_cqe_get_data64(entry); at < batch.size()) batch[at].got = entry->res;
    }
    io_uring_cq_advance(&ring_, count);
    return count;
  }

  // A read that does not end in a second is taken back: closing the ring cancels it and waits for that.
  void give_up(std::span<LineRead> lines) {
    log::error("io_uring: reads do not end; going on with read(2)");
    io_uring_sync_cancel_reg all{};
    all.flags = IORING_ASYNC_CANCEL_ANY | IORING_ASYNC_CANCEL_ALL;
    all.timeout = {.tv_sec = -1, .tv_nsec = -1};
    (void)io_uring_register_sync_cancel(&ring_, &all);
    (void)reap(lines);
    io_uring_queue_exit(&ring_);
    open_ = false;
  }

  io_uring ring_{};
  bool open_ = false;
};

struct Trial {
  FileHandle board;
  FileHandle host;
};

Result<Trial> pty_pair() {
  int board = -1;
  int host = -1;
  termios raw{};
  ::cfmakeraw(&raw);
  if (::openpty(&board, &host, nullptr, &raw, nullptr) != 0) return system_error("open a pty", errno);
  return Trial{FileHandle(board), FileHandle(host)};
}

Result<Trial> socket_pair() {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) return system_error("sockets", errno);
  return Trial{FileHandle(ends[0]), FileHandle(ends[1])};
}

Result<> try_on(RingReader& reader, Result<Trial> pair, bool no_wait) {
  if (!pair) return std::move(pair).error();
  if (::fcntl(pair->host.get(), F_SETFL, O_NONBLOCK) != 0) return system_error("fcntl", errno);
  std::array<char, 8> memory{};
  LineRead line{pair->host.get(), memory.data(), memory.size(), no_wait, 0};
  reader.read_in_ring(line);
  if (!reader.works() || line.got != -EAGAIN)
    return Error(Errc::unsupported, Blame::configuration, "io_uring waits for a line without bytes");
  HILLTOP_CHECK(write_all(pair->board.get(), "probe"));
  // A pty hands its bytes over on a kernel thread: soon, not at once.
  for (int i = 0; i < 1000 && line.got == -EAGAIN; ++i) {
    reader.read_in_ring(line);
    if (line.got == -EAGAIN) ::usleep(100);
  }
  if (!reader.works() || line.got != 5 || std::string_view(memory.data(), 5) != "probe")
    return Error(Errc::unsupported, Blame::configuration, "io_uring does not read what is there");
  return ok();
}

}  // namespace

std::unique_ptr<LineReader> LineReader::make_plain() { return std::make_unique<PlainReader>(); }

Result<std::unique_ptr<LineReader>> LineReader::make_io_uring() {
  auto reader = std::make_unique<RingReader>();
  HILLTOP_CHECK(reader->start());
  HILLTOP_CHECK(try_on(*reader, pty_pair(), false).within("pty"));
  HILLTOP_CHECK(try_on(*reader, socket_pair(), true).within("socket"));
  return std::unique_ptr<LineReader>(std::move(reader));
}

std::unique_ptr<LineReader> LineReader::make(ReadEngine wanted) {
  if (wanted == ReadEngine::epoll) return make_plain();
  auto ring = make_io_uring();
  if (ring) return *std::move(ring);
  log::info("consoles are read with read(2): {}", ring.error().text);
  return make_plain();
}

}  // namespace hilltop::boards
