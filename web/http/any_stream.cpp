// SPDX-License-Identifier: Apache-2.0
#include "web/http/any_stream.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/tcp_stream.hpp>

namespace hilltop::web {
namespace {

namespace beast = boost::beast;
namespace ssl = asio::ssl;

void close_socket(asio::ip::tcp::socket& socket) {
  error_code ignored;
  socket.close(ignored);
}

void stop_sending(asio::ip::tcp::socket& socket) {
  error_code ignored;
  socket.shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
}

class Plain final : public AnyStream::Transport {
 public:
  explicit Plain(asio::ip::tcp::socket socket) : stream_(std::move(socket)) {}
  asio::any_io_executor executor() override { return stream_.get_executor(); }
  void read_some(asio::mutable_buffer into, AnyStream::Handler handler) override {
    stream_.async_read_some(into, std::move(handler));
  }
  void write_some(AnyStream::Gather from, AnyStream::Handler handler) override {
    stream_.async_write_some(from, std::move(handler));
  }
  void handshake(AnyStream::DoneHandler handler) override { post_done(std::move(handler)); }
  void say_goodbye(AnyStream::DoneHandler handler) override {
    stop_sending(stream_.socket());
    post_done(std::move(handler));
  }
  void expires_after(Deadline::Clock::duration time) override { stream_.expires_after(time); }
  void expires_never() override { stream_.expires_never(); }
  asio::ip::tcp::socket& socket() override { return stream_.socket(); }
  int plain_descriptor() override { return stream_.socket().is_open() ? stream_.socket().native_handle() : -1; }
  void close() override { close_socket(stream_.socket()); }

 private:
  void post_done(AnyStream::DoneHandler handler) {
    asio::post(stream_.get_executor(), [h = std::move(handler)]() mutable { h(error_code()); });
  }
  beast::tcp_stream stream_;
};

class Tls final : public AnyStream::Transport {
 public:
  Tls(asio::ip::tcp::socket socket, std::shared_ptr<ssl::context> context, ssl::stream_base::handshake_type role)
      : context_(std::move(context)), stream_(beast::tcp_stream(std::move(socket)), *context_), role_(role) {}
  asio::any_io_executor executor() override { return stream_.get_executor(); }
  void read_some(asio::mutable_buffer into, AnyStream::Handler handler) override {
    stream_.async_read_some(into, std::move(handler));
  }
  void write_some(AnyStream::Gather from, AnyStream::Handler handler) override {
    if (from.count == 1) return stream_.async_write_some(*from.begin(), std::move(handler));
    gathered_.clear();  // one record for small buffers; a write of a part is allowed
    for (const auto& b : from) {
      const auto room = std::min<std::size_t>(b.size(), record_bytes - gathered_.size());
      gathered_.append(static_cast<const char*>(b.data()), room);
    }
    stream_.async_write_some(asio::buffer(gathered_), std::move(handler));
  }
  void handshake(AnyStream::DoneHandler handler) override { stream_.async_handshake(role_, std::move(handler)); }
  void say_goodbye(AnyStream::DoneHandler handler) override { stream_.async_shutdown(std::move(handler)); }
  void expires_after(Deadline::Clock::duration time) override { stream_.next_layer().expires_after(time); }
  void expires_never() override { stream_.next_layer().expires_never(); }
  asio::ip::tcp::socket& socket() override { return stream_.next_layer().socket(); }
  int plain_descriptor() override { return -1; }
  void close() override { close_socket(socket()); }
  ssl::stream<beast::tcp_stream>& stream() { return stream_; }

 private:
  static constexpr std::size_t record_bytes = 16 * 1024;  // RFC 8446 5.1
  std::shared_ptr<ssl::context> context_;
  ssl::stream<beast::tcp_stream> stream_;
  ssl::stream_base::handshake_type role_;
  std::string gathered_;
};

Error tls_error(const std::string& what, const error_code& ec) {
  return Error(Errc::bad_input, Blame::configuration, what + ": " + ec.message());
}

}  // namespace

AnyStream AnyStream::plain(asio::ip::tcp::socket socket) {
  return AnyStream(std::make_shared<Plain>(std::move(socket)));
}

AnyStream AnyStream::tls_server(asio::ip::tcp::socket socket, std::shared_ptr<ssl::context> context) {
  return AnyStream(std::make_shared<Tls>(std::move(socket), std::move(context), ssl::stream_base::server));
}

Result<AnyStream> AnyStream::tls_client(asio::ip::tcp::socket socket, std::shared_ptr<ssl::context> context,
                                        const std::string& host, bool verify) {
  auto tls = std::make_shared<Tls>(std::move(socket), std::move(context), ssl::stream_base::client);
  SSL_set_tlsext_host_name(tls->stream().native_handle(), host.c_str());
  error_code ec;
  if (verify) tls->stream().set_verify_callback(ssl::host_name_verification(host), ec);
  if (ec) return tls_error("TLS", ec);
  return AnyStream(std::move(tls));
}

Result<std::shared_ptr<ssl::context>> server_tls(const std::string& certificate, const std::string& key) {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  error_code ec;
  context->set_options(ssl::context::default_workarounds | ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1, ec);
  if (context->use_certificate_chain_file(certificate, ec); ec) return tls_error("certificate " + certificate, ec);
  if (context->use_private_key_file(key, ssl::context::pem, ec); ec) return tls_error("key " + key, ec);
  return context;
}

Result<std::shared_ptr<ssl::context>> client_tls(const std::string& ca_file, bool verify) {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_client);
  error_code ec;
  context->set_options(ssl::context::default_workarounds | ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1, ec);
  context->set_verify_mode(verify ? ssl::verify_peer : ssl::verify_none, ec);
  if (!verify) return context;
  if (ca_file.empty()) {
    context->set_default_verify_paths(ec);
  } else {
    context->load_verify_file(ca_file, ec);
  }
  if (ec) return tls_error(ca_file.empty() ? "the system's certificate authorities" : ca_file, ec);
  return context;
}

}  // namespace hilltop::web
