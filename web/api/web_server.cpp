// SPDX-License-Identifier: Apache-2.0
#include "web/api/web_server.hpp"

#include <boost/asio/ip/address.hpp>

#include "web/api/application.hpp"
#include "web/ws/console_feed.hpp"
#include "web/ws/event_feed.hpp"

namespace hilltop::web {
namespace {

/// One I/O thread's feed and the way to it.
struct Outlet {
  std::shared_ptr<HomePort> home;
  std::shared_ptr<EventFeed> feed;
};

void hand_out(const std::vector<Outlet>& outlets, const controller::FarmEvent& event) {
  auto item = std::make_shared<EventFeed::Item>();
  item->seq = event.seq;
  item->kind = event.kind;
  item->subject = event.subject;
  item->text = event_text(event);
  for (const auto& outlet : outlets)
    outlet.home->post(
        [feed = outlet.feed, shared = EventFeed::ItemPtr(item)]() mutable { feed->push(std::move(shared)); });
}

class Server final : public WebServer {
 public:
  Server(asio::any_io_executor control, std::shared_ptr<controller::Farm> farm)
      : farm_(std::move(farm)), scope_(std::make_shared<TaskScope>(std::move(control), "web requests")) {}
  ~Server() override { stop(); }

  Result<> open(const WebOptions& options) {
    ListenOptions listen;
    listen.address = options.address;
    listen.port = options.port;
    listen.threads = options.threads;
    listen.tls_certificate = options.tls_certificate;
    listen.tls_key = options.tls_key;
    if (!options.upload_dir.empty()) listen.upload_dir = options.upload_dir;
    std::error_code made;
    std::filesystem::create_directories(listen.upload_dir, made);
    if (made) return system_error("folder for uploads " + listen.upload_dir.string(), made.value());
    auto facts = std::make_shared<ServerFacts>();
    facts->version = options.version;
    facts->drivers = options.drivers;
    facts->counters = counters_ = listen.counters;
    std::vector<Outlet> outlets;
    auto make = [&](asio::any_io_executor io) {
      auto api = std::make_shared<Api>();
      api->gate = Gate{farm_, scope_, std::make_shared<HomePort>(io), io};
      api->feed = std::make_shared<EventFeed>(io);
      api->consoles = std::make_shared<ConsoleFeeds>(io);
      api->facts = facts;
      outlets.push_back({api->gate.home, api->feed});
      return web::make_application(std::move(api));
    };
    HILLTOP_TRY(http_, HttpServer::start(std::move(listen), make));
    events_ = farm_->subscribe([outlets](const controller::FarmEvent& event) { hand_out(outlets, event); });
    return ok();
  }

  [[nodiscard]] std::uint16_t port() const override { return http_->port(); }
  Task<> shut_down(Deadline deadline) override { return end_gently(this, deadline); }
  void stop() override {
    if (http_) http_->stop();
    events_.reset();
    scope_->cancel_all();
  }

 private:
  static Task<> end_gently(Server* self, Deadline deadline) {
    self->http_->stop_accepting();
    while (self->counters_->open > 0 && !deadline.passed())
      if (auto slept = co_await sleep_for(5ms, deadline); !slept) break;
    co_await ignore_cancellation();
    self->stop();
    co_await self->scope_->join();
    co_return ok();
  }

  std::shared_ptr<controller::Farm> farm_;
  std::shared_ptr<TaskScope> scope_;
  std::shared_ptr<void> events_;
  std::shared_ptr<HttpCounters> counters_;
  std::unique_ptr<HttpServer> http_;
};

}  // namespace

Result<> check_exposure(const WebOptions& options) {
  boost::system::error_code ec;
  const auto address = asio::ip::make_address(options.address, ec);
  if (ec || address.is_loopback() || options.allow_plain || !options.tls_certificate.empty()) return ok();
  return Error(Errc::denied, Blame::configuration,
               "listen on " + options.address +
                   ": tokens would cross the network in the clear; give --tls-cert and --tls-key, or say " +
                   "--allow-plain-remote if that is wanted");
}

Result<std::unique_ptr<WebServer>> WebServer::start(WebOptions options, asio::any_io_executor control,
                                                    std::shared_ptr<controller::Farm> farm) {
  HILLTOP_CHECK(check_exposure(options));
  auto server = std::make_unique<Server>(std::move(control), std::move(farm));
  HILLTOP_CHECK(server->open(options));
  return std::unique_ptr<WebServer>(std::move(server));
}

}  // namespace hilltop::web
