// SPDX-License-Identifier: Apache-2.0
#include "web/api/json_body.hpp"
#include "web/ws/line_file.hpp"
#include "web/ws/streams.hpp"

namespace hilltop::web {
namespace {

using controller::Farm;

/// Wakes a follower of a log on its I/O thread.
struct Growth {
  explicit Growth(asio::any_io_executor io) : event(std::move(io)) {}
  Event event;
  std::uint64_t count = 1;  ///< of times that it grew; 1: look once before waiting
};

/// The farm's guard, dropped on the control thread again.
struct Subscription {
  std::shared_ptr<void> guard;
};
using SubscriptionPtr = std::shared_ptr<Subscription>;

SubscriptionPtr follow(const std::shared_ptr<Farm>& farm, std::uint64_t job, std::shared_ptr<HomePort> home,
                       std::shared_ptr<Growth> growth) {
  auto wake = [home, growth] {
    home->post([growth] {
      ++growth->count;
      growth->event.notify();
    });
  };
  return std::make_shared<Subscription>(Subscription{farm->subscribe_log(job, wake)});
}

bool unfollow(const std::shared_ptr<Farm>&, SubscriptionPtr subscription) {
  subscription->guard.reset();
  return true;
}

/// What is read of one log, and how far.
struct Follower {
  ApiPtr api;
  controller::Principal who;
  std::uint64_t job, from;
  std::shared_ptr<WebSocket> socket;
  std::shared_ptr<Growth> growth;
  std::optional<LineFile> file;
  bool skipped = false;
};

/// Sends all whole lines that are there now.
Task<> send_lines(std::shared_ptr<Follower> f, std::filesystem::path path) {
  if (!f->file) {
    auto file = LineFile::open(path);
    if (!file && file.error().code == Errc::not_found) co_return ok();
    if (!file) co_return std::move(file).error();
    f->file = *std::move(file);
  }
  if (!f->skipped) {
    HILLTOP_CO_TRY(f->skipped, f->file->skip_to(f->from));
    if (!f->skipped) co_return ok();
  }
  for (;;) {
    HILLTOP_CO_TRY(auto lines, f->file->next());
    if (lines.empty()) co_return ok();
    lines.pop_back();  // the frame's end is the last line's end
    HILLTOP_CO_CHECK(co_await f->socket->write(std::move(lines), false));
  }
}

/// Completeness is asked before the lines are read: what was written by then is sent.
Task<> send_until_complete(std::shared_ptr<Follower> f) {
  for (;;) {
    const auto seen = f->growth->count;
    HILLTOP_CO_TRY(const auto log, co_await hop(f->api->gate, &Farm::log_file, f->who, f->job));
    HILLTOP_CO_CHECK(co_await send_lines(f, log.path));
    if (log.complete) co_return co_await f->socket->write(R"({"end":true})", false);
    while (f->growth->count == seen) HILLTOP_CO_CHECK(co_await f->growth->event.wait(Deadline::never()));
  }
}

Task<> send_log(std::shared_ptr<Follower> f) {
  HILLTOP_CO_TRY(auto subscription, co_await hop(f->api->gate, &follow, f->job, f->api->gate.home, f->growth));
  auto ended = co_await send_until_complete(f);
  co_await ignore_cancellation();
  (void)co_await hop_within(Deadline::after(1s), f->api->gate, &unfollow, std::move(subscription));
  co_return ended;
}

}  // namespace

Task<> check_job_log(ApiPtr api, Call call) {
  HILLTOP_CO_TRY(const auto id, id_param(call.request, "job"));
  HILLTOP_CO_CHECK(integer_query(call.request, "from", 1));
  HILLTOP_CO_CHECK(co_await hop(api->gate, &Farm::job, call.who, id));
  co_return ok();
}

Task<> stream_job_log(ApiPtr api, Call call, std::shared_ptr<WebSocket> socket) {
  HILLTOP_CO_TRY(const auto id, id_param(call.request, "job"));
  HILLTOP_CO_TRY(const auto from, integer_query(call.request, "from", 1));
  auto follower = std::make_shared<Follower>(
      Follower{api, call.who, id, from, socket, std::make_shared<Growth>(api->gate.io), std::nullopt, false});
  co_return co_await both_ways(socket, api->gate.io, send_log(follower), ignore_incoming(socket));
}

}  // namespace hilltop::web
