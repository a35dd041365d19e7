// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/status.hpp>

#include "drivers/core/log.hpp"
#include "web/http/connection.hpp"

namespace hilltop::web {
namespace {

constexpr std::size_t piece_bytes = 64 * 1024;

/// A header line's value as it may be sent: CR and LF would start a header of somebody else's making.
std::string clean(std::string_view value) {
  std::string out(value);
  std::erase_if(out, [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
  return out;
}

std::string head_of(const Response& response, bool keep_alive) {
  const auto reason = boost::beast::http::obsolete_reason(static_cast<boost::beast::http::status>(response.status));
  std::string out = "HTTP/1.1 " + std::to_string(response.status) + " " + std::string(reason) + "\r\n";
  for (const auto& [name, value] : response.headers) out += clean(name) + ": " + clean(value) + "\r\n";
  out += "Server: hilltop\r\n";
  if (!keep_alive) out += "Connection: close\r\n";
  return out;
}

asio::awaitable<bool> write_all(std::shared_ptr<Connection> c, std::string head, std::string body) {
  error_code ec;
  for (std::size_t sent = 0; !ec && sent < head.size() + body.size();) {  // the clock starts anew with each piece
    c->stream.expires_after(c->options.piece_time);
    std::array<asio::const_buffer, 2> both;
    both[0] = sent < head.size() ? asio::buffer(head) + sent : asio::const_buffer();
    const auto skip = sent < head.size() ? 0 : sent - head.size();
    both[1] = asio::buffer(asio::buffer(body) + skip, 4 * piece_bytes);
    sent += co_await c->stream.async_write_some(both, asio::redirect_error(asio::use_awaitable, ec));
  }
  c->counters.bytes_sent += head.size() + body.size();
  co_return !ec;
}

/// An open file that closes itself.
struct File {
  explicit File(const std::filesystem::path& path) : fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  ~File() {
    if (fd >= 0) ::close(fd);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  int fd;
};

asio::awaitable<bool> send_file(std::shared_ptr<Connection> c, Response response, bool head_only) {
  const auto range = std::get<FileRange>(response.body);
  const File file(range.path);
  struct stat status{};
  if (file.fd < 0 || ::fstat(file.fd, &status) != 0)
    co_return co_await send_response(c, c->thread.application->problem(404, "the file is gone"), head_only, false);
  const auto size = static_cast<std::uint64_t>(status.st_size);
  const auto begin = std::min(range.offset, size);
  auto left = std::min(range.length, size - begin);
  auto head = head_of(response, c->keep_alive) + "Content-Length: " + std::to_string(left) + "\r\n\r\n";
  if (!co_await write_all(c, std::move(head), {})) co_return false;
  for (auto at = begin; left > 0 && !head_only;) {
    std::string piece(std::min<std::uint64_t>(left, piece_bytes), '\0');
    const auto n = ::pread(file.fd, piece.data(), piece.size(), static_cast<off_t>(at));
    if (n <= 0) co_return false;  // cut short under our hands: the length was promised, so the connection ends
    piece.resize(static_cast<std::size_t>(n));
    at += piece.size();
    left -= piece.size();
    if (!co_await write_all(c, {}, std::move(piece))) co_return false;
  }
  co_return true;
}

std::string chunk_head(std::size_t bytes) {
  char text[32];
  const auto n = std::snprintf(text, sizeof text, "%zx\r\n", bytes);
  return std::string(text, static_cast<std::size_t>(n));
}

asio::awaitable<bool> send_stream(std::shared_ptr<Connection> c, Response response, bool head_only, bool http_1_0) {
  auto source = std::get<std::shared_ptr<BodySource>>(response.body);
  if (http_1_0) c->keep_alive = false;  // no chunks there: the end of the connection is the end of the body
  auto head = head_of(response, c->keep_alive) + (http_1_0 ? "\r\n" : "Transfer-Encoding: chunked\r\n\r\n");
  if (!co_await write_all(c, std::move(head), {})) co_return false;
  while (!head_only) {
    auto piece = co_await source->next(Deadline::never());
    if (!piece) {
      log::warn("web: {}: a body ended early: {}", c->peer, piece.error().text);
      co_return false;
    }
    const bool last = piece->empty();
    if (last && http_1_0) break;
    auto size = http_1_0 ? std::string() : chunk_head(piece->size());
    if (!http_1_0) *piece += "\r\n";
    if (!co_await write_all(c, std::move(size), *std::move(piece))) co_return false;
    if (last) break;
  }
  co_return !http_1_0;
}

}  // namespace

asio::awaitable<bool> send_response(std::shared_ptr<Connection> c, Response response, bool head_only, bool http_1_0) {
  if (std::holds_alternative<FileRange>(response.body)) co_return co_await send_file(c, std::move(response), head_only);
  if (std::holds_alternative<std::shared_ptr<BodySource>>(response.body))
    co_return co_await send_stream(c, std::move(response), head_only, http_1_0);
  auto& body = std::get<std::string>(response.body);
  auto head = head_of(response, c->keep_alive);
  const bool bodiless = response.status == 204 || response.status == 304;  // RFC 9110 8.6
  if (!bodiless) head += "Content-Length: " + std::to_string(body.size()) + "\r\n";
  if (c->keep_alive && http_1_0) head += "Connection: keep-alive\r\n";
  head += "\r\n";
  if (head_only || bodiless) body.clear();
  co_return co_await write_all(c, std::move(head), std::move(body));
}

}  // namespace hilltop::web
