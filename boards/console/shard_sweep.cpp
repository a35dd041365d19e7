// SPDX-License-Identifier: Apache-2.0
// Which lines are swept, and when: plain reads, one after the other. Measured with 64 and 512 paced ptys, CPU a byte: a
// sweep's read costs two thirds of one that epoll or io_uring told of, and a third when four times the bytes have come.
#include <algorithm>
#include <cerrno>

#include <unistd.h>

#include "boards/console/shard_port.hpp"
#include "drivers/core/log.hpp"

namespace hilltop::boards {
namespace {

using std::chrono::microseconds;
constexpr std::size_t many_busy = 16;      // more busy lines than this: sweep them
constexpr microseconds stretch{20'000};    // of time in which a line's reads are counted
constexpr std::uint32_t quiet_enough = 3;  // stretches without a byte: a line is not swept any more
constexpr microseconds shortest{250};      // between two sweeps
constexpr microseconds longest{4000};      // a tty holds 4 KiB: 13 ms at 3 Mbaud; its flip buffers hold 50 ms more
constexpr std::size_t little = 1024;       // the largest read of a sweep: sweep half as often
constexpr std::size_t much = 2048;         // ... twice as often
constexpr std::size_t flood = 3500;        // ... as often as can be
constexpr microseconds late{20'000};       // a UART may have overrun

}  // namespace

void Shard::sweep_when_due() {
  if (swept_.empty()) return;
  const auto now = clock_->steady();
  if (now - last_sweep_ < interval_) return;
  note_gap(now);
  largest_read_ = 0;
  for (std::size_t at = 0; at < swept_.size();) {
    sweep_some(at);
    // A key's echo does not wait for all of the others.
    if (at < swept_.size()) read_lines();
  }
  set_interval();
}

void Shard::sweep_some(std::size_t& at) {
  reads_.clear();
  for (const auto end = std::min(at + LineReader::batch, swept_.size()); at < end; ++at) {
    const auto number = swept_[at];
    const auto memory = room(number);
    const auto got = ::read(ports_.at(number)->fd, memory.data(), memory.size());
    if (got >= 0 || (errno != EAGAIN && errno != EINTR)) reads_.push_back({number, got >= 0 ? got : -errno});
  }
  take_all();
}

void Shard::note_gap(Steady now) {
  const auto gap = now - last_sweep_;
  JournalWriter::Counters::raise(counters_.longest_sweep_gap_us, static_cast<std::uint64_t>(gap.count()));
  if (gap > late) ++counters_.late_sweeps;
  last_sweep_ = now;
}

void Shard::set_interval() {
  if (largest_read_ >= flood) {
    interval_ = shortest;
  } else if (largest_read_ >= much) {
    interval_ = std::clamp(interval_ / 2, shortest, longest);
  } else if (largest_read_ < little) {
    interval_ = std::clamp(interval_ * 2, shortest, longest);
  } else {
    interval_ = std::max(interval_, shortest);
  }
}

void Shard::regroup_when_due() {
  const auto now = clock_->steady();
  if (now - stretch_begun_ < stretch) return;
  if (swept_.empty()) last_sweep_ = now;
  if (busy_.size() + swept_.size() > many_busy)
    for (const auto number : busy_)
      if (const auto port = ports_.find(number); port != ports_.end()) sweep_from_now_on(*port->second);
  const bool few = swept_.size() <= many_busy / 2;
  for (const auto number : std::vector(swept_)) {
    auto& port = *ports_.at(number);
    port.quiet_stretches = port.stretch == stretch_ ? 0 : port.quiet_stretches + 1;
    if (few || port.quiet_stretches >= quiet_enough) sweep_no_more(port);
  }
  busy_.clear();
  stretch_begun_ = now;
  ++stretch_;
}

void Shard::sweep_from_now_on(Port& port) {
  if (port.swept || port.ended) return;
  let_go_of(port);
  port.swept = true;
  port.quiet_stretches = 0;
  swept_.push_back(port.state->number);
  ++counters_.lines_swept;
}

void Shard::sweep_no_more(Port& port) {
  if (auto watched = reader_->add(port.state->number, port.fd); !watched) {  // then it is swept for as long as it lasts
    log::warn("console {}: {}", port.state->title(), watched.error().text);
    return;
  }
  leave_sweep(port);
  may_be_more_ = true;
}

void Shard::leave_sweep(Port& port) {
  port.swept = false;
  std::erase(swept_, port.state->number);
  --counters_.lines_swept;
}

}  // namespace hilltop::boards
