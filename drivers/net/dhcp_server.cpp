// SPDX-License-Identifier: Apache-2.0
#include "drivers/net/dhcp_server.hpp"

#include <sys/socket.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/udp.hpp>
#include <cerrno>
#include <system_error>

#include "drivers/core/log.hpp"
#include "drivers/core/socket_wait.hpp"

namespace hilltop::drivers {

using Udp = asio::ip::udp;

struct DhcpServer::State {
  explicit State(asio::any_io_executor executor) : socket(std::move(executor)) {}
  Udp::socket socket;
  Config config;
  std::shared_ptr<const dhcp::Responder> responder;
  OnAnswer on_answer;
};

namespace {

using State = DhcpServer::State;

Udp::endpoint target_of(const dhcp::Answer& answer, const DhcpServer::Config& config) {
  const auto port = answer.to_relay ? config.server_port : config.client_port;
  if (answer.broadcast) return {asio::ip::address_v4::broadcast(), port};
  return {asio::ip::address_v4(answer.to.value), port};
}

void take(State& state, std::string_view bytes) {
  const auto request = dhcp::read_message(bytes);
  if (!request) return log::debug("{}", request.error().text);
  const auto answer = state.responder->answer(*request);
  if (!answer) return;
  boost::system::error_code error;
  const auto packet = dhcp::write_message(answer->message);
  state.socket.send_to(asio::buffer(packet), target_of(*answer, state.config), 0, error);
  if (error) return log::warn("DHCP on {}: {}", state.config.device, error.message());
  if (state.on_answer) state.on_answer(answer->message);
}

Task<> listen(std::shared_ptr<State> state) {
  std::array<char, 4096> buffer{};
  while (state->socket.is_open()) {
    Udp::endpoint from;
    boost::system::error_code error;
    const auto n = state->socket.receive_from(asio::buffer(buffer), from, 0, error);
    if (!error) {
      take(*state, {buffer.data(), n});
      continue;
    }
    if (const auto waited = co_await wait_readable(state->socket, Deadline::never()); !waited) {
      if (!state->socket.is_open()) break;
      co_return waited.error();
    }
  }
  co_return ok();
}

/// Source: socket(7), SO_BINDTODEVICE: without it a lab's DHCP would answer on every network of the host.
boost::system::error_code bind_to(Udp::socket& socket, const DhcpServer::Config& config) {
  boost::system::error_code error;
  socket.open(Udp::v4(), error);
  if (!error) socket.set_option(Udp::socket::reuse_address(true), error);
  if (!error) socket.set_option(asio::socket_base::broadcast(true), error);
  const auto length = static_cast<socklen_t>(config.device.size());
  if (!error && ::setsockopt(socket.native_handle(), SOL_SOCKET, SO_BINDTODEVICE, config.device.c_str(), length) != 0)
    error = boost::system::error_code(errno, boost::system::system_category());
  if (!error) socket.bind(Udp::endpoint(Udp::v4(), config.server_port), error);
  if (!error) socket.non_blocking(true, error);
  return error;
}

}  // namespace

Result<std::unique_ptr<DhcpServer>> DhcpServer::start(asio::any_io_executor executor, TaskScope& scope, Config config,
                                                      std::shared_ptr<const dhcp::Responder> responder,
                                                      OnAnswer on_answer) {
  if (config.device.empty()) return Error(Errc::bad_input, Blame::configuration, "DHCP: a network device is needed");
  auto state = std::make_shared<State>(std::move(executor));
  state->config = std::move(config);
  state->responder = std::move(responder);
  state->on_answer = std::move(on_answer);
  if (const auto error = bind_to(state->socket, state->config)) {
    const bool denied = error == std::errc::permission_denied || error == std::errc::operation_not_permitted;
    return Error(denied ? Errc::denied : Errc::unavailable, Blame::configuration,
                 "DHCP on " + state->config.device + ": " + error.message());
  }
  scope.spawn("dhcp", listen(state));
  return std::unique_ptr<DhcpServer>(new DhcpServer(std::move(state)));
}

DhcpServer::~DhcpServer() {
  boost::system::error_code ignored;
  state_->socket.close(ignored);
}

}  // namespace hilltop::drivers
