// SPDX-License-Identifier: Apache-2.0
// When a shard reads which lines.
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "boards/console/shard_port.hpp"
#include "drivers/core/log.hpp"

namespace hilltop::boards {
namespace {

using std::chrono::microseconds;
// Measured with 64 and 512 paced ptys: a sweep a millisecond reads 300 B a line at 3 Mbaud, for half of what waiting
// for each of them costs.
constexpr std::size_t many_busy = 16;  // more than this in one stretch: sweep
constexpr microseconds stretch{4000};  // of time in which busy lines are counted
constexpr unsigned quiet_limit = 20;   // sweeps without a byte, then the line is waited for again
constexpr microseconds shortest{250};  // between two sweeps
constexpr microseconds longest{4000};  // a tty holds 4 KiB: 13 ms at 3 Mbaud
constexpr std::size_t little = 96;     // the largest read of a sweep: sweep half as often
constexpr std::size_t much = 1024;     // ... twice as often
constexpr std::size_t flood = 2048;    // ... at once
constexpr microseconds late{20'000};   // 4 KiB come in 13 ms at 3 Mbaud; the tty's flip buffers hold 50 ms more
constexpr microseconds clock_check{1'000'000};

}  // namespace

void Shard::turn() {
  ready_.clear();
  largest_read_ = 0;
  if (writer_.full()) {
    pause();
    take_events(paused_.get(), -1);
    return;
  }
  if (reading_paused_) resume();
  wait_for_events();
  read_ready();
  settle();
  follow_clock();
}

// While the disk is behind nothing is read: the line's own flow control has to hold, and no byte is dropped here.
void Shard::pause() {
  if (reading_paused_) return;
  reading_paused_ = true;
  ++counters_.pauses;
  log::warn("consoles: the disk is too slow; reading pauses");
}

void Shard::resume() {
  reading_paused_ = false;
  last_sweep_ = clock_->steady();
  for (const auto& [number, port] : ports_) port->paused = !port->ended;
}

void Shard::wait_for_events() {
  if (swept_.empty()) {
    take_events(inputs_.get(), -1);
    return;
  }
  sleep_until_sweep();
  take_events(inputs_.get(), 0);
  add_swept();
}

void Shard::take_events(int epoll, int timeout_ms) {
  std::array<epoll_event, 256> events;
  const int n = ::epoll_wait(epoll, events.data(), static_cast<int>(events.size()), timeout_ms);
  for (int i = 0; i < n; ++i) {
    const auto& event = events.at(static_cast<std::size_t>(i));
    if (event.data.u64 == wake_mark) {
      std::uint64_t count = 0;
      [[maybe_unused]] const auto got = ::read(wake_.get(), &count, sizeof count);
    } else if (event.data.u64 == outputs_mark) {
      std::array<epoll_event, 32> writable;
      const int outputs = ::epoll_wait(outputs_.get(), writable.data(), static_cast<int>(writable.size()), 0);
      for (int k = 0; k < outputs; ++k) {
        const auto number = static_cast<std::uint32_t>(writable.at(static_cast<std::size_t>(k)).data.u64);
        if (const auto port = ports_.find(number); port != ports_.end()) write_to(*port->second);
      }
    } else if (const auto port = ports_.find(static_cast<std::uint32_t>(event.data.u64));
               port != ports_.end() && !port->second->ended) {
      port->second->hung_up = (event.events & (EPOLLHUP | EPOLLERR)) != 0;
      ready_.push_back(port->second.get());
    }
  }
}

void Shard::sleep_until_sweep() {
  const auto left = last_sweep_ + interval_ - clock_->steady();
  if (left <= microseconds(0)) return;
  const timespec time{.tv_sec = left.count() / 1'000'000, .tv_nsec = left.count() % 1'000'000 * 1000};
  // Commands, and lines that can be written to again, do not wait for the sweep.
  std::array<epoll_event, 1> event;
  if (::epoll_pwait2(paused_.get(), event.data(), 1, &time, nullptr) > 0) interval_ = microseconds(0);
}

void Shard::add_swept() {
  const auto now = clock_->steady();
  const auto gap = now - last_sweep_;
  JournalWriter::Counters::raise(counters_.longest_sweep_gap_us, static_cast<std::uint64_t>(gap.count()));
  if (gap > late) ++counters_.late_sweeps;
  last_sweep_ = now;
  ready_.insert(ready_.end(), swept_.begin(), swept_.end());
}

// Called for each line that brought bytes while it was waited for.
void Shard::look_at_busy(Port& port) {
  if (!swept_.empty()) return sweep_from_now_on(port);
  const auto now = clock_->steady();
  if (now - busy_since_ > stretch) {
    for (auto* one : busy_) one->busy = false;
    busy_.clear();
    busy_since_ = now;
  }
  if (port.busy) return;
  port.busy = true;
  busy_.push_back(&port);
  if (busy_.size() <= many_busy) return;
  last_sweep_ = now;
  interval_ = shortest;
  for (auto* one : busy_) {
    one->busy = false;
    sweep_from_now_on(*one);
  }
  busy_.clear();
}

void Shard::sweep_from_now_on(Port& port) {
  if (port.swept || port.ended) return;
  unwatch(inputs_.get(), port.fd);
  port.swept = true;
  port.quiet_sweeps = 0;
  swept_.push_back(&port);
}

void Shard::end_sweeping(Port& port) {
  port.swept = false;
  if (port.ended) return;
  if (auto watched = watch(inputs_.get(), port.fd, EPOLLIN, port.state->number); !watched)
    end_line(port, std::move(watched).error().within(port.state->title()));
}

void Shard::settle() {
  if (swept_.empty()) return;
  std::erase_if(swept_, [this](Port* port) {
    if (!port->ended && port->quiet_sweeps < quiet_limit) return false;
    end_sweeping(*port);
    return true;
  });
  if (swept_.size() <= many_busy / 2) {
    for (auto* port : swept_) end_sweeping(*port);
    swept_.clear();
  }
  if (largest_read_ >= flood) {
    interval_ = microseconds(0);
  } else if (largest_read_ >= much) {
    interval_ = std::clamp(interval_ / 2, shortest, longest);
  } else if (largest_read_ < little) {
    interval_ = std::clamp(interval_ * 2, shortest, longest);
  } else {
    interval_ = std::clamp<microseconds>(interval_, shortest * 4, longest);
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
