// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "web/http/server.hpp"

namespace hilltop::cli::test {

/// A server whose answers the test writes: "METHOD /path" -> what it says. Paths are below /api/v1. Whatever is not
/// there is 404, as the real server says it; WebSockets likewise, unless `talk` has them.
class StubServer {
 public:
  using Answer = std::function<web::Response(const web::Request&)>;
  using Talk = std::function<Task<>(web::Request, std::shared_ptr<web::WebSocket>)>;

  std::map<std::string, Answer> answers;  ///< written before start()
  std::map<std::string, Talk> talks;      ///< by path

  void start() {
    web::ListenOptions options;
    options.port = 0;
    options.threads = 1;
    auto made =
        web::HttpServer::start(options, [this](asio::any_io_executor) { return std::make_shared<Stub>(*this); });
    ASSERT_TRUE(made) << made.error().text;
    server_ = *std::move(made);
  }
  ~StubServer() {
    if (server_) server_->stop();
  }
  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(server_->port()); }

  /// "METHOD /path?query" of all requests so far, with their bodies behind a space.
  std::vector<std::string> asked() {
    const std::lock_guard lock(mutex_);
    return asked_;
  }
  std::string last_authorization() {
    const std::lock_guard lock(mutex_);
    return authorization_;
  }

  static web::Response json(std::string text, unsigned status = 200) {
    return web::Response(status, "application/json", std::move(text));
  }
  static Answer says(std::string text, unsigned status = 200) {
    return [text = std::move(text), status](const web::Request&) { return json(text, status); };
  }

 private:
  class Stub final : public web::Application {
   public:
    explicit Stub(StubServer& owner) : owner_(owner) {}
    asio::awaitable<std::variant<web::Response, web::Admission>> admit(const web::Request& head, std::string_view,
                                                                       bool wants_websocket) override {
      co_return decide(owner_, head, wants_websocket);
    }
    web::Response problem(unsigned status, std::string detail) override { return json(std::move(detail), status); }

   private:
    StubServer& owner_;
  };

  static std::variant<web::Response, web::Admission> decide(StubServer& owner, const web::Request& head,
                                                            bool websocket) {
    const auto path = head.path.substr(std::string("/api/v1").size());
    web::Admission admission;
    if (websocket) {
      const auto talk = owner.talks.find(path);
      if (talk == owner.talks.end()) return json(R"({"detail":"no such stream"})", 404);
      admission.talk = talk->second;
      return admission;
    }
    admission.body = head.header("Content-Type").starts_with("multipart/") ? web::Admission::Body::files
                                                                           : web::Admission::Body::text;
    admission.text_limit = 1 << 20;
    admission.answer = [&owner, path](web::Request request) { return reply(owner, path, std::move(request)); };
    return admission;
  }

  static asio::awaitable<web::Response> reply(StubServer& owner, std::string path, web::Request request) {
    const auto name = std::string(web::to_string(request.method)) + " " + path;
    std::string query;
    for (const auto& [key, value] : request.query) query += (query.empty() ? "?" : "&") + key + "=" + value;
    {
      const std::lock_guard lock(owner.mutex_);
      owner.asked_.push_back(name + query + (request.body.empty() ? "" : " " + request.body));
      owner.authorization_ = std::string(request.header("Authorization"));
    }
    const auto found = owner.answers.find(name);
    if (found == owner.answers.end())
      co_return web::Response(404, "application/problem+json", R"({"detail":"there is no )" + name + R"("})");
    co_return found->second(request);
  }

  std::mutex mutex_;
  std::vector<std::string> asked_;
  std::string authorization_;
  std::unique_ptr<web::HttpServer> server_;
};

}  // namespace hilltop::cli::test
