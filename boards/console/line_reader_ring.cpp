// SPDX-License-Identifier: Apache-2.0
#include "boards/console/line_reader_ring.hpp"

#include <liburing.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <unordered_map>

#include "boards/console/file.hpp"

namespace hilltop::boards {
namespace {

constexpr unsigned ring_entries = 512;
constexpr unsigned completions = 8192;    // more lines than that overflow into the kernel's own list: slower, not lost
constexpr unsigned deferred_a_call = 20;  // Linux 6.14 io_uring/io_uring.c, IO_LOCAL_TW_DEFAULT_MAX
constexpr std::uint64_t cancel_mark = 1ULL << 32;

// A READ of a descriptor without bytes waits in the kernel until it can be polled, also of a non-blocking one; that it
// is non-blocking keeps a byte that somebody else took from hanging the ring (liburing issue 1623). With DEFER_TASKRUN
// the read itself is done when we ask for completions: not at each interrupt, and on this thread. That there is
// something to ask for an eventfd says: who polls the ring itself is not woken by deferred work (Linux 6.18: neither by
// a terminal's bytes nor by its hanging up).
class RingReader final : public LineReader {
 public:
  explicit RingReader(Room room) : room_(std::move(room)) {}
  ~RingReader() override {
    if (!open_) return;
    while (!lines_.empty()) (void)remove(lines_.begin()->first);  // the memory is its owner's again
    io_uring_queue_exit(&ring_);
  }
  RingReader(const RingReader&) = delete;
  RingReader& operator=(const RingReader&) = delete;

  Result<> start() {
    io_uring_params params{};
    params.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_CQSIZE;
    params.cq_entries = completions;
    const int failed = io_uring_queue_init_params(ring_entries, &ring_, &params);
    if (failed < 0) return system_error("io_uring", -failed);
    open_ = true;
    ready_ = FileHandle(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!ready_.valid()) return system_error("io_uring", errno);
    const int refused = io_uring_register_eventfd(&ring_, ready_.get());
    if (refused < 0) return system_error("io_uring", -refused);
    return ok();
  }

  int fd() const override { return ready_.get(); }
  std::string_view name() const override { return "io_uring"; }

  Result<> add(std::uint32_t line, int fd) override {
    lines_[line] = {fd, false};
    to_arm_.push_back(line);
    arm_all();  // so that fd() tells of its bytes
    io_uring_submit(&ring_);
    return ok();
  }

  std::size_t remove(std::uint32_t line) override {
    const auto found = lines_.find(line);
    if (found == lines_.end()) return 0;
    std::erase(to_arm_, line);
    std::size_t came = 0;
    if (found->second.in_flight) {
      auto* entry = next_entry();
      io_uring_prep_cancel64(entry, line, 0);
      io_uring_sqe_set_data64(entry, cancel_mark);
      while (found->second.in_flight) {
        io_uring_submit_and_wait(&ring_, 1);
        reap(completions);
      }
    }
    std::erase_if(come_, [&](const LineRead& read) {
      if (read.line == line && read.got > 0) came = static_cast<std::size_t>(read.got);
      return read.line == line;
    });
    lines_.erase(found);
    return came;
  }

  bool collect(std::vector<LineRead>& out) override {
    std::uint64_t count = 0;
    [[maybe_unused]] const auto told =
        ::read(ready_.get(), &count, sizeof count);  // before we look: what comes then is told again
    // A line that was just read is read again with all others, not by itself: most have nothing yet.
    if (come_.empty() && io_uring_cq_ready(&ring_) == 0) {
      arm_all();
      do_deferred_reads();
    }
    if (come_.empty()) reap(batch);
    const auto n = std::min(come_.size(), batch);
    for (std::size_t i = 0; i < n; ++i) {
      const auto& read = come_[i];
      const bool nothing = read.got == -EINTR || read.got == -EAGAIN;
      if (nothing || read.got > 0) to_arm_.push_back(read.line);
      if (!nothing && read.got != -ECANCELED) out.push_back(read);
    }
    come_.erase(come_.begin(), come_.begin() + static_cast<std::ptrdiff_t>(n));
    return n > 0 || !to_arm_.empty() || !come_.empty();
  }

 private:
  struct Line {
    int fd = -1;
    bool in_flight = false;
  };

  io_uring_sqe* next_entry() {
    auto* entry = io_uring_get_sqe(&ring_);
    for (; entry == nullptr; entry = io_uring_get_sqe(&ring_)) io_uring_submit(&ring_);
    return entry;
  }

  // The kernel does some of the deferred reads in a call and leaves the rest to the next one: a sweep wants them all.
  void do_deferred_reads() {
    unsigned before = 0;
    do {
      before = io_uring_cq_ready(&ring_);
      io_uring_submit_and_get_events(&ring_);
    } while (io_uring_cq_ready(&ring_) - before >= deferred_a_call);
  }

  void arm_all() {
    for (const auto number : to_arm_) {
      auto& line = lines_.at(number);
      const auto memory = room_(number);
      auto* entry = next_entry();
      io_uring_prep_read(entry, line.fd, memory.data(), static_cast<unsigned>(memory.size()), 0);
      io_uring_sqe_set_data64(entry, number);
      line.in_flight = true;
    }
    to_arm_.clear();
  }

  void reap(std::size_t most) {
    io_uring_cqe* entry = nullptr;
    unsigned head = 0;
    unsigned count = 0;
    io_uring_for_each_cqe(&ring_, head, entry) {
      if (count == most) break;
      ++count;
      const auto mark = io_uring_cqe_get_data64(entry);
      if (mark >= cancel_mark) continue;
      const auto line = static_cast<std::uint32_t>(mark);
      lines_.at(line).in_flight = false;
      come_.push_back({line, entry->res});
    }
    io_uring_cq_advance(&ring_, count);
  }

  Room room_;
  io_uring ring_{};
  FileHandle ready_;
  bool open_ = false;
  std::unordered_map<std::uint32_t, Line> lines_;
  std::vector<std::uint32_t> to_arm_;
  std::vector<LineRead> come_;  // completed, not collected
};

}  // namespace

Result<std::unique_ptr<LineReader>> make_ring_reader(LineReader::Room room) {
  auto out = std::make_unique<RingReader>(std::move(room));
  HILLTOP_CHECK(out->start());
  return std::unique_ptr<LineReader>(std::move(out));
}

}  // namespace hilltop::boards
