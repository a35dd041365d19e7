// SPDX-License-Identifier: Apache-2.0
#include "drivers/net/tftp_server.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <cstring>
#include <optional>

#include "drivers/core/log.hpp"
#include "drivers/core/socket_wait.hpp"

namespace hilltop::drivers {

using Udp = asio::ip::udp;
using Clock = std::chrono::steady_clock;

struct TftpServer::State {
  State(asio::any_io_executor executor, TaskScope& s) : socket(std::move(executor)), scope(s) {}

  /// A transfer that runs, by the peer's address and port.
  struct Running {
    Clock::time_point last_heard = Clock::now();
    std::function<void()> wake;  ///< set while its socket waits
    bool stopped = false;        ///< the board has begun anew

    void stop() {
      stopped = true;
      if (wake) wake();
    }
  };

  Udp::socket socket;
  TaskScope& scope;
  std::shared_ptr<const BoardTable> boards;
  std::shared_ptr<Lane> lane;
  tftp::Limits limits;
  std::map<Udp::endpoint, std::shared_ptr<Running>> running;
  std::size_t denials = 0;  // being sent
};

namespace {

using State = TftpServer::State;

constexpr std::size_t transfers_most = 256;
constexpr std::size_t denials_most = 16;
constexpr std::size_t read_bytes = 256 * 1024;
/// A request from where a transfer runs is a duplicate, unless that one has been quiet: then the board has begun anew,
/// from the port that it used before its reset.
constexpr auto quiet_for_a_restart = std::chrono::milliseconds(300);

struct Arrived {
  std::string bytes;
  Udp::endpoint peer;
  asio::ip::address_v4 local;  ///< that was asked: answers come from there
};

/// Takes one packet off the listening socket. Source: ip(7), IP_PKTINFO.
std::optional<Arrived> take_request(Udp::socket& socket) {
  std::array<char, tftp::request_bytes_most + 1> buffer{};
  alignas(cmsghdr) std::array<char, 128> control{};
  sockaddr_in from{};
  iovec piece{buffer.data(), buffer.size()};
  msghdr message{};
  message.msg_name = &from;
  message.msg_namelen = sizeof from;
  message.msg_iov = &piece;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const auto n = ::recvmsg(socket.native_handle(), &message, MSG_DONTWAIT);
  if (n < 0) return std::nullopt;
  Arrived out;
  out.bytes.assign(buffer.data(), static_cast<std::size_t>(n));
  out.peer = Udp::endpoint(asio::ip::address_v4(ntohl(from.sin_addr.s_addr)), ntohs(from.sin_port));
  for (auto* head = CMSG_FIRSTHDR(&message); head != nullptr; head = CMSG_NXTHDR(&message, head)) {
    if (head->cmsg_level != IPPROTO_IP || head->cmsg_type != IP_PKTINFO) continue;
    in_pktinfo info{};
    std::memcpy(&info, CMSG_DATA(head), sizeof info);
    out.local = asio::ip::address_v4(ntohl(info.ipi_spec_dst.s_addr));
  }
  return out;
}

/// A socket that talks with one peer only.
Result<std::unique_ptr<Udp::socket>> connected_socket(asio::any_io_executor executor, const Arrived& arrived) {
  auto out = std::make_unique<Udp::socket>(std::move(executor));
  boost::system::error_code error;
  out->open(Udp::v4(), error);
  if (!error) out->bind(Udp::endpoint(arrived.local, 0), error);
  if (!error) out->connect(arrived.peer, error);
  if (!error) out->non_blocking(true, error);
  if (error) return Error(Errc::io, Blame::infrastructure, "TFTP: " + error.message());
  return out;
}

/// A packet that cannot be sent is a packet that is lost: the timer knows what to do.
asio::awaitable<void> send(Udp::socket& socket, std::string packet) {
  boost::system::error_code ignored;
  co_await socket.async_send(asio::buffer(packet), asio::redirect_error(asio::use_awaitable, ignored));
}

Task<> send_denial(std::shared_ptr<State> state, Arrived arrived, tftp::ErrorCode code, std::string text) {
  auto socket = connected_socket(state->socket.get_executor(), arrived);
  if (socket) {
    auto packet = tftp::write_packet(tftp::Failure{static_cast<std::uint16_t>(code), std::move(text)});
    co_await send(**socket, std::move(packet));
  }
  --state->denials;
  co_return ok();
}

void deny(const std::shared_ptr<State>& state, const Arrived& arrived, tftp::ErrorCode code, std::string text) {
  log::debug("TFTP: {}: {}", arrived.peer.address().to_string(), text);
  if (state->denials >= denials_most) return;
  ++state->denials;
  state->scope.spawn("tftp denial", send_denial(state, arrived, code, std::move(text)));
}

/// The file's bytes in order, read ahead.
struct Source {
  std::shared_ptr<Lane> lane;
  std::shared_ptr<ServedFile> file;
  std::uint64_t fed = 0;
  std::string buffer;
  std::size_t used = 0;
};

Task<> feed(Source& source, tftp::ReadTransfer& transfer) {
  bool over = false;
  while (!over && transfer.wanted() > 0) {
    const auto left = source.file->size() - source.fed;
    if (source.used == source.buffer.size() && left > 0) {
      const auto bytes = static_cast<std::size_t>(std::min<std::uint64_t>(left, read_bytes));
      HILLTOP_CO_TRY(source.buffer, co_await read_on(source.lane, source.file, source.fed, bytes));
      source.used = 0;
      if (source.buffer.size() < bytes)
        co_return Error(Errc::io, Blame::infrastructure, "the file became shorter while it was sent");
    }
    const auto piece = std::string_view(source.buffer).substr(source.used, transfer.wanted());
    source.used += piece.size();
    source.fed += piece.size();
    over = source.fed == source.file->size();
    transfer.feed(piece, over);
  }
  co_return ok();
}

/// Hands over all that has arrived.
void take_packets(Udp::socket& socket, tftp::ReadTransfer& transfer, State::Running& running) {
  std::array<char, tftp::request_bytes_most + 1> buffer{};
  for (int i = 0; i < 64; ++i) {  // then others have their turn
    const auto n = ::recv(socket.native_handle(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (n < 0 && errno == ECONNREFUSED) continue;  // of an earlier packet of ours
    if (n < 0) return;
    running.last_heard = Clock::now();
    transfer.receive({buffer.data(), static_cast<std::size_t>(n)}, running.last_heard);
  }
}

/// Until the transfer is over.
Task<> exchange(Udp::socket& socket, tftp::ReadTransfer& transfer, Source& source, const ServedFiles& files,
                State::Running& running) {
  const auto is_unwanted = [&] { return files.revoked() || running.stopped; };
  while (transfer.state() == tftp::ReadTransfer::State::running) {
    if (is_unwanted()) {
      const auto* why = files.revoked() ? "the job is over" : "the board began anew";
      transfer.fail(tftp::ErrorCode::undefined, Error(Errc::canceled, Blame::canceled, why));
    }
    if (auto fed = co_await feed(source, transfer); !fed)
      transfer.fail(tftp::ErrorCode::undefined, std::move(fed).error());
    for (auto& packet : transfer.take_packets(Clock::now())) co_await send(socket, std::move(packet));
    if (transfer.state() != tftp::ReadTransfer::State::running) break;
    const auto waited = co_await wait_readable(socket, Deadline::at(transfer.wake_at()));
    if (co_await is_canceled()) co_return canceled_error("TFTP");
    if (!waited && waited.error().code != Errc::timeout && !is_unwanted())
      transfer.fail(tftp::ErrorCode::undefined, waited.error());
    take_packets(socket, transfer, running);
    transfer.elapse(Clock::now());
  }
  for (auto& packet : transfer.take_packets(Clock::now())) co_await send(socket, std::move(packet));
  co_return ok();
}

void report(const ServedFiles& files, const tftp::ReadTransfer& transfer, const std::string& name,
            std::chrono::nanoseconds duration) {
  BootEvent event{BootEvent::Kind::sent, "tftp", name, transfer.acknowledged_bytes(), duration, ""};
  const bool failed = transfer.state() == tftp::ReadTransfer::State::failed;
  // Boot ROMs ask for a file's size, and end the transfer before its first block.
  if (failed && transfer.acknowledged_bytes() == 0 && transfer.error().code == Errc::unavailable) return;
  if (failed) {
    event.kind = BootEvent::Kind::failed;
    event.text = transfer.error().text;
  } else {
    event.text = fmt::format("{} bytes in blocks of {}, {} a window, {} sent again", event.bytes,
                             transfer.block_bytes(), transfer.window_blocks(), transfer.packets_sent_again());
  }
  files.report(std::move(event));
}

Task<> send_file(std::shared_ptr<State> state, tftp::Request request, Arrived arrived,
                 std::shared_ptr<ServedFiles> files, std::shared_ptr<ServedFile> file,
                 std::shared_ptr<State::Running> running) {
  const auto begun = Clock::now();
  auto socket = connected_socket(state->socket.get_executor(), arrived);
  if (socket) {
    const auto wake = [raw = socket->get()] {
      boost::system::error_code ignored;
      raw->cancel(ignored);
    };
    running->wake = wake;
    const ServedFiles::Transfer guard(files, wake);
    tftp::ReadTransfer transfer(request, file->size(), state->limits, begun);
    Source source{state->lane, std::move(file), 0, {}, 0};
    const auto ended = co_await exchange(**socket, transfer, source, *files, *running);
    if (ended) report(*files, transfer, request.name, Clock::now() - begun);
  }
  running->wake = nullptr;
  const auto found = state->running.find(arrived.peer);
  if (found != state->running.end() && found->second == running) state->running.erase(found);
  if (!socket) co_return std::move(socket).error();
  co_return ok();
}

/// True when a transfer to this peer runs and goes on.
bool is_duplicate(State& state, const Udp::endpoint& peer) {
  const auto found = state.running.find(peer);
  if (found == state.running.end()) return false;
  if (Clock::now() - found->second->last_heard < quiet_for_a_restart) return true;
  const auto old = found->second;
  state.running.erase(found);
  old->stop();
  return false;
}

void take(const std::shared_ptr<State>& state, const Arrived& arrived) {
  const auto board = state->boards->find(Ipv4Address{arrived.peer.address().to_v4().to_uint()});
  if (board == state->boards->end())
    return deny(state, arrived, tftp::ErrorCode::denied, "nothing is served to this address");
  const auto packet = tftp::read_packet(arrived.bytes);
  if (!packet) return deny(state, arrived, tftp::ErrorCode::illegal, packet.error().text);
  const auto* request = std::get_if<tftp::Request>(&*packet);
  if (request == nullptr) return deny(state, arrived, tftp::ErrorCode::unknown_transfer, "no such transfer");
  if (request->write) return deny(state, arrived, tftp::ErrorCode::denied, "files are not taken here");
  if (is_duplicate(*state, arrived.peer)) return;
  const auto& files = board->second;
  if (files->is_full() || state->running.size() >= transfers_most)
    return deny(state, arrived, tftp::ErrorCode::undefined, "too many transfers");
  auto file = files->open(request->name);
  if (!file) {
    files->report({BootEvent::Kind::not_found, "tftp", request->name, 0, {}, file.error().text});
    return deny(state, arrived, tftp::ErrorCode::not_found, "not served: " + request->name);
  }
  auto running = std::make_shared<State::Running>();
  state->running[arrived.peer] = running;
  state->scope.spawn("tftp " + request->name, send_file(state, *request, arrived, files, std::move(*file), running));
}

Task<> listen(std::shared_ptr<State> state) {
  while (state->socket.is_open()) {
    if (const auto arrived = take_request(state->socket)) {
      take(state, *arrived);
      continue;
    }
    if (const auto waited = co_await wait_readable(state->socket, Deadline::never()); !waited) {
      if (!state->socket.is_open()) break;
      co_return waited.error();
    }
  }
  co_return ok();
}

}  // namespace

Result<std::unique_ptr<TftpServer>> TftpServer::start(asio::any_io_executor executor, TaskScope& scope,
                                                      Udp::endpoint local, std::shared_ptr<const BoardTable> boards,
                                                      std::shared_ptr<Lane> lane, tftp::Limits limits) {
  auto state = std::make_shared<State>(std::move(executor), scope);
  state->boards = std::move(boards);
  state->lane = std::move(lane);
  state->limits = limits;
  boost::system::error_code error;
  state->socket.open(Udp::v4(), error);
  if (!error) state->socket.bind(local, error);
  if (!error) state->socket.non_blocking(true, error);
  const int on = 1;
  if (!error && ::setsockopt(state->socket.native_handle(), IPPROTO_IP, IP_PKTINFO, &on, sizeof on) != 0)
    error = boost::system::error_code(errno, boost::system::system_category());
  if (error)
    return Error(Errc::unavailable, Blame::configuration,
                 fmt::format("TFTP at {}:{}: {}", local.address().to_string(), local.port(), error.message()));
  scope.spawn("tftp", listen(state));
  return std::unique_ptr<TftpServer>(new TftpServer(std::move(state)));
}

TftpServer::~TftpServer() {
  boost::system::error_code ignored;
  state_->socket.close(ignored);
}

std::uint16_t TftpServer::port() const {
  boost::system::error_code ignored;
  return state_->socket.local_endpoint(ignored).port();
}

}  // namespace hilltop::drivers
