// SPDX-License-Identifier: Apache-2.0
// N boards on pseudo-terminals. Paced, they send like UARTs: what the terminal does not take in time is dropped and
// counted, as a UART would lose it. Flooding, they send as fast as the terminal takes it, and lose nothing.
//   --boards N --dir DIR --corpus FILE      DIR/b000... are links to the terminals
//   --baud B --seconds S [--stamp 1]        paced; each write begins with a stamp (stamp.hpp)
//   --flood BYTES [--write 4096]            each board sends BYTES
//   --echo K                                the first K boards send back what they get, and nothing else
//   --digest 1                              SHA-256 of what each board sent, in the JSON
#include <fcntl.h>
#include <openssl/evp.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <termios.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <thread>

#include "bench/console/stamp.hpp"
#include "bench/console/support.hpp"

namespace hilltop::bench {
namespace {

constexpr std::uint64_t tick_ns = 1'000'000;
constexpr std::uint64_t late_ns = 1'000'000;  // a tick that begins later than this is late

struct Board {
  int master = -1;
  int keeper = -1;  // our own open of the terminal: readers may come and go
  std::size_t at = 0;
  std::uint64_t sent = 0;
  std::uint64_t dropped = 0;
  std::uint32_t sequence = 0;
  std::shared_ptr<EVP_MD_CTX> digest;
};

class Simulator {
 public:
  explicit Simulator(const Arguments& arguments);
  nlohmann::json run();

 private:
  void open_boards();
  void run_paced(std::uint64_t seconds);
  void tick(std::uint64_t number);
  void run_flood(std::uint64_t bytes_each);
  bool flood_one(Board& board, std::uint64_t bytes_each);
  void echo(const std::stop_token& stop);
  std::size_t take(Board& board, const char* bytes, std::size_t count);

  const Arguments& arguments_;
  std::string corpus_;
  std::vector<Board> boards_;
  std::size_t echoing_;
  std::size_t write_bytes_;
  std::uint64_t phases_ = 1;  // a board writes every this many ticks
  std::vector<char> chunk_;
  std::uint64_t ticks_ = 0;
  std::uint64_t late_ = 0;
};

Simulator::Simulator(const Arguments& arguments)
    : arguments_(arguments),
      corpus_(read_file(arguments.text("corpus"))),
      boards_(arguments.number("boards", 1)),
      echoing_(arguments.number("echo", 0)),
      write_bytes_(arguments.number("write", 4096)) {
  if (const auto baud = arguments.number("baud", 0)) {
    while (baud / 10 * phases_ / 1000 < 64) ++phases_;  // slow lines in writes of at least 64 bytes
    write_bytes_ = baud / 10 * phases_ / 1000;
  }
  chunk_.resize(write_bytes_);
  corpus_ += corpus_.substr(0, write_bytes_);
  open_boards();
}

void Simulator::open_boards() {
  const auto dir = arguments_.text("dir");
  std::filesystem::create_directories(dir);
  for (std::size_t i = 0; i < boards_.size(); ++i) {
    auto& board = boards_[i];
    board.master = ::posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    char name[128];
    if (board.master < 0 || ::grantpt(board.master) != 0 || ::unlockpt(board.master) != 0 ||
        ::ptsname_r(board.master, name, sizeof name) != 0)
      fail("pseudo-terminal");
    board.keeper = open_terminal(name);
    const auto link = board_path(dir, i);
    std::filesystem::remove(link);
    std::filesystem::create_symlink(name, link);
    board.at = i * 7919 * 61 % (corpus_.size() - write_bytes_);
    if (!arguments_.has("digest")) continue;
    board.digest.reset(EVP_MD_CTX_new(), EVP_MD_CTX_free);
    EVP_DigestInit_ex(board.digest.get(), EVP_sha256(), nullptr);
  }
}

/// Sends what the terminal takes of `bytes`; how much that was.
std::size_t Simulator::take(Board& board, const char* bytes, std::size_t count) {
  const auto n = ::write(board.master, bytes, count);
  if (n < 0 && errno != EAGAIN && errno != EINTR) fail("write to a pseudo-terminal");
  const auto taken = n < 0 ? 0 : static_cast<std::size_t>(n);
  board.sent += taken;
  if (board.digest) EVP_DigestUpdate(board.digest.get(), bytes, taken);
  return taken;
}

void Simulator::tick(std::uint64_t number) {
  const bool stamped = arguments_.has("stamp");
  for (std::size_t i = echoing_; i < boards_.size(); ++i) {
    if ((number + i) % phases_ != 0) continue;
    auto& board = boards_[i];
    corpus_.copy(chunk_.data(), write_bytes_, board.at);
    board.at = (board.at + write_bytes_) % (corpus_.size() - write_bytes_);
    if (stamped) write_stamp(chunk_.data(), monotonic_ns(), board.sequence++);
    board.dropped += write_bytes_ - take(board, chunk_.data(), write_bytes_);
  }
}

void Simulator::run_paced(std::uint64_t seconds) {
  const int timer = ::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
  if (timer < 0) fail("timer");
  const auto begin = monotonic_ns() + tick_ns;
  for (ticks_ = 0; ticks_ < seconds * 1000; ++ticks_) {
    const auto due = begin + ticks_ * tick_ns;
    const itimerspec when{{}, {static_cast<time_t>(due / 1'000'000'000), static_cast<long>(due % 1'000'000'000)}};
    std::uint64_t expired = 0;
    if (monotonic_ns() < due && (::timerfd_settime(timer, TFD_TIMER_ABSTIME, &when, nullptr) != 0 ||
                                 ::read(timer, &expired, sizeof expired) != sizeof expired))
      fail("timer");
    if (monotonic_ns() > due + late_ns) ++late_;
    tick(ticks_);
  }
  ::close(timer);
}

/// Whether `board` has more to send.
bool Simulator::flood_one(Board& board, std::uint64_t bytes_each) {
  for (int i = 0; i < 4 && board.sent < bytes_each; ++i) {
    const auto wanted = std::min<std::uint64_t>(write_bytes_, bytes_each - board.sent);
    const auto n = take(board, corpus_.data() + board.at, wanted);
    board.at = (board.at + n) % (corpus_.size() - write_bytes_);
    if (n < wanted) break;
  }
  return board.sent < bytes_each;
}

void Simulator::run_flood(std::uint64_t bytes_each) {
  const int poll = ::epoll_create1(EPOLL_CLOEXEC);
  std::size_t active = 0;
  for (std::size_t i = echoing_; i < boards_.size(); ++i, ++active) {
    epoll_event event{EPOLLOUT, {.u64 = i}};
    if (::epoll_ctl(poll, EPOLL_CTL_ADD, boards_[i].master, &event) != 0) fail("epoll");
  }
  std::vector<epoll_event> events(boards_.size());
  while (active > 0) {
    const int n = ::epoll_wait(poll, events.data(), static_cast<int>(events.size()), -1);
    for (int e = 0; e < n; ++e) {
      auto& board = boards_[events[static_cast<std::size_t>(e)].data.u64];
      if (flood_one(board, bytes_each)) continue;
      ::epoll_ctl(poll, EPOLL_CTL_DEL, board.master, nullptr);
      --active;
    }
  }
  ::close(poll);
}

void Simulator::echo(const std::stop_token& stop) {
  const int poll = ::epoll_create1(EPOLL_CLOEXEC);
  for (std::size_t i = 0; i < echoing_; ++i) {
    epoll_event event{EPOLLIN, {.u64 = i}};
    if (::epoll_ctl(poll, EPOLL_CTL_ADD, boards_[i].master, &event) != 0) fail("epoll");
  }
  char bytes[512];
  while (!stop.stop_requested()) {
    epoll_event event{};
    if (::epoll_wait(poll, &event, 1, 100) != 1) continue;
    auto& board = boards_[event.data.u64];
    const auto n = ::read(board.master, bytes, sizeof bytes);
    if (n > 0) take(board, bytes, static_cast<std::size_t>(n));
  }
  ::close(poll);
}

nlohmann::json Simulator::run() {
  const auto cpu = process_cpu();
  const auto begin = monotonic_ns();
  std::jthread echoing;
  if (echoing_ > 0) echoing = std::jthread([this](const std::stop_token& stop) { echo(stop); });
  if (arguments_.has("baud")) run_paced(arguments_.number("seconds", 5));
  if (arguments_.has("flood")) run_flood(arguments_.number("flood", 0));
  if (!arguments_.has("baud") && !arguments_.has("flood")) (void)wait_for_word();
  if (echoing_ > 0) echoing = {};
  nlohmann::json out = {{"wall_s", static_cast<double>(monotonic_ns() - begin) * 1e-9},
                        {"cpu_s", process_cpu() - cpu},
                        {"ticks", ticks_},
                        {"late_ticks", late_}};
  std::uint64_t sent = 0;
  std::uint64_t dropped = 0;
  for (auto& board : boards_) {
    sent += board.sent;
    dropped += board.dropped;
    if (board.digest) {
      unsigned char digest[EVP_MAX_MD_SIZE];
      unsigned int length = 0;
      EVP_DigestFinal_ex(board.digest.get(), digest, &length);
      std::string hex;
      for (unsigned int i = 0; i < length; ++i) {
        hex += "0123456789abcdef"[digest[i] >> 4];
        hex += "0123456789abcdef"[digest[i] & 15];
      }
      out["digests"].push_back(hex);
    }
    out["sent_each"].push_back(board.sent);
  }
  out["sent"] = sent;
  out["dropped"] = dropped;
  return out;
}

}  // namespace
}  // namespace hilltop::bench

int main(int argc, char** argv) {
  using namespace hilltop::bench;
  const Arguments arguments(argc, argv);
  Simulator simulator(arguments);
  say("ready");
  if (wait_for_word() != "go") return 1;
  say(simulator.run().dump());
  (void)wait_for_word();  // the terminals stay until readers have read what is left
}
