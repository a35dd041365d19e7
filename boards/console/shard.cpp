// SPDX-License-Identifier: Apache-2.0
#include "boards/console/shard.hpp"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <future>

#include "drivers/core/log.hpp"

namespace hilltop::boards {
namespace {

// Epoll's data: a console's number, or one of these.
constexpr std::uint64_t wake_mark = 1ULL << 32;
constexpr std::uint64_t outputs_mark = 2ULL << 32;
constexpr std::size_t small_block = 4 * 1024;  // what a console that says little costs
constexpr std::size_t large_block = 64 * 1024;
constexpr std::size_t smallest_read = 2 * 1024;  // less room than this in a block: begin another
constexpr std::size_t marks_a_block = 1024;
constexpr auto flush_limit = 200ms;

Result<> watch(int epoll, int fd, std::uint32_t events, std::uint64_t data) {
  epoll_event event{};
  event.events = events;
  event.data.u64 = data;
  if (::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) != 0) return system_error("watch descriptor", errno);
  return ok();
}

void unwatch(int epoll, int fd) { ::epoll_ctl(epoll, EPOLL_CTL_DEL, fd, nullptr); }

}  // namespace

struct Shard::Port {
  std::shared_ptr<ConsoleState> state;
  int fd = -1;
  std::shared_ptr<ByteBlock> block;  // where the next bytes go
  std::uint64_t end = 0;
  UtcTime last;  // of the last read
  bool output_armed = false;
  bool ended = false;
};

Shard::Shard(const ConsoleEngine::Options& options, std::shared_ptr<Transcript> transcript, Sealer& sealer,
             JournalWriter::Counters& counters, std::atomic<std::uint64_t>& bytes)
    : options_(options),
      transcript_(std::move(transcript)),
      bytes_(bytes),
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
  thread_ = std::thread([this] { run(); });
  return ok();
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

Result<> Shard::add(std::shared_ptr<ConsoleState> state, int fd) {
  Result<> out;
  call([&] { out = add_on_thread(state, fd); });
  return out;
}

void Shard::remove(const std::shared_ptr<ConsoleState>& state) {
  call([&] { remove_on_thread(state); });
  // So that the next owner of this console finds all of it in the transcript; a stalled disk is not waited for.
  writer_.flush(flush_limit);
}

void Shard::pump(std::shared_ptr<ConsoleState> state) {
  post([this, state = std::move(state)] {
    if (const auto port = ports_.find(state->number); port != ports_.end()) write_to(*port->second);
  });
}

void Shard::run() {
  for (;;) {
    wait_for_events();
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

void Shard::wait_for_events() {
  std::array<epoll_event, 128> events;
  // While the disk is behind nothing is read: the line's own flow control has to hold, and no byte is dropped here.
  const int epoll = writer_.full() ? paused_.get() : inputs_.get();
  const int n = ::epoll_wait(epoll, events.data(), static_cast<int>(events.size()), -1);
  for (int i = 0; i < n; ++i) {
    const auto& event = events.at(static_cast<std::size_t>(i));
    if (event.data.u64 == wake_mark) {
      std::uint64_t count = 0;
      [[maybe_unused]] const auto got = ::read(wake_.get(), &count, sizeof count);
    } else if (event.data.u64 == outputs_mark) {
      std::array<epoll_event, 32> ready;
      const int outputs = ::epoll_wait(outputs_.get(), ready.data(), static_cast<int>(ready.size()), 0);
      for (int k = 0; k < outputs; ++k)
        write_to(*ports_.at(static_cast<std::uint32_t>(ready.at(static_cast<std::size_t>(k)).data.u64)));
    } else {
      const auto port = ports_.find(static_cast<std::uint32_t>(event.data.u64));
      if (port != ports_.end() && !port->second->ended)
        read_from(*port->second, (event.events & (EPOLLHUP | EPOLLERR)) != 0);
    }
  }
}

Result<> Shard::add_on_thread(const std::shared_ptr<ConsoleState>& state, int fd) {
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || ((flags & O_NONBLOCK) == 0 && ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) != 0))
    return system_error(state->title(), errno);
  remove_on_thread(state);
  auto port = std::make_unique<Port>();
  port->state = state;
  port->fd = fd;
  const auto now = utc_now();
  {
    const std::lock_guard lock(state->mutex);
    port->end = state->window.end();
    state->ended.reset();
    state->shard = this;
  }
  port->last = transcript_->last_time(*state->key).value_or(now);
  if (auto watched = watch(inputs_.get(), fd, EPOLLIN, state->number); !watched) {
    const std::lock_guard lock(state->mutex);
    state->shard = nullptr;
    return std::move(watched).within(state->title());
  }
  note(*port, RecordKind::opened, now);
  port->last = now;  // what comes now came after it
  ports_[state->number] = std::move(port);
  return ok();
}

void Shard::remove_on_thread(const std::shared_ptr<ConsoleState>& state) {
  const auto it = ports_.find(state->number);
  if (it == ports_.end()) return;
  auto& port = *it->second;
  if (!port.ended) {
    unwatch(inputs_.get(), port.fd);
    arm_output(port, false);
    note(port, RecordKind::closed, utc_now());
  }
  ports_.erase(it);
  const std::lock_guard lock(state->mutex);
  state->shard = nullptr;
}

void Shard::read_from(Port& port, bool hung_up) {
  auto& block = port.block;
  const auto room = [&] { return block ? block->capacity - block->used : 0; };
  if (room() < smallest_read || block->marks.size() >= marks_a_block) {
    const bool busy = block && block->used >= block->capacity / 2;
    block = std::make_shared<ByteBlock>(port.end, busy ? large_block : small_block);
  }
  const auto n = ::read(port.fd, block->data.get() + block->used, room());
  if (n > 0) return take(port, static_cast<std::size_t>(n));
  if (n < 0 && errno == EINTR) return;
  if (n < 0 && errno == EAGAIN && !hung_up) return;
  const auto what = n == 0                     ? std::string("its other end closed it")
                    : n < 0 && errno == EAGAIN ? std::string("it hung up")
                                               : system_error("read", errno).text;
  end_line(port,
           Error(Errc::unavailable, Blame::infrastructure, port.state->title() + ": the line has ended: " + what));
}

void Shard::take(Port& port, std::size_t bytes) {
  const auto now = utc_now();
  auto& state = *port.state;
  const std::string_view view(port.block->data.get() + (port.end - port.block->offset), bytes);
  // To the writer first: what a reader sees is already on its way to the disk.
  writer_.push(
      {RecordKind::data, state.number, state.key, port.block, view, {port.end, now, port.last}, state.written});
  {
    const std::lock_guard lock(state.mutex);
    state.window.commit(port.block, bytes, now, port.last, state.written->load(std::memory_order_acquire));
    state.readers.wake_all();
  }
  port.end += bytes;
  port.last = now;
  bytes_.fetch_add(bytes, std::memory_order_relaxed);
}

void Shard::note(const Port& port, RecordKind kind, UtcTime time) {
  writer_.push(
      {kind, port.state->number, port.state->key, nullptr, {}, {port.end, time, port.last}, port.state->written});
}

void Shard::end_line(Port& port, Error why) {
  log::warn("console {}", why.text);
  unwatch(inputs_.get(), port.fd);
  arm_output(port, false);
  port.ended = true;
  note(port, RecordKind::ended, utc_now());
  const std::lock_guard lock(port.state->mutex);
  port.state->fail_jobs(why);
  port.state->ended = std::move(why);
  port.state->readers.wake_all();
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
    if (port.ended && state.ended) outcome = *state.ended;
    while (outcome && !job.canceled && job.done < job.bytes.size()) {
      const auto n = ::write(port.fd, job.bytes.data() + job.done, job.bytes.size() - job.done);
      if (n >= 0) {
        job.done += static_cast<std::size_t>(n);
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
}

}  // namespace hilltop::boards
