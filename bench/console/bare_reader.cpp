// SPDX-License-Identifier: Apache-2.0
// The anchor of the whole-program rows: reads N terminals or TCP ports, and does nothing with what it reads.
//   --boards N --dir DIR [--tcp FIRST_PORT]    --engine epoll|sweep|uring|echo [--sweep-us 1000] [--stamp 1] [--expect
//   BYTES]
//   [--keys COUNT]: echo types COUNT keys into board 0, one after the other, and waits for each to come back
// Ends when it is told "stop" or has read --expect bytes.
#include <arpa/inet.h>
#include <fcntl.h>
#include <liburing.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <cerrno>
#include <ctime>
#include <memory>

#include "bench/console/stamp.hpp"
#include "bench/console/support.hpp"

namespace hilltop::bench {
namespace {

constexpr std::size_t buffer_bytes = 64 * 1024;

class Reader {
 public:
  explicit Reader(const Arguments& arguments);
  nlohmann::json run();

 private:
  void open_sources();
  void run_epoll();
  void run_sweep();
  void run_uring();
  void run_echo();
  void submit_read(io_uring& ring, std::size_t index);
  void read_some(std::size_t index);
  void took(std::size_t index, const char* data, std::size_t n);
  [[nodiscard]] bool done() const { return stop_ || (expected_ > 0 && bytes_ >= expected_); }
  void look_at_input();

  const Arguments& arguments_;
  std::vector<int> fds_;
  std::vector<std::unique_ptr<char[]>> buffers_;
  std::vector<StampReader> stamps_;
  std::vector<std::uint32_t> latencies_;
  std::uint64_t expected_;
  std::uint64_t bytes_ = 0;
  std::uint64_t reads_ = 0;
  bool stamped_;
  bool stop_ = false;
};

Reader::Reader(const Arguments& arguments)
    : arguments_(arguments), expected_(arguments.number("expect", 0)), stamped_(arguments.has("stamp")) {
  open_sources();
  stamps_.resize(fds_.size());
  const bool own_buffers = arguments.text("engine") == "uring";
  for (std::size_t i = 0; i < (own_buffers ? fds_.size() : 1); ++i)
    buffers_.push_back(std::make_unique_for_overwrite<char[]>(buffer_bytes));
}

void Reader::open_sources() {
  for (std::size_t i = 0; i < arguments_.number("boards", 1); ++i) {
    if (!arguments_.has("tcp")) {
      fds_.push_back(open_terminal(board_path(arguments_.text("dir"), i)));
      continue;
    }
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<std::uint16_t>(arguments_.number("tcp", 0) + i));
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || ::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to) != 0) fail("connect");
    ::fcntl(fd, F_SETFL, O_NONBLOCK);
    fds_.push_back(fd);
  }
}

void Reader::took(std::size_t index, const char* data, std::size_t n) {
  bytes_ += n;
  if (stamped_) stamps_[index].feed({data, n}, monotonic_ns(), latencies_);
}

void Reader::read_some(std::size_t index) {
  const auto n = ::read(fds_[index], buffers_[0].get(), buffer_bytes);
  if (n > 0) {
    ++reads_;
    took(index, buffers_[0].get(), static_cast<std::size_t>(n));
  }
}

void Reader::look_at_input() {
  pollfd in{STDIN_FILENO, POLLIN, 0};
  if (::poll(&in, 1, 0) == 1) stop_ = true;
}

void Reader::run_epoll() {
  const int poll = ::epoll_create1(EPOLL_CLOEXEC);
  for (std::size_t i = 0; i <= fds_.size(); ++i) {
    epoll_event event{EPOLLIN, {.u64 = i}};
    ::epoll_ctl(poll, EPOLL_CTL_ADD, i < fds_.size() ? fds_[i] : STDIN_FILENO, &event);
  }
  std::vector<epoll_event> events(512);
  while (!done()) {
    const int n = ::epoll_wait(poll, events.data(), static_cast<int>(events.size()), -1);
    for (int e = 0; e < n; ++e) {
      const auto index = events[static_cast<std::size_t>(e)].data.u64;
      if (index < fds_.size())
        read_some(index);
      else
        stop_ = true;
    }
  }
  ::close(poll);
}

void Reader::run_sweep() {
  const auto us = static_cast<long>(arguments_.number("sweep-us", 1000));
  const int timer = ::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
  const itimerspec every{{0, us * 1000}, {0, us * 1000}};
  ::timerfd_settime(timer, 0, &every, nullptr);
  for (std::uint64_t round = 0; !done(); ++round) {
    std::uint64_t expired = 0;
    if (::read(timer, &expired, sizeof expired) < 0) fail("timer");
    for (std::size_t i = 0; i < fds_.size(); ++i) read_some(i);
    if (round % 16 == 0) look_at_input();
  }
  ::close(timer);
}

void Reader::submit_read(io_uring& ring, std::size_t index) {
  auto* entry = ::io_uring_get_sqe(&ring);
  if (entry == nullptr) {
    ::io_uring_submit(&ring);
    entry = ::io_uring_get_sqe(&ring);
  }
  ::io_uring_prep_read(entry, fds_[index], buffers_[index].get(), buffer_bytes, 0);
  entry->user_data = index;
}

void Reader::run_uring() {
  io_uring ring{};
  io_uring_params params{};
  params.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE;
  params.cq_entries = 4096;
  if (::io_uring_queue_init_params(1024, &ring, &params) != 0) fail("io_uring");
  for (std::size_t i = 0; i < fds_.size(); ++i) {
    ::fcntl(fds_[i], F_SETFL, ::fcntl(fds_[i], F_GETFL) & ~O_NONBLOCK);  // else a read without bytes ends at once
    submit_read(ring, i);
  }
  auto* entry = ::io_uring_get_sqe(&ring);
  ::io_uring_prep_poll_add(entry, STDIN_FILENO, POLLIN);
  entry->user_data = fds_.size();
  while (!done()) {
    ::io_uring_submit_and_wait(&ring, 1);
    io_uring_cqe* completion = nullptr;
    unsigned head = 0;
    unsigned count = 0;
    io_uring_for_each_cqe(&ring, head, completion) {
      ++count;
      if (completion->user_data >= fds_.size()) {
        stop_ = true;
      } else if (completion->res > 0) {
        ++reads_;
        took(completion->user_data, buffers_[completion->user_data].get(), static_cast<std::size_t>(completion->res));
        submit_read(ring, completion->user_data);
      }
    }
    ::io_uring_cq_advance(&ring, count);
  }
  ::io_uring_queue_exit(&ring);
}

void Reader::run_echo() {
  pollfd wait{fds_[0], POLLIN, 0};
  for (std::uint64_t i = 0; i < arguments_.number("keys", 100); ++i) {
    const auto begin = monotonic_ns();
    if (::write(fds_[0], "k", 1) != 1 || ::poll(&wait, 1, 5000) != 1) fail("echo");
    read_some(0);
    latencies_.push_back(static_cast<std::uint32_t>((monotonic_ns() - begin) / 1000));
    const timespec pause{0, static_cast<long>(3 + i % 7) * 1'000'000};
    ::nanosleep(&pause, nullptr);
  }
}

nlohmann::json Reader::run() {
  const auto cpu = process_cpu();
  const auto begin = monotonic_ns();
  const auto engine = arguments_.text("engine", "epoll");
  if (engine == "epoll") run_epoll();
  if (engine == "sweep") run_sweep();
  if (engine == "uring") run_uring();
  if (engine == "echo") run_echo();
  std::uint64_t missing = 0;
  for (const auto& stamp : stamps_) missing += stamp.missing();
  return {{"cpu_s", process_cpu() - cpu},
          {"wall_s", static_cast<double>(monotonic_ns() - begin) * 1e-9},
          {"bytes", bytes_},
          {"reads", reads_},
          {"missing_stamps", missing},
          {"latency", percentiles(std::move(latencies_))}};
}

}  // namespace
}  // namespace hilltop::bench

int main(int argc, char** argv) {
  using namespace hilltop::bench;
  const Arguments arguments(argc, argv);
  Reader reader(arguments);
  say("ready");
  say(reader.run().dump());
}
