// SPDX-License-Identifier: Apache-2.0
#include "web/http/server.hpp"

#include "tests/web/web_fixture.hpp"

namespace hilltop::web::testing {
namespace {

using HttpServerTest = WebFixture;

std::string first_line(const std::string& reply) { return reply.substr(0, reply.find("\r\n")); }

TEST_F(HttpServerTest, TakesARequestByteByByte) {
  std::vector<std::string> pieces;
  for (const char c : std::string("GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"))
    pieces.emplace_back(1, c);
  const auto reply = raw(pieces);
  EXPECT_EQ(first_line(reply), "HTTP/1.1 200 OK");
  EXPECT_TRUE(reply.ends_with("\r\n\r\nok\n")) << reply;
}

TEST_F(HttpServerTest, AnswersPipelinedRequestsInOrder) {
  const auto reply =
      raw({"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /nothing HTTP/1.1\r\nHost: x\r\n\r\n"
           "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"});
  const auto first = reply.find("200 OK");
  const auto second = reply.find("404", first);
  const auto third = reply.find("200 OK", second);
  EXPECT_NE(third, std::string::npos) << reply;
}

TEST_F(HttpServerTest, PipelinesBehindABody) {
  const std::string body = "actions: []";
  const auto reply =
      raw({"POST /api/v1/jobs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer submitter\r\nContent-Length: 11\r\n\r\n" +
           body + "GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"});
  EXPECT_NE(reply.find("201 Created"), std::string::npos) << reply;
  EXPECT_TRUE(reply.ends_with("ok\n")) << reply;
}

TEST_F(HttpServerTest, TakesAChunkedBody) {
  const auto reply =
      raw({"POST /api/v1/jobs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer submitter\r\nConnection: close\r\n"
           "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"});
  ASSERT_EQ(first_line(reply), "HTTP/1.1 201 Created") << reply;
  EXPECT_EQ(on_control([this] { return farm_->definitions.begin()->second; }), "abcde");
}

TEST_F(HttpServerTest, SaysContinueOnlyToWhoMaySend) {
  const std::string rest = " HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 4\r\n";
  const auto yes = raw({"POST /api/v1/jobs" + rest + "Authorization: Bearer submitter\r\n\r\n", "name"});
  EXPECT_TRUE(yes.starts_with("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201")) << yes;
  const auto no = raw({"POST /api/v1/jobs" + rest + "Authorization: Bearer viewer\r\n\r\n"});
  EXPECT_TRUE(no.starts_with("HTTP/1.1 403")) << no;
}

TEST_F(HttpServerTest, RefusesOddRequestsAndStays) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"GET /../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
      {"GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
      {"GET /api%2fv1%2fboards HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
      {"GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
      {"GET /healthz%0d%0aX-Evil:%201 HTTP/1.1\r\nHost: x\r\n\r\n", "400"},
      {"rubbish\r\n\r\n", "400"},
      {"GET /healthz HTTP/9.9\r\n\r\n", "400"},
      {"GET / HTTP/1.1\r\nBad Header Name: x\r\n\r\n", "400"},
      {"GET / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", "400"},
      {"GET / HTTP/1.1\r\nX: " + std::string(20000, 'x') + "\r\n\r\n", "431"},
      {"BREW /healthz HTTP/1.1\r\nHost: x\r\n\r\n", "405"},
      {"POST /api/v1/jobs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer submitter\r\nContent-Length: "
       "99999999999\r\n\r\n",
       "413"},
      {"POST /api/v1/jobs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer submitter\r\nTransfer-Encoding: "
       "chunked\r\n\r\nzz\r\n",
       "400"},
  };
  for (const auto& [request, status] : cases) {
    const auto reply = raw({request}, 3s);
    EXPECT_EQ(first_line(reply).substr(9, 3), status) << request.substr(0, 60) << "\n" << reply;
  }
  EXPECT_EQ(ask("", "GET", "/healthz").status, 200u);
}

TEST_F(HttpServerTest, CutsABodyThatIsLargerThanAllowed) {
  const auto reply = ask("submitter", "POST", "/api/v1/jobs", std::string(9 * 1024 * 1024, 'x'));
  EXPECT_EQ(reply.status, 413u);
  const auto chunk = "100000\r\n" + std::string(0x100000, 'x') + "\r\n";
  std::vector<std::string> pieces = {
      "POST /api/v1/jobs HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer submitter\r\nTransfer-Encoding: chunked\r\n\r\n"};
  for (int i = 0; i < 10; ++i) pieces.push_back(chunk);
  EXPECT_TRUE(raw(pieces).starts_with("HTTP/1.1 413"));
}

TEST_F(HttpServerTest, AClientThatLeavesInTheMiddleHarmsNobody) {
  for (const auto* part :
       {"G", "GET /healthz HTTP/1.1\r\nHo",
        "POST /api/v1/jobs HTTP/1.1\r\nAuthorization: Bearer submitter\r\nContent-Length: 50\r\n\r\nabc"}) {
    const int fd = connect_raw();
    ASSERT_GT(::send(fd, part, std::strlen(part), MSG_NOSIGNAL), 0);
    ::close(fd);
  }
  EXPECT_EQ(ask("", "GET", "/healthz").status, 200u);
  EXPECT_TRUE(on_control([this] { return farm_->job_views.empty(); }));
}

TEST_F(HttpServerTest, AnswersHeadWithoutABody) {
  const auto reply = raw({"HEAD /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"});
  EXPECT_NE(reply.find("Content-Length: 3\r\n"), std::string::npos);
  EXPECT_TRUE(reply.ends_with("\r\n\r\n")) << reply;
}

TEST_F(HttpServerTest, ClosesAfterAnOldClientsRequest) {
  const auto reply = raw({"GET /healthz HTTP/1.0\r\n\r\n"});
  EXPECT_TRUE(reply.ends_with("ok\n"));
}

TEST_F(HttpServerTest, StopsWhileClientsWaitAndSend) {
  const int idle = connect_raw();
  const int partial = connect_raw();
  ASSERT_GT(::send(partial, "GET /heal", 9, MSG_NOSIGNAL), 0);
  auto socket = open_socket("viewer", "/api/v1/events/ws");
  ASSERT_TRUE(socket.has_value()) << socket.error().text;
  on_control([this] {
    server_->stop();
    return true;
  });
  for (const int fd : {idle, partial}) {
    EXPECT_EQ(read_all(fd, 10s), "");
    ::close(fd);
  }
  const auto end = (*socket)->next(soon());
  EXPECT_TRUE(!end || end->kind == WsMessage::Kind::closed);
}

TEST(HttpServerStart, SaysWhatItCannotListenOn) {
  const auto none = [](asio::any_io_executor) { return std::shared_ptr<Application>(); };
  ListenOptions bad;
  bad.address = "lab.example";
  EXPECT_EQ(HttpServer::start(bad, none).error().code, Errc::bad_input);
  ListenOptions half;
  half.port = 0;
  half.tls_certificate = "cert.pem";
  EXPECT_FALSE(HttpServer::start(half, none).has_value());
}

TEST_F(HttpServerTest, APortThatIsTakenIsNamed) {
  const auto again = on_control([this] {
    WebOptions options;
    options.port = server_->port();
    return WebServer::start(options, control_.get_executor(), farm_).error();
  });
  EXPECT_EQ(again.code, Errc::busy);
  EXPECT_NE(again.text.find(std::to_string(server_->port())), std::string::npos);
}

TEST_F(HttpServerTest, RefusesToListenBeyondLoopbackInTheClear) {
  const auto open = on_control([this] {
    WebOptions options;
    options.address = "0.0.0.0";
    options.port = 0;
    return WebServer::start(options, control_.get_executor(), farm_).error();
  });
  EXPECT_EQ(open.code, Errc::denied);
}

struct SlowOptions {
  static ListenOptions make() {
    ListenOptions options;
    options.port = 0;
    options.threads = 1;
    options.header_time = 200ms;
    options.piece_time = 200ms;
    options.max_connections = 2;
    return options;
  }
};

class Greeter final : public Application {
 public:
  asio::awaitable<std::variant<Response, Admission>> admit(const Request&, std::string_view, bool) override {
    return no();
  }
  Response problem(unsigned status, std::string detail) override {
    return Response(status, "text/plain", std::move(detail));
  }

 private:
  static asio::awaitable<std::variant<Response, Admission>> no() { co_return Response(200, "text/plain", "hello\r\n"); }
};

class SlowClientTest : public WebFixture {
 protected:
  SlowClientTest() {
    auto started =
        HttpServer::start(SlowOptions::make(), [](asio::any_io_executor) { return std::make_shared<Greeter>(); });
    if (started) slow_ = *std::move(started);
  }
  int connect_slow() const {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(slow_->port());
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof to), 0);
    return fd;
  }
  std::unique_ptr<HttpServer> slow_;
};

TEST_F(SlowClientTest, ASlowHeaderEndsTheConnection) {
  const int fd = connect_slow();
  ASSERT_GT(::send(fd, "GET / HT", 8, MSG_NOSIGNAL), 0);
  EXPECT_EQ(read_all(fd, 10s), "");
  ::close(fd);
}

TEST_F(SlowClientTest, AnIdleConnectionIsClosedInTheEnd) {
  const int fd = connect_slow();
  EXPECT_EQ(read_all(fd, 10s), "");
  ::close(fd);
}

TEST_F(SlowClientTest, MoreConnectionsThanAllowedAreTurnedAway) {
  const int one = connect_slow();
  const int two = connect_slow();
  for (const int fd : {one, two}) {
    ASSERT_GT(::send(fd, "GET / HTTP/1.1\r\n\r\n", 18, MSG_NOSIGNAL), 0);
    pollfd p{fd, POLLIN, 0};
    ASSERT_EQ(::poll(&p, 1, 10000), 1);
  }
  const int three = connect_slow();
  EXPECT_EQ(read_all(three, 10s), "");
  for (const int fd : {one, two, three}) ::close(fd);
}

}  // namespace
}  // namespace hilltop::web::testing
