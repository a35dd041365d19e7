// SPDX-License-Identifier: Apache-2.0
#include "bench/console/subscribers.hpp"

#include <boost/asio/post.hpp>

#include "bench/console/support.hpp"

namespace hilltop::bench {
namespace {

constexpr std::size_t read_bytes = 64 * 1024;
constexpr std::uint64_t fetch_bytes = 1 << 20;

Task<> refetch(std::shared_ptr<Subscriber> self, std::uint64_t to) {
  ++self->gaps;
  std::vector<std::uint32_t> ignored;  // they were late on purpose
  while (self->at < to) {
    HILLTOP_CO_TRY(const auto bytes,
                   co_await self->console->fetch(self->at, std::min(to, self->at + fetch_bytes), Deadline::after(10s)));
    if (bytes.empty()) co_return Error(Errc::not_found, Blame::bug, "nothing there where a gap was said to be");
    self->stamps.feed(bytes, monotonic_ns(), ignored);
    self->refetched += bytes.size();
    self->at += bytes.size();
  }
  co_return ok();
}

Task<> take(std::shared_ptr<Subscriber> self, boards::ConsoleChunk chunk) {
  if (chunk.lost > 0) HILLTOP_CO_CHECK(co_await refetch(self, chunk.offset));
  self->stamps.feed(chunk.bytes, monotonic_ns(), self->latencies);
  self->at = chunk.offset + chunk.bytes.size();
  co_return ok();
}

// As a live stream does it: at once after a silence; while the console talks, once a frame.
Task<> follow(std::shared_ptr<Subscriber> self, std::shared_ptr<Event> resumed, std::shared_ptr<Event> frame) {
  if (resumed) HILLTOP_CO_CHECK(co_await resumed->wait(Deadline::never()));
  for (;;) {
    HILLTOP_CO_TRY(auto chunk, co_await self->console->read(self->at, read_bytes, Deadline::never()));
    HILLTOP_CO_CHECK(co_await take(self, std::move(chunk)));
    while (frame) {
      HILLTOP_CO_CHECK(co_await frame->wait(Deadline::never()));
      auto more = self->console->read_now(self->at, read_bytes);
      if (!more) break;
      HILLTOP_CO_CHECK(co_await take(self, *std::move(more)));
    }
  }
}

Task<> tick(std::shared_ptr<Event> frame, std::chrono::milliseconds interval) {
  for (;;) {
    HILLTOP_CO_CHECK(co_await sleep_for(interval));
    frame->notify();
  }
}

Task<> type_keys(std::shared_ptr<boards::Console> console, std::size_t count,
                 std::shared_ptr<std::vector<std::uint32_t>> out) {
  auto at = console->end();
  for (std::size_t i = 0; i < count; ++i) {
    const auto begin = monotonic_ns();
    HILLTOP_CO_CHECK(co_await console->write("k", {}, Deadline::after(5s)));
    HILLTOP_CO_TRY(const auto chunk, co_await console->read(at, 16, Deadline::after(5s)));
    out->push_back(static_cast<std::uint32_t>((monotonic_ns() - begin) / 1000));
    at = chunk.offset + chunk.bytes.size();
    HILLTOP_CO_CHECK(co_await sleep_for(std::chrono::milliseconds(3 + i % 7)));  // a quick typist, at no fixed beat
  }
  co_return ok();
}

asio::awaitable<Result<>> join(TaskScope* scope) {
  co_await scope->join();
  co_return ok();
}

}  // namespace

Subscribers::Subscribers(const std::vector<std::shared_ptr<boards::Console>>& consoles, std::size_t stopped,
                         std::chrono::milliseconds frame)
    : scope_(std::make_unique<TaskScope>(io_.get_executor(), "subscribers")),
      resumed_(std::make_shared<Event>(io_.get_executor())) {
  const auto ticks = frame.count() > 0 ? std::make_shared<Event>(io_.get_executor()) : nullptr;
  if (ticks) scope_->spawn("frames", tick(ticks, frame));
  for (const auto& console : consoles) {
    auto self = all_.emplace_back(std::make_shared<Subscriber>(console));
    self->at = console->end();
    scope_->spawn(console->board(), follow(self, all_.size() <= stopped ? resumed_ : nullptr, ticks));
  }
  thread_ = std::thread([this] { io_.run(); });
}

Subscribers::~Subscribers() {
  if (thread_.joinable()) finish(std::chrono::seconds(0));
}

void Subscribers::resume() {
  asio::post(io_, [this] { resumed_->notify(); });
}

bool Subscribers::finish(std::chrono::seconds limit) {
  const auto deadline = Deadline::after(limit);
  const auto all_there = [this] {
    return std::ranges::all_of(all_, [](const auto& s) { return s->at >= s->console->end(); });
  };
  while (!all_there() && !deadline.passed()) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  const bool there = all_there();
  TaskScope joiner(io_.get_executor(), "join");
  asio::post(io_, [this, &joiner] {
    scope_->cancel_all();
    joiner.spawn("join", join(scope_.get()));
  });
  work_.reset();
  thread_.join();
  return there;
}

nlohmann::json Subscribers::report() const {
  std::vector<std::uint32_t> latencies;
  std::uint64_t gaps = 0, refetched = 0, missing = 0, disordered = 0;
  for (const auto& self : all_) {
    latencies.insert(latencies.end(), self->latencies.begin(), self->latencies.end());
    gaps += self->gaps;
    refetched += self->refetched;
    missing += self->stamps.missing();
    disordered += self->stamps.disordered();
  }
  return {{"count", all_.size()},
          {"gaps", gaps},
          {"refetched", refetched},
          {"missing_stamps", missing},
          {"disordered_stamps", disordered},
          {"latency", percentiles(std::move(latencies))}};
}

std::vector<std::uint32_t> echo_latencies(std::shared_ptr<boards::Console> console, std::size_t count) {
  asio::io_context io{1};
  auto out = std::make_shared<std::vector<std::uint32_t>>();
  TaskScope scope(io.get_executor(), "echo");
  scope.spawn("typist", type_keys(std::move(console), count, out));
  io.run();
  return *out;
}

}  // namespace hilltop::bench
