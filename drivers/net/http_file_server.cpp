// SPDX-License-Identifier: Apache-2.0
#include "drivers/net/http_file_server.hpp"

#include <fmt/format.h>

#include <array>
#include <boost/asio/buffer.hpp>

#include "drivers/core/log.hpp"
#include "drivers/core/socket_wait.hpp"
#include "drivers/protocol/http_request.hpp"

namespace hilltop::drivers {

using Tcp = asio::ip::tcp;
using Clock = std::chrono::steady_clock;

struct HttpFileServer::State {
  State(asio::any_io_executor executor, TaskScope& s) : acceptor(std::move(executor)), scope(s) {}
  Tcp::acceptor acceptor;
  TaskScope& scope;
  FilesOf files_of;
  std::shared_ptr<Lane> lane;
  std::size_t connections = 0;
};

namespace {

using State = HttpFileServer::State;
using FieldList = std::vector<std::pair<std::string, std::string>>;

constexpr std::size_t connections_most = 256;
constexpr std::size_t read_bytes = 256 * 1024;
constexpr auto silence_most = std::chrono::seconds(30);  // of a peer that does not ask, or does not read

Task<> write_all(Tcp::socket& socket, std::string_view bytes) {
  while (!bytes.empty()) {
    boost::system::error_code error;
    const auto n = socket.write_some(asio::buffer(bytes.data(), bytes.size()), error);
    if (error == asio::error::would_block) {
      HILLTOP_CO_CHECK(co_await wait_writable(socket, Deadline::after(silence_most)));
      continue;
    }
    if (error) co_return Error(Errc::unavailable, Blame::dut, "the board closed the connection: " + error.message());
    bytes.remove_prefix(n);
  }
  co_return ok();
}

/// What is answered to one request.
struct Answer {
  int status = 200;
  FieldList fields;
  std::string text;  ///< the body, unless `file`
  std::shared_ptr<ServedFile> file;
  http::ByteRange range;
  std::uint64_t body_bytes = 0;
};

Answer plain_answer(int status, std::string text) {
  Answer out;
  out.status = status;
  out.text = text + "\n";
  out.body_bytes = out.text.size();
  out.fields.emplace_back("Content-Type", "text/plain; charset=utf-8");
  return out;
}

/// A range is of use only while the file is the one that the client has a part of. Source: RFC 9110 13.1.5.
const std::string* range_field(const http::Request& request, const ServedFile& file) {
  const auto* condition = request.find("if-range");
  if (condition != nullptr && *condition != file.entity_tag()) return nullptr;
  return request.find("range");
}

Answer answer_to(const http::Request& request, const ServedFiles& files) {
  if (request.method != "GET" && request.method != "HEAD") {
    auto out = plain_answer(405, "only GET and HEAD");
    out.fields.emplace_back("Allow", "GET, HEAD");
    return out;
  }
  auto file = files.open(request.path);
  if (!file) {
    files.report({BootEvent::Kind::not_found, "http", request.path, 0, {}, file.error().text});
    return plain_answer(404, "not served: this file");
  }
  Answer out;
  out.file = std::move(*file);
  const auto size = out.file->size();
  const auto* field = range_field(request, *out.file);
  const auto range = field == nullptr ? http::RangeAnswer() : http::range_of(*field, size);
  if (range.kind == http::RangeAnswer::Kind::unsatisfiable) {
    out = plain_answer(416, "there are not so many bytes");
    out.fields.emplace_back("Content-Range", fmt::format("bytes */{}", size));
    return out;
  }
  out.range = size == 0 ? http::ByteRange{1, 0} : http::ByteRange{0, size - 1};
  if (range.kind == http::RangeAnswer::Kind::part) {
    out.status = 206;
    out.range = range.range;
    out.fields.emplace_back("Content-Range", fmt::format("bytes {}-{}/{}", out.range.first, out.range.last, size));
  }
  out.body_bytes = out.range.size();
  out.fields.emplace_back("Content-Type", "application/octet-stream");
  out.fields.emplace_back("ETag", out.file->entity_tag());
  out.fields.emplace_back("Accept-Ranges", "bytes");
  return out;
}

Task<> write_file(Tcp::socket& socket, std::shared_ptr<Lane> lane, std::shared_ptr<ServedFile> file,
                  http::ByteRange range) {
  for (auto at = range.first; at < range.first + range.size();) {
    const auto bytes = static_cast<std::size_t>(std::min<std::uint64_t>(range.last + 1 - at, read_bytes));
    HILLTOP_CO_TRY(const auto piece, co_await read_on(lane, file, at, bytes));
    if (piece.size() < bytes)
      co_return Error(Errc::io, Blame::infrastructure, "the file became shorter while it was sent");
    HILLTOP_CO_CHECK(co_await write_all(socket, piece));
    at += piece.size();
  }
  co_return ok();
}

Task<> write_answer(Tcp::socket& socket, std::shared_ptr<Lane> lane, Answer answer, bool head_only, bool keeps_open) {
  answer.fields.emplace_back("Content-Length", std::to_string(answer.body_bytes));
  if (!keeps_open) answer.fields.emplace_back("Connection", "close");
  auto head = http::response_head(answer.status, answer.fields);
  if (!head_only) head += answer.text;
  HILLTOP_CO_CHECK(co_await write_all(socket, head));
  if (answer.file && !head_only) co_return co_await write_file(socket, lane, answer.file, answer.range);
  co_return ok();
}

void report(const ServedFiles& files, const std::string& name, std::uint64_t bytes, Clock::time_point begun,
            const Result<>& sent) {
  BootEvent event{BootEvent::Kind::sent, "http", name, bytes, Clock::now() - begun, fmt::format("{} bytes", bytes)};
  if (!sent) {
    event.kind = BootEvent::Kind::failed;
    event.text = sent.error().text;
  }
  files.report(std::move(event));
}

/// Answers what the connection asks, one after the other.
Task<> converse(std::shared_ptr<State> state, Tcp::socket& socket, std::shared_ptr<ServedFiles> files) {
  http::RequestReader reader;
  std::array<char, 4096> buffer{};
  for (;;) {
    auto request = reader.next();
    if (!request) {
      auto refusal = plain_answer(reader.status(), request.error().text);
      co_return co_await write_answer(socket, state->lane, std::move(refusal), false, false);
    }
    if (files->revoked()) co_return ok();
    if (*request) {
      const auto begun = Clock::now();
      const auto& asked = **request;
      auto answer = answer_to(asked, *files);
      const bool sends_file = answer.file && asked.method == "GET";
      const auto bytes = answer.body_bytes;
      const auto sent =
          co_await write_answer(socket, state->lane, std::move(answer), asked.method == "HEAD", asked.keeps_open());
      if (sends_file) report(*files, asked.path, bytes, begun, sent);
      if (!sent) co_return sent.error();
      if (!asked.keeps_open()) co_return ok();
      continue;
    }
    boost::system::error_code error;
    const auto n = socket.read_some(asio::buffer(buffer), error);
    if (error == asio::error::would_block)
      HILLTOP_CO_CHECK(co_await wait_readable(socket, Deadline::after(silence_most)));
    else if (error)
      co_return ok();  // it has hung up
    reader.feed({buffer.data(), n});
  }
}

Task<> serve_connection(std::shared_ptr<State> state, std::shared_ptr<Tcp::socket> socket, Ipv4Address peer) {
  auto files = state->files_of(peer);
  if (!files) files = std::make_shared<ServedFiles>(BootRegistration());  // to nobody nothing is served
  boost::system::error_code ignored;
  if (!files->is_full()) {
    const ServedFiles::Transfer guard(files, [raw = socket.get()] {
      boost::system::error_code unheard;
      raw->close(unheard);
    });
    const auto ended = co_await converse(state, *socket, files);
    if (!ended) log::debug("HTTP: {}: {}", peer.to_string(), ended.error().text);
  }
  socket->shutdown(Tcp::socket::shutdown_both, ignored);
  socket->close(ignored);
  --state->connections;
  co_return ok();
}

Task<> listen(std::shared_ptr<State> state) {
  while (state->acceptor.is_open()) {
    if (const auto waited = co_await wait_readable(state->acceptor, Deadline::never()); !waited) {
      if (!state->acceptor.is_open()) break;
      co_return waited.error();
    }
    boost::system::error_code error;
    auto socket = std::make_shared<Tcp::socket>(state->acceptor.get_executor());
    Tcp::endpoint peer;
    state->acceptor.accept(*socket, peer, error);
    if (error == asio::error::no_descriptors)  // the connection stays in the queue: do not spin
      HILLTOP_CO_CHECK(co_await sleep_for(std::chrono::milliseconds(100)));
    if (!error) socket->non_blocking(true, error);
    if (error || state->connections >= connections_most) continue;
    ++state->connections;
    state->scope.spawn("http connection",
                       serve_connection(state, socket, Ipv4Address{peer.address().to_v4().to_uint()}));
  }
  co_return ok();
}

}  // namespace

Result<std::unique_ptr<HttpFileServer>> HttpFileServer::start(asio::any_io_executor executor, TaskScope& scope,
                                                              Tcp::endpoint local, FilesOf files_of,
                                                              std::shared_ptr<Lane> lane) {
  auto state = std::make_shared<State>(std::move(executor), scope);
  state->files_of = std::move(files_of);
  state->lane = std::move(lane);
  boost::system::error_code error;
  auto& acceptor = state->acceptor;
  acceptor.open(Tcp::v4(), error);
  if (!error) acceptor.set_option(Tcp::acceptor::reuse_address(true), error);
  if (!error) acceptor.bind(local, error);
  if (!error) acceptor.listen(Tcp::acceptor::max_listen_connections, error);
  if (!error) acceptor.non_blocking(true, error);
  if (error)
    return Error(Errc::unavailable, Blame::configuration,
                 fmt::format("HTTP at {}:{}: {}", local.address().to_string(), local.port(), error.message()));
  scope.spawn("http", listen(state));
  return std::unique_ptr<HttpFileServer>(new HttpFileServer(std::move(state)));
}

HttpFileServer::~HttpFileServer() {
  boost::system::error_code ignored;
  state_->acceptor.close(ignored);
}

std::uint16_t HttpFileServer::port() const {
  boost::system::error_code ignored;
  return state_->acceptor.local_endpoint(ignored).port();
}

}  // namespace hilltop::drivers
