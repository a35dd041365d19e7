// SPDX-License-Identifier: Apache-2.0
// A turn of the shard's thread: waits, reads, writes.
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "boards/console/shard_port.hpp"
#include "drivers/core/log.hpp"

namespace hilltop::boards {
namespace {

using std::chrono::microseconds;
constexpr microseconds clock_check{1'000'000};
constexpr microseconds complaint_interval{10'000'000};
constexpr microseconds pause_check{100'000};  // a pause is over when the writer says so; this is for a lost word

}  // namespace

void Shard::turn() {
  // Once it pauses it goes on when half of the memory is free: not to stop again at once.
  if (writer_.full() || (reading_paused_ && writer_.pending_bytes() > options_.pending_limit_bytes / 2)) {
    pause();
    take_events(paused_.get(), pause_check);
    return;
  }
  if (reading_paused_) resume();
  wait_for_events();
  regroup_when_due();
  read_lines();
  sweep_when_due();
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
  std::optional<microseconds> limit;
  if (!swept_.empty()) limit = std::max(last_sweep_ + interval_ - clock_->steady(), microseconds(0));
  if (may_be_more_) limit = microseconds(0);
  take_events(inputs_.get(), limit);
}

void Shard::take_events(int epoll, std::optional<microseconds> limit) {
  timespec time{};
  if (limit) time = {.tv_sec = limit->count() / 1'000'000, .tv_nsec = limit->count() % 1'000'000 * 1000};
  std::array<epoll_event, 4> events;
  const int n = ::epoll_pwait2(epoll, events.data(), static_cast<int>(events.size()), limit ? &time : nullptr, nullptr);
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
