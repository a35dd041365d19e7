// SPDX-License-Identifier: Apache-2.0
#include "boards/console/shard.hpp"

#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <future>

#include "boards/console/shard_port.hpp"
#include "drivers/core/log.hpp"

namespace hilltop::boards {
namespace {

constexpr std::size_t large_block = 64 * 1024;
constexpr std::size_t spare_blocks = 128;
constexpr int niceness = -10;
constexpr auto flush_limit = 200ms;
constexpr std::uint32_t echo_stretches = 50;    // of 20 ms
constexpr unsigned long timer_slack_ns = 1000;  // a sweep that is 50 us late each time is not a sweep a millisecond

}  // namespace

Shard::Shard(const ConsoleEngine::Options& options, std::shared_ptr<Transcript> transcript, Sealer& sealer,
             JournalWriter::Counters& counters)
    : options_(options),
      transcript_(std::move(transcript)),
      counters_(counters),
      clock_(options.clock ? options.clock : std::make_shared<WallClock>()),
      large_(std::make_shared<BlockPool>(large_block, spare_blocks)),
      writer_(options, transcript_, sealer, counters, [this] { poke(); }) {}

Result<> Shard::start() {
  wake_ = FileHandle(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  for (auto* epoll : {&outputs_, &inputs_, &paused_}) *epoll = FileHandle(::epoll_create1(EPOLL_CLOEXEC));
  if (!wake_.valid() || !outputs_.valid() || !inputs_.valid() || !paused_.valid())
    return system_error("console shard", errno);
  for (auto* epoll : {&inputs_, &paused_}) {
    HILLTOP_CHECK(watch(epoll->get(), wake_.get(), EPOLLIN, wake_mark));
    HILLTOP_CHECK(watch(epoll->get(), outputs_.get(), EPOLLIN, outputs_mark));
  }
  HILLTOP_CHECK(writer_.start());
  std::promise<Result<>> begun;
  thread_ = std::thread([this, &begun] {
    ::prctl(PR_SET_NAME, "ingest");
    ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), niceness);  // where hilltopd may: a UART does not wait
    ::prctl(PR_SET_TIMERSLACK, timer_slack_ns);
    auto ready = start_on_thread();
    const bool runs = ready.has_value();
    begun.set_value(std::move(ready));
    if (runs) run();
    reader_.reset();
  });
  return begun.get_future().get();
}

// A ring belongs to the thread that made it.
Result<> Shard::start_on_thread() {
  HILLTOP_TRY(reader_, LineReader::make(options_.engine, [this](std::uint32_t line) { return room(line); }));
  engine_ = reader_->name();
  utc_ = std::make_unique<SteadyUtc>(clock_);
  return watch(inputs_.get(), reader_->fd(), EPOLLIN, lines_mark);
}

Shard::~Shard() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  poke();
  thread_.join();
}

void Shard::poke() const {
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto n = ::write(wake_.get(), &one, sizeof one);  // full means it is awake anyway
}

void Shard::post(Command command) {
  {
    const std::lock_guard lock(mutex_);
    commands_.push_back(std::move(command));
  }
  poke();
}

void Shard::call(const Command& command) {
  std::promise<void> done;
  post([&] {
    command();
    done.set_value();
  });
  done.get_future().wait();
}

Result<> Shard::add(std::shared_ptr<ConsoleState> state, int fd, bool gap) {
  Result<> out;
  call([&] { out = add_on_thread(state, fd, gap); });
  return out;
}

void Shard::remove(const std::shared_ptr<ConsoleState>& state) {
  call([&] { remove_on_thread(state); });
  // So that the next owner of this console finds all of it in the transcript; a stalled disk is not waited for.
  writer_.flush(flush_limit);
}

void Shard::note(const std::shared_ptr<ConsoleState>& state, LineErrors errors) {
  post([this, state, errors] {
    const auto found = ports_.find(state->number);
    if (found == ports_.end()) return;
    auto& port = *found->second;
    const auto put = [&](std::uint32_t count, RecordKind kind, const char* what) {
      if (count == 0) return;
      log::warn("console {}: {} {}", state->title(), count, what);
      note(port, kind, time_for(port), port.last, count);
    };
    put(errors.overruns, RecordKind::overrun, "overruns of the port: bytes are lost");
    put(errors.framing, RecordKind::framing, "bytes without a stop bit: does the speed agree?");
    put(errors.parity, RecordKind::parity, "bytes of wrong parity");
    put(errors.breaks, RecordKind::line_break, "breaks");
    put(errors.buffer_overruns, RecordKind::buffer_overrun, "overruns of the kernel's buffer: bytes are lost");
  });
}

void Shard::pump(std::shared_ptr<ConsoleState> state) {
  post([this, state = std::move(state)] {
    if (const auto port = ports_.find(state->number); port != ports_.end()) write_to(*port->second);
  });
}

void Shard::run() {
  for (;;) {
    turn();
    run_commands();
    const std::lock_guard lock(mutex_);
    if (stop_ && commands_.empty()) return;
  }
}

void Shard::run_commands() {
  std::vector<Command> commands;
  {
    const std::lock_guard lock(mutex_);
    commands.swap(commands_);
  }
  for (const auto& command : commands) command();
}

Result<> Shard::add_on_thread(const std::shared_ptr<ConsoleState>& state, int fd, bool gap) {
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || ((flags & O_NONBLOCK) == 0 && ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0))
    return system_error(state->title(), errno);
  remove_on_thread(state);
  auto port = std::make_unique<Port>();
  port->state = state;
  port->fd = fd;
  {
    const std::lock_guard lock(state->mutex);
    port->end = state->window.end();
    port->last = state->last_read.value_or(transcript_->last_time(state->key).value_or(UtcTime()));
    if (port->last == UtcTime()) port->last = utc_->now();
    state->ended.reset();
    state->shard = this;
  }
  auto& added = *(ports_[state->number] = std::move(port));
  if (auto watched = reader_->add(state->number, fd); !watched) {
    ports_.erase(state->number);
    const std::lock_guard lock(state->mutex);
    state->shard = nullptr;
    return std::move(watched).within(state->title());
  }
  const auto now = time_for(added);
  note(added, gap ? RecordKind::gap : RecordKind::opened, now, added.last);
  added.last = now;  // what comes now came after it
  write_to(added);   // what waited for the port to come back
  return ok();
}

void Shard::remove_on_thread(const std::shared_ptr<ConsoleState>& state) {
  const auto it = ports_.find(state->number);
  if (it == ports_.end()) return;
  auto& port = *it->second;
  if (!port.ended) {
    let_go_of(port);
    arm_output(port, false);
    note(port, RecordKind::closed, time_for(port), port.last);
  }
  may_be_more_ = true;  // of other lines, that came while this one was let go of
  const std::lock_guard lock(state->mutex);
  state->last_read = port.last;
  ports_.erase(it);
  state->shard = nullptr;
}

void Shard::note(const Port& port, RecordKind kind, UtcTime time, UtcTime bound, std::uint32_t count) {
  writer_.push({kind, count, port.state->log, nullptr, {}, {port.end, time, bound}});
  counters_.records.fetch_add(1, std::memory_order_relaxed);
}

void Shard::arm_output(Port& port, bool on) {
  if (port.output_armed == on) return;
  if (!on) unwatch(outputs_.get(), port.fd);
  if (on && !watch(outputs_.get(), port.fd, EPOLLOUT, port.state->number)) return;
  port.output_armed = on;
}

void Shard::write_to(Port& port) {
  auto& state = *port.state;
  const std::lock_guard lock(state.mutex);
  bool full = false;
  while (!state.jobs.empty() && !full) {
    auto& job = *state.jobs.front();
    Result<> outcome = ok();
    if (port.ended && state.ended && state.on_ended) break;  // until the port is back
    if (port.ended && state.ended) outcome = *state.ended;
    while (outcome && !job.canceled && job.done < job.bytes.size()) {
      const auto n = ::write(port.fd, job.bytes.data() + job.done, job.bytes.size() - job.done);
      if (n >= 0) {
        job.done += static_cast<std::size_t>(n);
        port.typed_until = stretch_ + echo_stretches;
      } else if (errno == EAGAIN) {
        full = true;
        break;
      } else if (errno != EINTR) {
        auto error = system_error("write", errno);
        outcome = Error(Errc::unavailable, Blame::infrastructure, state.title() + ": " + error.text);
      }
    }
    if (full) break;
    job.outcome = std::move(outcome);
    Waiter::wake(job.writer);
    state.jobs.pop_front();
  }
  arm_output(port, full);
  if (port.swept && stretch_ < port.typed_until) sweep_no_more(port);
}

}  // namespace hilltop::boards
