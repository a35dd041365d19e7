// SPDX-License-Identifier: Apache-2.0
// How a shard reads lines that may have bytes: a batch at a time, straight into the memory that window and journal
// share.
#include <algorithm>
#include <cerrno>

#include "boards/console/shard_port.hpp"
#include "drivers/core/log.hpp"

namespace hilltop::boards {
namespace {

constexpr std::size_t small_block = 4 * 1024;  // what a console that says little costs
constexpr std::size_t large_block = 64 * 1024;
constexpr std::size_t smallest_read = 2 * 1024;  // less room than this in a block: begin another
constexpr std::size_t marks_a_block = 1024;
constexpr std::size_t batch_lines = 64;  // read, and stamped, together: 0.2 ms

}  // namespace

void Shard::read_ready() {
  for (std::span<Port* const> left = ready_; !left.empty() && !writer_.full();) {
    const auto batch = left.first(std::min(left.size(), batch_lines));
    read_some(batch);
    left = left.subspan(batch.size());
  }
}

void Shard::make_room(Port& port) {
  const auto& block = port.block;
  const bool has_room = block && block->capacity - block->used >= smallest_read && block->marks.size() < marks_a_block;
  if (has_room) return;
  const bool busy = block && block->used >= block->capacity / 2;
  port.block = std::make_shared<ByteBlock>(port.end, busy ? large_block : small_block);
}

void Shard::read_some(std::span<Port* const> ports) {
  reads_.clear();
  for (auto* port : ports) {
    make_room(*port);
    auto& block = *port->block;
    reads_.push_back({port->fd, block.data.get() + block.used, block.capacity - block.used, port->no_wait, 0});
  }
  reader_->read(reads_);
  const auto now = utc_->now();
  for (std::size_t i = 0; i < ports.size(); ++i)
    if (reads_[i].got > 0) take(*ports[i], static_cast<std::size_t>(reads_[i].got), now);
  // To the writer first: what a reader sees is already on its way to the disk.
  writer_.push(records_);
  commit(ports);
  for (std::size_t i = 0; i < ports.size(); ++i)
    if (reads_[i].got <= 0) took_nothing(*ports[i], reads_[i].got);
}

void Shard::take(Port& port, std::size_t bytes, UtcTime now) {
  now = std::max(now, port.last);
  if (port.paused) {
    note(port, RecordKind::paused, now, port.last);
    port.paused = false;
  }
  const std::string_view view(port.block->data.get() + port.block->used, bytes);
  records_.push_back({RecordKind::data, 0, port.state->log, port.block, view, {port.end, now, port.last}});
  port.fresh = bytes;
  port.fresh_time = now;
  port.fresh_bound = port.last;
  port.end += bytes;
  port.last = now;
  port.quiet_sweeps = 0;
  largest_read_ = std::max(largest_read_, bytes);
  counters_.bytes.fetch_add(bytes, std::memory_order_relaxed);
  counters_.reads.fetch_add(1, std::memory_order_relaxed);
}

void Shard::commit(std::span<Port* const> ports) {
  for (auto* port : ports) {
    if (port->fresh == 0) continue;
    auto& state = *port->state;
    {
      const std::lock_guard lock(state.mutex);
      state.window.commit(port->block, port->fresh, port->fresh_time, port->fresh_bound,
                          state.log->written.load(std::memory_order_acquire),
                          state.window_limit->load(std::memory_order_relaxed));
      state.readers.wake_all();
    }
    port->fresh = 0;
    if (!port->swept) look_at_busy(*port);
  }
}

void Shard::took_nothing(Port& port, ssize_t got) {
  if (got == -EAGAIN && !port.hung_up) {
    ++port.quiet_sweeps;
    return;
  }
  const auto what = got == 0         ? std::string("its other end closed it")
                    : got == -EAGAIN ? std::string("it hung up")
                                     : system_error("read", static_cast<int>(-got)).text;
  end_line(port,
           Error(Errc::unavailable, Blame::infrastructure, port.state->title() + ": the line has ended: " + what));
}

void Shard::end_line(Port& port, Error why) {
  log::warn("console {}", why.text);
  if (!port.swept) unwatch(inputs_.get(), port.fd);
  arm_output(port, false);
  port.ended = true;
  note(port, RecordKind::ended, time_for(port), port.last);
  ConsoleEngine::OnEnded tell;
  {
    const std::lock_guard lock(port.state->mutex);
    port.state->ended = why;
    tell = port.state->on_ended;
    if (!tell) {
      port.state->fail_jobs(why);
      port.state->readers.wake_all();
    }
  }
  if (tell) tell(why);
}

}  // namespace hilltop::boards
