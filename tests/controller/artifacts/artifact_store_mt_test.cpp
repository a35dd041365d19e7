// SPDX-License-Identifier: Apache-2.0
#include "controller/artifacts/artifact_store.hpp"

#include <arpa/inet.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <thread>

#include "controller/artifacts/download.hpp"
#include "tests/controller/farm_fixture.hpp"

namespace hilltop::controller {
namespace {

using test::run;

using asio::ip::tcp;

/// Answers each connection with the next of `answers` (the last one again and again), and keeps what was asked.
class HttpServer {
 public:
  explicit HttpServer(std::vector<std::string> answers) : answers_(std::move(answers)) {
    acceptor_.open(tcp::v4());
    acceptor_.bind({asio::ip::make_address("127.0.0.1"), 0});
    acceptor_.listen();
    port_ = acceptor_.local_endpoint().port();
    thread_ = std::thread([this] { serve(); });
  }
  ~HttpServer() {
    stop_ = true;
    tcp::socket knock(io_);
    boost::system::error_code ignored;
    knock.connect({asio::ip::make_address("127.0.0.1"), port_}, ignored);
    thread_.join();
  }
  [[nodiscard]] std::string url(const std::string& path, const std::string& host = "127.0.0.1") const {
    return "http://" + host + ":" + std::to_string(port_) + path;
  }
  std::vector<std::string> asked;  ///< read it when the fetches have ended

 private:
  void serve() {
    for (std::size_t n = 0;; ++n) {
      boost::system::error_code failed;
      tcp::socket socket(io_);
      acceptor_.accept(socket, failed);
      if (stop_ || failed) return;
      std::string request;
      asio::read_until(socket, asio::dynamic_buffer(request), "\r\n\r\n", failed);
      asked.push_back(request);
      asio::write(socket, asio::buffer(answers_.at(std::min(n, answers_.size() - 1))), failed);
    }
  }

  asio::io_context io_;
  tcp::acceptor acceptor_{io_};
  std::uint16_t port_ = 0;
  std::vector<std::string> answers_;
  std::atomic<bool> stop_{false};
  std::thread thread_;
};

std::string ok_with(const std::string& body) {
  return "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

struct ArtifactTest : ::testing::Test {
  test::TempDir dir;
  asio::io_context context{1};
  std::shared_ptr<ArtifactStore> store = *ArtifactStore::open(dir.path() / "artifacts");
  boards::Inventory lab;

  void allow_hosts(std::vector<std::string> hosts) {
    lab.url_allow_list = std::move(hosts);
    store->allow(lab);
  }
  Result<std::filesystem::path> fetch(const std::string& url, Deadline deadline = Deadline::after(30s)) {
    jobs::UrlSpec spec;
    spec.url = url;
    return fetch(spec, deadline);
  }
  Result<std::filesystem::path> fetch(const jobs::UrlSpec& spec, Deadline deadline = Deadline::after(30s)) {
    return run(context, store->fetch(spec, deadline));
  }
  std::size_t incoming() {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator(dir.path() / "artifacts" / "incoming"), {}));
  }
};

TEST_F(ArtifactTest, StoresAFileOnceByItsDigest) {
  HttpServer server({ok_with("hello")});
  allow_hosts({"127.0.0.1"});
  const auto first = fetch(server.url("/a"));
  ASSERT_TRUE(first) << first.error().text;
  EXPECT_EQ(test::read_whole(*first), "hello");
  // SHA-256 of "hello", by sha256sum.
  EXPECT_EQ(first->filename(), "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
  EXPECT_EQ(*fetch(server.url("/b")), *first);
  EXPECT_EQ(incoming(), 0U);
}

TEST_F(ArtifactTest, ChecksEveryDigestThatTheJobNames) {
  HttpServer server({ok_with("hello")});
  allow_hosts({"127.0.0.1"});
  jobs::UrlSpec spec;
  spec.url = server.url("/a");
  spec.md5sum = "5d41402abc4b2a76b9719d911017c592";  // md5sum
  EXPECT_TRUE(fetch(spec));
  spec.sha512sum = std::string(128, '0');
  const auto wrong = fetch(spec);
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().code, Errc::mismatch);
  EXPECT_EQ(wrong.error().blame, Blame::infrastructure);
  EXPECT_EQ(incoming(), 0U);
}

TEST_F(ArtifactTest, PrivateAddressesAreRefusedUnlessNamed) {
  HttpServer server({ok_with("secret")});
  allow_hosts({});
  for (const auto* host : {"127.0.0.1", "localhost"}) {
    const auto refused = fetch(server.url("/a", host));
    ASSERT_FALSE(refused) << host;
    EXPECT_EQ(refused.error().code, Errc::denied) << refused.error().text;
    EXPECT_EQ(refused.error().blame, Blame::job);
  }
  allow_hosts({"example.org"});
  EXPECT_EQ(fetch(server.url("/a")).error().code, Errc::denied);
  EXPECT_TRUE(server.asked.empty());
}

TEST_F(ArtifactTest, ARedirectIsCheckedLikeTheFirstUrl) {
  HttpServer inner({ok_with("secret")});
  HttpServer outer({"HTTP/1.1 302 Found\r\nConnection: close\r\nLocation: " + inner.url("/x", "localhost") +
                    "\r\nContent-Length: 0\r\n\r\n"});
  allow_hosts({"127.0.0.1"});
  const auto refused = fetch(outer.url("/a"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::denied) << refused.error().text;
  EXPECT_TRUE(inner.asked.empty());
  allow_hosts({"127.0.0.1", "localhost"});
  EXPECT_TRUE(fetch(outer.url("/a")));
}

TEST_F(ArtifactTest, HeadersStayWithTheHostThatTheyAreFor) {
  HttpServer inner({ok_with("x")});
  HttpServer outer({"HTTP/1.1 302 Found\r\nConnection: close\r\nLocation: " + inner.url("/x", "localhost") +
                    "\r\nContent-Length: 0\r\n\r\n"});
  allow_hosts({"127.0.0.1", "localhost"});
  jobs::UrlSpec spec;
  spec.url = outer.url("/a");
  spec.headers["Authorization"] = "Bearer s3cret";
  ASSERT_TRUE(fetch(spec));
  EXPECT_NE(outer.asked.at(0).find("s3cret"), std::string::npos);
  EXPECT_EQ(inner.asked.at(0).find("s3cret"), std::string::npos);
}

TEST_F(ArtifactTest, A5xxIsTriedAgainAndA404IsNot) {
  const std::string busy = "HTTP/1.1 503 Busy\r\nConnection: close\r\nContent-Length: 4\r\n\r\nbusy";
  HttpServer server({busy, ok_with("at last")});
  allow_hosts({"127.0.0.1"});
  const auto got = fetch(server.url("/a"));
  ASSERT_TRUE(got) << got.error().text;
  EXPECT_EQ(test::read_whole(*got), "at last");
  HttpServer missing({"HTTP/1.1 404 No\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"});
  EXPECT_EQ(fetch(missing.url("/a")).error().code, Errc::not_found);
  EXPECT_EQ(missing.asked.size(), 1U);
}

TEST_F(ArtifactTest, AFileCutShortIsAnError) {
  HttpServer server({"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 100\r\n\r\nshort"});
  allow_hosts({"127.0.0.1"});
  EXPECT_EQ(fetch(server.url("/a")).error().code, Errc::mismatch);
}

TEST_F(ArtifactTest, FilesComeFromTheRootsOnlyLinksResolved) {
  const auto root = dir.path() / "root";
  test::write_text(root / "a.bin", "inside");
  test::write_text(dir.path() / "secret", "outside");
  std::filesystem::create_symlink(dir.path() / "secret", root / "link");
  test::write_text(dir.path() / "root-too" / "a", "a neighbour with the same beginning");
  lab.file_roots = {root};
  store->allow(lab);
  const auto good = fetch("file://" + (root / "a.bin").string());
  ASSERT_TRUE(good) << good.error().text;
  EXPECT_EQ(test::read_whole(*good), "inside");
  for (const auto& bad : {(root / "link").string(), (root / ".." / "secret").string(), (dir.path() / "secret").string(),
                          (dir.path() / "root-too" / "a").string(), std::string("/etc/nonesuch")}) {
    const auto refused = fetch("file://" + bad);
    ASSERT_FALSE(refused) << bad;
    EXPECT_EQ(refused.error().code, Errc::denied) << bad << ": " << refused.error().text;
  }
  EXPECT_EQ(fetch("file://" + (root / "none").string()).error().code, Errc::not_found);
  EXPECT_EQ(fetch("ftp://example.org/a").error().code, Errc::denied);
}

TEST(PrivateAddress, IsWhatTheRegistriesSay) {
  const auto v4 = [](const char* text) {
    sockaddr_in out{};
    out.sin_family = AF_INET;
    inet_pton(AF_INET, text, &out.sin_addr);
    return is_private_address(reinterpret_cast<const sockaddr*>(&out));
  };
  const auto v6 = [](const char* text) {
    sockaddr_in6 out{};
    out.sin6_family = AF_INET6;
    inet_pton(AF_INET6, text, &out.sin6_addr);
    return is_private_address(reinterpret_cast<const sockaddr*>(&out));
  };
  for (const auto* text : {"127.0.0.1", "10.1.2.3", "172.31.255.255", "192.168.0.1", "169.254.169.254", "0.0.0.0",
                           "100.64.0.1", "255.255.255.255"})
    EXPECT_TRUE(v4(text)) << text;
  for (const auto* text : {"8.8.8.8", "172.32.0.1", "193.0.0.1", "100.128.0.1"}) EXPECT_FALSE(v4(text)) << text;
  for (const auto* text : {"::1", "::", "fe80::1", "fd00::1", "::ffff:10.0.0.1", "2001:db8::1",
                           "2002:7f00:1::", "ff02::1", "64:ff9b::a00:1"})
    EXPECT_TRUE(v6(text)) << text;
  for (const auto* text : {"2a00:1450::1", "::ffff:8.8.8.8", "2606:4700::1"}) EXPECT_FALSE(v6(text)) << text;
}

}  // namespace
}  // namespace hilltop::controller
