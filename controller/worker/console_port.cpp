// SPDX-License-Identifier: Apache-2.0
#include "controller/worker/console_port.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

#include "controller/worker/line_demands.hpp"
#include "drivers/core/log.hpp"
#include "drivers/protocol/rfc2217.hpp"

namespace hilltop::controller {
namespace {

using asio::ip::tcp;
using drivers::LineCodec;
namespace rfc2217 = drivers::rfc2217;

constexpr std::size_t piece_bytes = 16 * 1024;
constexpr std::size_t most_clients = 16;
constexpr auto time_to_type = 60s;
constexpr auto time_to_read_on = 2s;
constexpr auto between_looks = 50ms;  // at a board that is down: its readers are told at once, and would spin

/// Bytes as they are.
class PlainCodec final : public LineCodec {
 public:
  std::size_t receive(std::span<char> wire) override { return wire.size(); }
  void send(std::string_view bytes, std::string& wire) override { wire += bytes; }
  std::string take_output() override { return {}; }
};

/// One connection.
struct Client {
  Client(tcp::socket s, std::string n, std::unique_ptr<LineCodec> c)
      : socket(std::move(s)), name(std::move(n)), codec(std::move(c)), changed(socket.get_executor()) {}
  tcp::socket socket;
  std::string name;  // where it comes from
  std::unique_ptr<LineCodec> codec;
  Event changed;    // there is something to send, or room for more, or it has ended
  std::string out;  // to be sent; never more than a piece and the codec's own words
  bool told_busy = false;
  bool ended = false;
};
using ClientPtr = std::shared_ptr<Client>;

struct Port : std::enable_shared_from_this<Port> {
  Port(asio::any_io_executor e, PortKind k, ConsolePort::Uses u)
      : kind(k), uses(std::move(u)), acceptor(e), scope(e, "console port") {}
  PortKind kind;
  ConsolePort::Uses uses;
  tcp::acceptor acceptor;
  std::string where;
  std::size_t clients = 0;
  TaskScope scope;

  [[nodiscard]] std::string title() const {
    return fmt::format("console {}/{} at {}", uses.console->board(), uses.console->name(), where);
  }
};
using PortPtr = std::shared_ptr<Port>;

void end(Client& client) {
  client.ended = true;
  boost::system::error_code ignored;
  client.socket.shutdown(tcp::socket::shutdown_both, ignored);
  client.socket.close(ignored);
  client.changed.notify();
}

void take_output(Client& client) {
  client.out += client.codec->take_output();
  if (!client.out.empty()) client.changed.notify();
}

/// Sends what is there to be sent, in order.
Task<> send_all(ClientPtr client) {
  while (!client->ended) {
    if (client->out.empty()) {
      HILLTOP_CO_CHECK(co_await client->changed.wait(Deadline::never()));
      continue;
    }
    const auto bytes = std::exchange(client->out, {});
    client->changed.notify();  // room
    boost::system::error_code failed;
    co_await asio::async_write(client->socket, asio::buffer(bytes), asio::redirect_error(asio::use_awaitable, failed));
    if (failed) break;
  }
  end(*client);
  co_return ok();
}

/// The console from now on, by cursor: nothing waits here for a client but the client's own place.
Task<> follow(PortPtr port, ClientPtr client) {
  auto cursor = port->uses.console->end();
  const auto settled_by = Deadline::after(LineCodec::settling_patience);
  while (!client->ended) {
    if (client->codec->settling() && !settled_by.passed()) {
      (void)co_await client->changed.wait(settled_by);
      if (co_await is_canceled()) co_return canceled_error("console port");
      continue;
    }
    if (!client->out.empty() || client->codec->suspended()) {
      HILLTOP_CO_CHECK(co_await client->changed.wait(Deadline::never()));
      continue;
    }
    const auto console = port->uses.console;
    auto chunk = co_await console->read(cursor, piece_bytes, Deadline::never());
    if (!chunk && chunk.error().code == Errc::canceled) co_return std::move(chunk).error();
    if (!chunk && !port->uses.console_is_open()) break;
    if (!chunk) {
      HILLTOP_CO_CHECK(co_await sleep_for(between_looks));
      continue;
    }
    if (chunk->lost > 0)
      log::warn("{}: {} was too slow and is not sent the {} bytes from {} to {}", port->title(), client->name,
                chunk->lost, cursor, chunk->offset);
    cursor = chunk->offset + chunk->bytes.size();
    client->codec->send(chunk->bytes, client->out);
    client->changed.notify();
  }
  end(*client);
  co_return ok();
}

void handle_demands(Port& port, Client& client) {
  if (port.kind != PortKind::rfc2217) return;
  auto& server = static_cast<rfc2217::Server&>(*client.codec);
  for (const auto& demand : server.take_demands()) {
    auto* line = port.uses.line();
    // Who only reads drives nothing as long as the line is as wanted.
    if (drives_line(demand, line)) {
      if (auto may = port.uses.claim(client.name); !may) {
        log::warn("{}: {} may not drive the line: {}", port.title(), client.name, may.error().text);
        server.answer(demand.code, present_setting(demand, line));
        continue;
      }
    }
    const auto answered = meet_demand(demand, line);
    if (!answered) log::warn("{}: {}: {}", port.title(), client.name, answered.error().text);
    server.answer(demand.code, answered ? *answered : present_setting(demand, line));
  }
}

/// What the client types goes to the board, as long as nobody else is at it.
Task<> type(PortPtr port, ClientPtr client, std::string bytes) {
  if (bytes.empty()) co_return ok();
  if (auto may = port->uses.claim(client->name); !may) {
    if (!std::exchange(client->told_busy, true))
      log::warn("{}: what {} types goes nowhere: {}", port->title(), client->name, may.error().text);
    co_return ok();
  }
  client->told_busy = false;
  const auto console = port->uses.console;
  auto typed = co_await console->write(std::move(bytes), port->uses.typing, Deadline::after(time_to_type));
  if (!typed && typed.error().code == Errc::canceled) co_return typed;
  if (!typed) log::warn("{}: {}: {}", port->title(), client->name, typed.error().text);
  co_return ok();
}

Task<> receive(PortPtr port, ClientPtr client) {
  std::array<char, 4096> buffer;
  while (!client->ended) {
    boost::system::error_code failed;
    const auto n = co_await client->socket.async_read_some(asio::buffer(buffer),
                                                           asio::redirect_error(asio::use_awaitable, failed));
    if (failed == asio::error::eof) {
      // It types no more, and may still want the answer: socat and nc end so when their input does.
      if (port->uses.release) port->uses.release(client->name);
      HILLTOP_CO_CHECK(co_await sleep_for(time_to_read_on));
    }
    if (failed) break;
    const auto kept = client->codec->receive({buffer.data(), n});
    handle_demands(*port, *client);
    take_output(*client);
    client->changed.notify();  // suspended or not
    HILLTOP_CO_CHECK(co_await type(port, client, std::string(buffer.data(), kept)));
  }
  end(*client);
  co_return ok();
}

Task<> serve(PortPtr port, ClientPtr client) {
  log::info("{}: {} has come", port->title(), client->name);
  TaskScope scope(client->socket.get_executor(), "console client");
  take_output(*client);
  scope.spawn("send", send_all(client));
  const auto following = scope.spawn("follow", follow(port, client));
  scope.spawn("receive", receive(port, client));
  bool canceled = false;
  while (!client->ended && !canceled) canceled = !co_await client->changed.wait(Deadline::never());
  co_await ignore_cancellation();
  end(*client);
  scope.cancel(following);
  scope.cancel_all();
  co_await scope.join();
  --port->clients;
  if (port->uses.release) port->uses.release(client->name);
  log::info("{}: {} has left", port->title(), client->name);
  co_return ok();
}

std::string text_of(const tcp::endpoint& endpoint) {
  const auto address = endpoint.address().to_string();
  return fmt::format("{}{}{}:{}", endpoint.address().is_v6() ? "[" : "", address, endpoint.address().is_v6() ? "]" : "",
                     endpoint.port());
}

std::unique_ptr<LineCodec> make_codec(const Port& port) {
  if (port.kind == PortKind::raw) return std::make_unique<PlainCodec>();
  return std::make_unique<rfc2217::Server>("hilltop " + port.uses.console->board() + "/" + port.uses.console->name());
}

Task<> accept_clients(PortPtr port) {
  for (;;) {
    boost::system::error_code failed;
    auto socket = co_await port->acceptor.async_accept(asio::redirect_error(asio::use_awaitable, failed));
    if (co_await is_canceled() || !port->acceptor.is_open()) co_return canceled_error("console port");
    if (failed || port->clients >= most_clients) {
      HILLTOP_CO_CHECK(co_await sleep_for(failed ? 100ms : 0ms));  // out of descriptors, say
      continue;                                                    // a client too many is hung up on
    }
    boost::system::error_code ignored;
    socket.set_option(tcp::no_delay(true), ignored);
    const auto peer = socket.remote_endpoint(ignored);
    ++port->clients;
    auto client = std::make_shared<Client>(std::move(socket), text_of(peer), make_codec(*port));
    port->scope.spawn("client", serve(port, std::move(client)));
  }
}

Task<> close_port(PortPtr port) {
  co_await ignore_cancellation();
  boost::system::error_code ignored;
  port->acceptor.close(ignored);
  port->scope.cancel_all();
  co_await port->scope.join();
  co_return ok();
}

class Opened final : public ConsolePort {
 public:
  explicit Opened(PortPtr port) : port_(std::move(port)) {}
  PortKind kind() const override { return port_->kind; }
  const std::string& where() const override { return port_->where; }
  Task<> close() override { return close_port(port_); }

 private:
  PortPtr port_;
};

}  // namespace

std::string_view to_string(PortKind kind) noexcept { return kind == PortKind::raw ? "raw" : "rfc2217"; }

std::optional<PortKind> port_kind_from(std::string_view name) noexcept {
  if (name == "raw") return PortKind::raw;
  if (name == "rfc2217") return PortKind::rfc2217;
  return std::nullopt;
}

Result<std::shared_ptr<ConsolePort>> ConsolePort::open(asio::any_io_executor executor, PortKind kind,
                                                       std::string address, std::uint16_t number, Uses uses) {
  auto port = std::make_shared<Port>(executor, kind, std::move(uses));
  boost::system::error_code failed;
  const auto ip = asio::ip::make_address(address, failed);
  if (failed)
    return Error(Errc::bad_input, Blame::job,
                 fmt::format("'{}' is no address of this machine: 127.0.0.1 is, for example", address));
  const tcp::endpoint endpoint(ip, number);
  port->acceptor.open(endpoint.protocol(), failed);
  if (!failed) port->acceptor.set_option(tcp::acceptor::reuse_address(true), failed);
  if (!failed) port->acceptor.bind(endpoint, failed);
  if (!failed) port->acceptor.listen(most_clients, failed);
  if (failed)
    return Error(Errc::unavailable, Blame::infrastructure,
                 fmt::format("cannot listen at {}: {}", text_of(endpoint), failed.message()));
  port->where = text_of(port->acceptor.local_endpoint(failed));
  port->scope.spawn("accept", accept_clients(port));
  return std::shared_ptr<ConsolePort>(std::make_shared<Opened>(std::move(port)));
}

}  // namespace hilltop::controller
