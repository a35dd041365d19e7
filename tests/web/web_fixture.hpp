// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <future>
#include <nlohmann/json.hpp>
#include <thread>

#include "tests/web/fake_farm.hpp"
#include "web/api/web_server.hpp"
#include "web/http/client.hpp"

namespace hilltop::web::testing {

/// A server over a FakeFarm, with a control thread, on a free port.
class WebFixture : public ::testing::Test {
 protected:
  /// `prepare` may add to the options; it gets a folder for files.
  explicit WebFixture(void (*prepare)(WebOptions&, const std::filesystem::path&) = nullptr)
      : guard_(control_.get_executor()), thread_([this] { control_.run(); }) {
    farm_ = std::make_shared<FakeFarm>(control_.get_executor());
    on_control([this, prepare] {
      WebOptions options;
      options.port = 0;
      if (prepare != nullptr) prepare(options, farm_->dir);
      options.upload_dir = farm_->dir / "uploads";
      auto started = WebServer::start(options, control_.get_executor(), farm_);
      if (started) server_ = *std::move(started);
      return started.has_value();
    });
  }
  ~WebFixture() override {
    on_control([this] {
      server_->stop();
      return true;
    });
    guard_.reset();
    thread_.join();
    server_.reset();
  }

  template <class F>
  std::invoke_result_t<F&> on_control(F f) {
    std::packaged_task<std::invoke_result_t<F&>()> task(std::move(f));
    auto result = task.get_future();
    asio::post(control_, [&task] { task(); });
    return result.get();
  }

  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(server_->port()); }
  [[nodiscard]] static Deadline soon() { return Deadline::after(20s); }
  [[nodiscard]] static ClientOptions with_token(const std::string& token) {
    ClientOptions options;
    if (!token.empty()) options.headers.emplace_back("Authorization", "Bearer " + token);
    return options;
  }

  HttpReply ask(const std::string& token, std::string_view method, const std::string& target, std::string body = "",
                const HeaderList& headers = {}) {
    auto client = HttpClient::make(url(), with_token(token));
    auto reply = (*client)->request(method, target, headers, std::move(body), soon());
    EXPECT_TRUE(reply.has_value()) << method << " " << target << ": " << (reply ? "" : reply.error().text);
    return reply ? *std::move(reply) : HttpReply{};
  }
  static nlohmann::json parsed(const HttpReply& reply) { return nlohmann::json::parse(reply.body, nullptr, false); }

  Result<std::unique_ptr<WsClient>> open_socket(const std::string& token, const std::string& target) {
    return WsClient::connect(url(), target, with_token(token), soon());
  }
  /// The next message; fails the test when there is none in time.
  static WsMessage next(WsClient& socket) {
    auto message = socket.next(soon());
    EXPECT_TRUE(message.has_value()) << (message ? "" : message.error().text);
    if (!message) return WsMessage{WsMessage::Kind::closed, "error"};
    EXPECT_NE(message->kind, WsMessage::Kind::timeout);
    return *message;
  }

  /// Sends bytes as they are and returns all that comes back until the server closes, or nothing comes for `quiet`.
  std::string raw(const std::vector<std::string>& pieces, std::chrono::milliseconds quiet = 10s) {
    const int fd = connect_raw();
    for (const auto& piece : pieces) (void)!::send(fd, piece.data(), piece.size(), MSG_NOSIGNAL);
    auto out = read_all(fd, quiet);
    ::close(fd);
    return out;
  }
  int connect_raw() const {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(server_->port());
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
    return fd;
  }
  static std::string read_all(int fd, std::chrono::milliseconds quiet) {
    std::string out;
    char piece[4096];
    for (pollfd p{fd, POLLIN, 0}; ::poll(&p, 1, static_cast<int>(quiet.count())) > 0;) {
      const auto n = ::recv(fd, piece, sizeof piece, 0);
      if (n <= 0) break;
      out.append(piece, static_cast<std::size_t>(n));
    }
    return out;
  }

  asio::io_context control_{1};
  asio::executor_work_guard<asio::io_context::executor_type> guard_;
  std::thread thread_;
  std::shared_ptr<FakeFarm> farm_;
  std::unique_ptr<WebServer> server_;
};

}  // namespace hilltop::web::testing
