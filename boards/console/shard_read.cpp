// SPDX-License-Identifier: Apache-2.0
// How a shard reads: straight into the memory that window and journal share.
#include <algorithm>
#include <cerrno>

#include "boards/console/shard_port.hpp"
#include "drivers/core/log.hpp"

namespace hilltop::boards {
namespace {

constexpr std::size_t small_block = 4 * 1024;    // what a console that says little costs
constexpr std::size_t smallest_read = 2 * 1024;  // less room than this in a block: begin another
constexpr std::size_t marks_a_block = 1024;
constexpr int batches_a_turn = 64;  // then commands have their turn
constexpr std::uint32_t often = 3;  // reads in a stretch of 20 ms: a busy line

}  // namespace

std::span<char> Shard::room(std::uint32_t number) {
  auto& port = *ports_.at(number);
  const auto& block = port.block;
  if (!block || block->capacity - block->used < smallest_read || block->marks.size() >= marks_a_block) {
    const bool busy = block && block->used >= block->capacity / 2;
    port.block =
        busy ? std::make_shared<ByteBlock>(port.end, *large_) : std::make_shared<ByteBlock>(port.end, small_block);
  }
  return {port.block->data.get() + port.block->used, port.block->capacity - port.block->used};
}

void Shard::read_lines() {
  for (int i = 0; i < batches_a_turn; ++i) {
    reads_.clear();
    const bool again = reader_->collect(reads_);
    take_all();
    may_be_more_ = again;
    if (!may_be_more_ || writer_.full()) return;
  }
}

// What had come of the line is taken first.
void Shard::let_go_of(Port& port) {
  if (port.swept) {
    leave_sweep(port);
  } else if (const auto came = reader_->remove(port.state->number); came > 0) {
    take(port, came, utc_->now());
    writer_.push(records_);
    commit(port);
  }
}

// The time is taken once for a batch, which is read within a fraction of a millisecond.
void Shard::take_all() {
  if (reads_.empty()) return;
  const auto now = utc_->now();
  for (const auto& read : reads_)
    if (read.got > 0) take(*ports_.at(read.line), static_cast<std::size_t>(read.got), now);
  // To the writer first: what a reader sees is already on its way to the disk.
  writer_.push(records_);
  for (const auto& read : reads_) {
    auto& port = *ports_.at(read.line);
    if (read.got > 0) commit(port);
    if (read.got <= 0) end_line(port, read.got);
  }
}

void Shard::take(Port& port, std::size_t bytes, UtcTime now) {
  now = std::max(now, port.last);
  if (port.paused) note(port, RecordKind::paused, now, port.last);
  port.paused = false;
  const std::string_view view(port.block->data.get() + port.block->used, bytes);
  records_.push_back({RecordKind::data, 0, port.state->log, port.block, view, {port.end, now, port.last}});
  port.fresh = bytes;
  port.fresh_bound = port.last;
  port.end += bytes;
  port.last = now;
  largest_read_ = std::max(largest_read_, bytes);
  if (port.stretch != stretch_) port.reads = 0;
  port.stretch = stretch_;
  if (++port.reads == often && !port.swept && stretch_ >= port.typed_until) busy_.push_back(port.state->number);
  counters_.bytes.fetch_add(bytes, std::memory_order_relaxed);
  counters_.reads.fetch_add(1, std::memory_order_relaxed);
}

void Shard::commit(Port& port) {
  auto& state = *port.state;
  const std::lock_guard lock(state.mutex);
  state.window.commit(port.block, port.fresh, port.last, port.fresh_bound,
                      state.log->written.load(std::memory_order_acquire),
                      state.window_limit->load(std::memory_order_relaxed));
  state.readers.wake_all();
}

void Shard::end_line(Port& port, ssize_t got) {
  const auto what = got == 0        ? std::string("its other end closed it")
                    : got == -EPIPE ? std::string("it hung up")
                                    : system_error("read", static_cast<int>(-got)).text;
  auto& state = *port.state;
  const Error why(Errc::unavailable, Blame::infrastructure, state.title() + ": the line has ended: " + what);
  log::warn("console {}", why.text);
  let_go_of(port);
  arm_output(port, false);
  port.ended = true;
  note(port, RecordKind::ended, time_for(port), port.last);
  ConsoleEngine::OnEnded tell;
  {
    const std::lock_guard lock(state.mutex);
    state.ended = why;
    tell = state.on_ended;
    if (!tell) {
      state.fail_jobs(why);
      state.readers.wake_all();
    }
  }
  if (tell) tell(why);
}

}  // namespace hilltop::boards
