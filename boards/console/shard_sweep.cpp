// SPDX-License-Identifier: Apache-2.0
// When a shard reads.
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "boards/console/shard_port.hpp"
#include "drivers/core/log.hpp"

namespace hilltop::boards {
namespace {

using std::chrono::microseconds;
constexpr std::size_t many_busy = 16;    // more lines than this in one stretch: sweep
constexpr microseconds stretch{20'000};  // of time in which busy lines are counted
constexpr microseconds shortest{250};    // between two sweeps
constexpr microseconds usual{1000};
constexpr microseconds longest{4000};  // a tty holds 4 KiB: 13 ms at 3 Mbaud
constexpr std::size_t little = 96;     // the largest read of a sweep: sweep half as often
constexpr std::size_t much = 1024;     // ... twice as often
constexpr std::size_t flood = 2048;    // ... at once
constexpr microseconds late{20'000};   // 4 KiB come in 13 ms at 3 Mbaud; the tty's flip buffers hold 50 ms more
constexpr microseconds clock_check{1'000'000};
constexpr microseconds complaint_interval{10'000'000};
constexpr auto pause_check_ms = 100;  // a pause is over when the writer says so; this is for a lost word

}  // namespace

void Shard::turn() {
  largest_read_ = 0;
  // Once it pauses it goes on when half of the memory is free: not to stop again at once.
  if (writer_.full() || (reading_paused_ && writer_.pending_bytes() > options_.pending_limit_bytes / 2)) {
    pause();
    take_events(paused_.get(), pause_check_ms);
    return;
  }
  if (reading_paused_) resume();
  wait_for_events();
  read_lines();
  decide_to_sweep();
  follow_clock();
}

// While the disk is behind nothing is read: the line's own flow control has to hold, and no byte is dropped here.
void Shard::pause() {
  if (reading_paused_) return;
  reading_paused_ = true;
  ++counters_.pauses;
  const auto now = clock_->steady();
  if (now >= next_complaint_) log::warn("consoles: the disk is too slow; reading pauses");
  if (now >= next_complaint_) next_complaint_ = now + complaint_interval;
}

void Shard::resume() {
  reading_paused_ = false;
  for (const auto& [number, port] : ports_) port->paused = !port->ended;
}

void Shard::wait_for_events() {
  if (sweeping_) {
    sleep_until_sweep();
    take_events(paused_.get(), 0);
    note_gap();
    return;
  }
  take_events(inputs_.get(), may_be_more_ ? 0 : -1);
}

void Shard::take_events(int epoll, int timeout_ms) {
  std::array<epoll_event, 4> events;
  const int n = ::epoll_wait(epoll, events.data(), static_cast<int>(events.size()), timeout_ms);
  for (int i = 0; i < n; ++i) {
    const auto mark = events.at(static_cast<std::size_t>(i)).data.u64;
    if (mark == wake_mark) {
      std::uint64_t count = 0;
      [[maybe_unused]] const auto got = ::read(wake_.get(), &count, sizeof count);
    } else if (mark == outputs_mark) {
      std::array<epoll_event, 32> writable;
      const int outputs = ::epoll_wait(outputs_.get(), writable.data(), static_cast<int>(writable.size()), 0);
      for (int k = 0; k < outputs; ++k) {
        const auto number = static_cast<std::uint32_t>(writable.at(static_cast<std::size_t>(k)).data.u64);
        if (const auto port = ports_.find(number); port != ports_.end()) write_to(*port->second);
      }
    }
  }
}

// Commands, and lines that can be written to again, do not wait for the sweep.
void Shard::sleep_until_sweep() {
  const auto left = last_sweep_ + interval_ - clock_->steady();
  if (may_be_more_ || left <= microseconds(0)) return;
  const timespec time{.tv_sec = left.count() / 1'000'000, .tv_nsec = left.count() % 1'000'000 * 1000};
  std::array<epoll_event, 1> event;
  (void)::epoll_pwait2(paused_.get(), event.data(), 1, &time, nullptr);
}

void Shard::note_gap() {
  const auto now = clock_->steady();
  const auto gap = now - last_sweep_;
  JournalWriter::Counters::raise(counters_.longest_sweep_gap_us, static_cast<std::uint64_t>(gap.count()));
  if (gap > late) ++counters_.late_sweeps;
  last_sweep_ = now;
}

void Shard::decide_to_sweep() {
  const auto now = clock_->steady();
  if (!sweeping_ && busy_ > many_busy) {
    sweeping_ = true;
    interval_ = usual;
    last_sweep_ = now;
  }
  if (sweeping_ && !may_be_more_) set_interval();
  if (now - stretch_begun_ < stretch) return;
  if (sweeping_ && busy_ <= many_busy / 2) {
    sweeping_ = false;
    may_be_more_ = true;
  }
  stretch_begun_ = now;
  ++stretch_;
  busy_ = 0;
}

// Measured with 64 and 512 paced ptys: a sweep a millisecond reads 300 B of each line at 3 Mbaud.
void Shard::set_interval() {
  if (largest_read_ >= flood) {
    interval_ = microseconds(0);
  } else if (largest_read_ >= much) {
    interval_ = std::clamp(interval_ / 2, shortest, longest);
  } else if (largest_read_ < little) {
    interval_ = std::clamp(interval_ * 2, shortest, longest);
  } else {
    interval_ = std::max(interval_, usual);
  }
}

void Shard::follow_clock() {
  const auto now = clock_->steady();
  if (now < next_clock_check_) return;
  next_clock_check_ = now + clock_check;
  const auto back = utc_->follow();
  if (!back) return;
  log::warn("consoles: the system's clock went back by {} ms; console times go on", back->count());
  const auto count = static_cast<std::uint32_t>(std::min<std::int64_t>(back->count(), UINT32_MAX));
  for (const auto& [number, port] : ports_)
    if (!port->ended) note(*port, RecordKind::clock_step, time_for(*port), port->last, count);
}

// Never before what came before: also after a restart with the clock set back meanwhile.
UtcTime Shard::time_for(const Port& port) const { return std::max(utc_->now(), port.last); }

}  // namespace hilltop::boards
