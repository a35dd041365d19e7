// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <unistd.h>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/read.hpp>

#include "web/http/connection.hpp"
#include "web/http/multipart.hpp"

namespace hilltop::web {
namespace {

namespace http = boost::beast::http;

constexpr unsigned client_gone = 1;
constexpr std::size_t piece_bytes = 64 * 1024;

/// Where the bytes of a body go.
struct BodyTaker {
  virtual ~BodyTaker() = default;
  virtual Result<> take(std::string_view bytes) = 0;
  virtual Result<> finish() = 0;
};

struct TextTaker final : BodyTaker {
  explicit TextTaker(std::string& t) : text(t) {}
  Result<> take(std::string_view bytes) override {
    text += bytes;
    return ok();
  }
  Result<> finish() override { return ok(); }
  std::string& text;
};

/// Each file part into a file of its own; parts without a file name are dropped.
struct FileTaker final : BodyTaker, MultipartReader::Sink {
  FileTaker(std::string boundary, Request& r, std::filesystem::path f)
      : reader(std::move(boundary), *this), request(r), folder(std::move(f)) {}
  ~FileTaker() override {
    if (fd >= 0) ::close(fd);
  }
  Result<> take(std::string_view bytes) override { return reader.feed(bytes); }
  Result<> finish() override { return reader.finish(); }

  Result<> begin(const std::string& field, const std::string& file_name) override {
    if (file_name.empty()) return ok();
    const auto path = folder / (std::to_string(request.uploads.size()) + "-" + file_name.substr(0, 120));
    fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) return system_error(path.string(), errno);
    request.uploads.push_back(Upload{field, file_name, path, 0});
    return ok();
  }
  Result<> data(std::string_view bytes) override {
    while (fd >= 0 && !bytes.empty()) {
      const auto n = ::write(fd, bytes.data(), bytes.size());
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return system_error("writing an upload", errno);
      request.uploads.back().bytes += static_cast<std::uint64_t>(n);
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return ok();
  }
  Result<> end() override {
    if (fd >= 0 && ::close(std::exchange(fd, -1)) != 0) return system_error("writing an upload", errno);
    return ok();
  }

  MultipartReader reader;
  Request& request;
  std::filesystem::path folder;
  int fd = -1;
};

Result<std::shared_ptr<TemporaryFolder>> make_folder(const std::filesystem::path& parent) {
  auto name = (parent / "upload-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) return system_error("folder for uploads in " + parent.string(), errno);
  return std::make_shared<TemporaryFolder>(name);
}

Result<std::unique_ptr<BodyTaker>> make_taker(const Connection& c, const Admission& rules, Request& request) {
  if (rules.body == Admission::Body::text) return std::unique_ptr<BodyTaker>(std::make_unique<TextTaker>(request.body));
  HILLTOP_TRY(auto boundary, multipart_boundary(request.header("Content-Type")));
  HILLTOP_TRY(request.uploads_folder, make_folder(c.options.upload_dir));
  return std::unique_ptr<BodyTaker>(
      std::make_unique<FileTaker>(std::move(boundary), request, request.uploads_folder->path));
}

asio::awaitable<bool> say_continue(std::shared_ptr<Connection> c, const Request& request) {
  if (!equals_ignoring_case(request.header("Expect"), "100-continue")) co_return true;
  static constexpr std::string_view go_on = "HTTP/1.1 100 Continue\r\n\r\n";
  error_code ec;
  c->stream.expires_after(c->options.piece_time);
  co_await asio::async_write(c->stream, asio::buffer(go_on), asio::redirect_error(asio::use_awaitable, ec));
  co_return !ec;
}

unsigned status_of(const error_code& ec) {
  return ec.category() == http::make_error_code(http::error::bad_chunk).category() &&
                 ec != http::error::partial_message && ec != http::error::end_of_stream
             ? 400
             : client_gone;
}

/// Moves the body to `taker`, piece by piece. Value: 0 or a status.
asio::awaitable<unsigned> move_body(std::shared_ptr<Connection> c, std::shared_ptr<RequestParser> parser,
                                    BodyTaker& taker, std::uint64_t limit) {
  std::vector<char> piece(piece_bytes);
  std::uint64_t total = 0;
  while (!parser->is_done()) {
    parser->get().body().data = piece.data();
    parser->get().body().size = piece.size();
    error_code ec;
    c->stream.expires_after(c->options.piece_time);
    co_await http::async_read(c->stream, c->buffer, *parser, asio::redirect_error(asio::use_awaitable, ec));
    if (ec && ec != http::error::need_buffer) co_return status_of(ec);
    const auto n = piece.size() - parser->get().body().size;
    total += n;
    if (total > limit) co_return 413;
    if (auto taken = taker.take({piece.data(), n}); !taken) co_return taken.error().code == Errc::bad_input ? 400 : 507;
  }
  const auto finished = taker.finish();
  co_return finished ? 0 : 400;
}

}  // namespace

asio::awaitable<unsigned> read_body(std::shared_ptr<Connection> c, std::shared_ptr<RequestParser> parser,
                                    const Admission& rules, Request& request) {
  if (rules.body == Admission::Body::none && parser->is_done()) co_return 0;
  const auto limit = rules.body == Admission::Body::files ? c->options.upload_limit : std::uint64_t{rules.text_limit};
  if (const auto announced = parser->content_length(); announced && *announced > limit) co_return 413;
  auto taker = make_taker(
      *c, rules.body == Admission::Body::none ? Admission{Admission::Body::text, 0, {}, {}, {}} : rules, request);
  if (!taker) co_return taker.error().code == Errc::bad_input ? 415 : 507;
  if (!parser->is_done() && !co_await say_continue(c, request)) co_return client_gone;
  co_return co_await move_body(c, parser, **taker, limit);
}

}  // namespace hilltop::web
