// SPDX-License-Identifier: Apache-2.0
#include "web/http/client.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <fstream>
#include <random>

#include "web/http/client_connection.hpp"
#include "web/http/message.hpp"

namespace hilltop::web {
namespace {

namespace http = boost::beast::http;

using ReplyParser = http::response_parser<http::buffer_body>;
using Sink = std::function<bool(std::string_view)>;

/// One connection and what was read ahead from it. Shared with running operations.
struct Wire {
  explicit Wire(AnyStream s) : stream(std::move(s)) {}
  AnyStream stream;
  boost::beast::flat_buffer buffer{256 * 1024};
};

std::string random_boundary() {
  std::random_device source;
  std::string out = "hilltop-";
  for (int i = 0; i < 4; ++i) out += std::to_string(source());
  return out;
}

std::string escape_quotes(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) >= 0x20) out += c;
  }
  return out;
}

/// A file of an upload, with the text around it.
struct SendPart {
  std::string head;
  std::filesystem::path path;
  std::uint64_t bytes = 0;
};

class Client final : public HttpClient {
 public:
  Client(Url url, ClientOptions options) : url_(std::move(url)), options_(std::move(options)) {}

  Result<HttpReply> request(std::string_view method, std::string_view target, const HeaderList& headers,
                            std::string body, Deadline deadline) override {
    HILLTOP_CHECK(connect(deadline));
    const bool bodiless = body.empty() && (method == "GET" || method == "DELETE" || method == "HEAD");
    auto head = head_of(method, target, headers);
    if (!bodiless) head += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    const auto sent = send(head + "\r\n" + body, deadline);
    return receive_after(sent, method == "HEAD", deadline);
  }

  Result<HttpReply> download(std::string_view target, const Sink& sink, Deadline deadline) override {
    HILLTOP_CHECK(connect(deadline));
    HILLTOP_CHECK(send(head_of("GET", target, {}) + "\r\n", deadline));
    return receive(sink, false, deadline);
  }

  Result<HttpReply> upload(std::string_view target, const std::vector<FilePart>& parts,
                           const std::function<void(std::uint64_t, std::uint64_t)>& progress,
                           Deadline deadline) override {
    const auto boundary = random_boundary();
    const auto tail = "--" + boundary + "--\r\n";
    HILLTOP_TRY(const auto files, prepare(parts, boundary));
    std::uint64_t total = tail.size();
    for (const auto& file : files) total += file.head.size() + file.bytes + 2;
    HILLTOP_CHECK(connect(deadline));
    const HeaderList type = {{"Content-Type", "multipart/form-data; boundary=" + boundary}};
    HILLTOP_CHECK(
        send(head_of("POST", target, type) + "Content-Length: " + std::to_string(total) + "\r\n\r\n", deadline));
    auto sent = send_files(files, total, progress, deadline);
    if (sent) sent = send(tail, deadline);
    return receive_after(sent, false, deadline);
  }

 private:
  static Result<std::vector<SendPart>> prepare(const std::vector<FilePart>& parts, const std::string& boundary) {
    std::vector<SendPart> out;
    for (const auto& part : parts) {
      std::error_code ec;
      const auto bytes = std::filesystem::file_size(part.path, ec);
      if (ec) return Error(Errc::not_found, Blame::configuration, part.path.string() + ": " + ec.message());
      out.push_back({"--" + boundary + "\r\nContent-Disposition: form-data; name=\"" + escape_quotes(part.name) +
                         "\"; filename=\"" + escape_quotes(part.path.filename().string()) +
                         "\"\r\nContent-Type: application/octet-stream\r\n\r\n",
                     part.path, bytes});
    }
    return out;
  }

  Result<> send_files(const std::vector<SendPart>& files, std::uint64_t total,
                      const std::function<void(std::uint64_t, std::uint64_t)>& progress, Deadline deadline) {
    std::uint64_t done = 0;
    for (const auto& file : files) {
      HILLTOP_CHECK(send(file.head, deadline));
      done += file.head.size();
      std::ifstream in(file.path, std::ios::binary);
      for (auto left = file.bytes; left > 0;) {
        std::string piece(std::min<std::uint64_t>(left, 256 * 1024), '\0');
        if (!in.read(piece.data(), static_cast<std::streamsize>(piece.size())))
          return Error(Errc::io, Blame::configuration, file.path.string() + " became shorter while it was read");
        HILLTOP_CHECK(send(piece, deadline));
        left -= piece.size();
        done += piece.size();
        if (progress) progress(done, total);
      }
      HILLTOP_CHECK(send("\r\n", deadline));
      done += 2;
    }
    return ok();
  }

  std::string head_of(std::string_view method, std::string_view target, const HeaderList& headers) const {
    std::string out = std::string(method) + " " + url_.prefix + std::string(target) +
                      " HTTP/1.1\r\nHost: " + url_.authority() + "\r\nUser-Agent: hilltop\r\nAccept: */*\r\n";
    for (const auto* list : {&options_.headers, &headers})
      for (const auto& [name, value] : *list) out += name + ": " + value + "\r\n";
    return out;
  }

  /// A kept connection is used again unless the server has closed it, or said something that nobody asked for.
  Result<> connect(Deadline deadline) {
    if (wire_ && still_good()) return ok();
    wire_.reset();
    HILLTOP_TRY(auto stream, connect_to(blocking_, url_, options_, deadline));
    wire_ = std::make_shared<Wire>(std::move(stream));
    return ok();
  }

  bool still_good() {
    char byte = 0;
    const auto n = ::recv(wire_->stream.socket().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) && wire_->buffer.size() == 0;
  }

  Error give_up(Error error) {
    if (wire_) wire_->stream.close();
    wire_.reset();
    blocking_.io.restart();
    blocking_.io.poll();  // what was running ends now
    return error;
  }

  Result<> send(std::string text, Deadline deadline) {
    auto keep = std::make_shared<std::string>(std::move(text));
    auto outcome = std::make_shared<std::optional<error_code>>();
    asio::async_write(wire_->stream, asio::buffer(*keep),
                      [keep, outcome, wire = wire_](error_code ec, std::size_t) { *outcome = ec; });
    if (!blocking_.drive(deadline, [&] { return outcome->has_value(); })) return give_up(too_late(url_.authority()));
    if (**outcome) return unavailable(url_.authority(), **outcome);
    return ok();
  }

  /// A server that refuses says why, and then stops reading: the answer is worth more than the failed write.
  Result<HttpReply> receive_after(const Result<>& sent, bool head_only, Deadline deadline) {
    if (!wire_) return Error(sent.error());
    auto reply = receive({}, head_only, sent ? deadline : deadline.at_most(5s));
    if (!sent && !reply) return Error(sent.error());
    if (!sent && wire_) drop_wire();
    return reply;
  }

  struct Reading {
    ReplyParser parser;
    std::vector<char> piece = std::vector<char>(64 * 1024);
    std::optional<error_code> outcome;
  };

  Result<> step(const std::shared_ptr<Reading>& reading, bool head, Deadline deadline) {
    reading->outcome.reset();
    auto done = [reading, wire = wire_](error_code ec, std::size_t) { reading->outcome = ec; };
    if (head) {
      http::async_read_header(wire_->stream, wire_->buffer, reading->parser, std::move(done));
    } else {
      reading->parser.get().body().data = reading->piece.data();
      reading->parser.get().body().size = reading->piece.size();
      // Some: a body that is made while it is sent is shown while it comes.
      http::async_read_some(wire_->stream, wire_->buffer, reading->parser, std::move(done));
    }
    if (!blocking_.drive(deadline, [&] { return reading->outcome.has_value(); }))
      return give_up(too_late(url_.authority()));
    const auto ec = *reading->outcome;
    if (!ec || ec == http::error::need_buffer) return ok();
    if (ec.category() == http::make_error_code(http::error::bad_version).category() &&
        ec != http::error::end_of_stream && ec != http::error::partial_message)
      return give_up(Error(Errc::protocol, Blame::infrastructure, url_.authority() + ": " + ec.message()));
    return give_up(unavailable(url_.authority(), ec));
  }

  Result<HttpReply> receive(const Sink& sink, bool head_only, Deadline deadline) {
    auto reading = std::make_shared<Reading>();
    do {  // 100 Continue is no answer
      reading = std::make_shared<Reading>();
      reading->parser.body_limit(boost::none);
      reading->parser.skip(head_only);
      HILLTOP_CHECK(step(reading, true, deadline));
    } while (reading->parser.get().result_int() == 100);
    HttpReply reply;
    reply.status = reading->parser.get().result_int();
    for (const auto& field : reading->parser.get())
      reply.headers.emplace_back(std::string(field.name_string()), std::string(field.value()));
    const bool to_sink = sink && reply.success();
    while (!reading->parser.is_done()) {
      HILLTOP_CHECK(step(reading, false, deadline));
      const std::string_view got(reading->piece.data(), reading->piece.size() - reading->parser.get().body().size);
      if (to_sink && !got.empty() && !sink(got)) {
        drop_wire();
        return reply;
      }
      if (!to_sink) reply.body += got;
      if (reply.body.size() > options_.body_limit)
        return give_up(Error(Errc::protocol, Blame::infrastructure, url_.authority() + ": the reply is too large"));
    }
    if (!reading->parser.keep_alive()) drop_wire();
    return reply;
  }

  void drop_wire() {
    wire_->stream.close();
    wire_.reset();
  }

  Url url_;
  ClientOptions options_;
  Blocking blocking_;
  std::shared_ptr<Wire> wire_;
};

}  // namespace

std::string HttpReply::header(std::string_view name) const { return std::string(find_header(headers, name)); }

Result<std::unique_ptr<HttpClient>> HttpClient::make(std::string base, ClientOptions options) {
  HILLTOP_TRY(auto url, parse_url(base));
  return std::unique_ptr<HttpClient>(std::make_unique<Client>(std::move(url), std::move(options)));
}

}  // namespace hilltop::web
