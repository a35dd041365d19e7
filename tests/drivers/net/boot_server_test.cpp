// SPDX-License-Identifier: Apache-2.0
#include "drivers/net/boot_server.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <random>

#include "drivers/core/process.hpp"
#include "drivers/core/socket_wait.hpp"
#include "tests/drivers/protocol/tftp_client_model.hpp"
#include "tests/drivers/run_task.hpp"

namespace hilltop::drivers {
namespace {

using namespace std::string_literals;
using Udp = asio::ip::udp;
using Events = std::vector<BootEvent>;

std::string random_bytes(std::size_t size) {
  std::mt19937 random(5);
  std::string out(size, '\0');
  for (char& c : out) c = static_cast<char>(random());
  return out;
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// Ends a coroutine's wait for a packet with an empty one.
Task<std::string> receive(Udp::socket& socket, Udp::endpoint& from, std::chrono::milliseconds limit) {
  const auto waited = co_await wait_readable(socket, Deadline::after(limit));
  std::string out;
  if (!waited) co_return out;
  out.resize(65536);
  boost::system::error_code error;
  out.resize(socket.receive_from(asio::buffer(out), from, 0, error));
  co_return out;
}

class BootServerTest : public ::testing::Test {
 protected:
  void SetUp() override {
    BootServerConfig config;
    config.tftp_port = 0;
    config.http_port = 0;
    config.tftp.timeout = std::chrono::milliseconds(200);
    auto started = worker.run(NetBootServer::start(config));
    ASSERT_TRUE(started) << started.error().text;
    server = *started;
    port = std::to_string(server->tftp_port());
    url = "http://127.0.0.1:" + std::to_string(server->http_port());
  }
  void TearDown() override {
    lease.reset();
    if (server) EXPECT_TRUE(worker.run(server->shut_down(Deadline::after(5s))));
  }

  std::filesystem::path file(const std::string& name, std::string_view bytes) {
    const auto path = dir.path() / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << bytes;
    return path;
  }
  BootRegistration registration(const std::string& address = "127.0.0.1") {
    BootRegistration out;
    out.address = address;
    out.on_event = [this](const BootEvent& event) { events.push_back(event); };
    return out;
  }
  void serve(BootRegistration wanted) {
    auto served = server->serve(std::move(wanted));
    ASSERT_TRUE(served) << served.error().text;
    lease = std::move(*served);
  }
  ToolOutput tool(std::vector<std::string> argv) {
    Command command(std::move(argv));
    command.cwd = dir.path();
    auto out = worker.run(run_tool(std::move(command), Deadline::after(25s)));
    EXPECT_TRUE(out) << out.error().text;
    return out ? *out : ToolOutput();
  }
  ToolOutput tftp(const std::string& mode, std::vector<std::string> words) {
    std::vector<std::string> argv{"tftp", "-4", "-m", mode, "127.0.0.1", port, "-c"};
    std::ranges::move(words, std::back_inserter(argv));
    return tool(std::move(argv));
  }
  ToolOutput curl(std::vector<std::string> words) {
    words.insert(words.begin(), {"curl", "-sS", "--max-time", "20"});
    return tool(std::move(words));
  }
  bool wait_for_events(std::size_t count) {
    return worker.run_until([&] { return events.size() >= count; });
  }

  /// Runs the model of a client from a socket until it is done, has an error, or nothing more comes.
  void fetch(Udp::socket& socket, tests::TftpClientModel& client) {
    const Udp::endpoint listener(asio::ip::address_v4::loopback(), server->tftp_port());
    Udp::endpoint peer = listener;
    socket.send_to(asio::buffer(*client.elapse(client.resend_at())), listener);
    while (!client.done() && client.error().empty()) {
      const auto packet = *worker.run(receive(socket, peer, 3s));
      if (packet.empty()) break;
      if (const auto answer = client.receive(packet, Deadline::Clock::now()))
        socket.send_to(asio::buffer(*answer), peer);
    }
  }
  Udp::socket socket_at(const std::string& address) {
    return {worker.io, Udp::endpoint(asio::ip::make_address(address), 0)};
  }

  tests::TemporaryDir dir;
  tests::Worker worker;
  Events events;
  std::shared_ptr<NetBootServer> server;
  std::unique_ptr<BootLease> lease;
  std::string port, url;
};

TEST_F(BootServerTest, tftp_hpa_fetches_files) {
  const auto image = random_bytes(3'000'017);
  auto wanted = registration();
  wanted.files = {{"/12/Image", file("kernel", image)}, {"empty", file("nothing", "")}, {"text", file("t", "a\nb\n")}};
  serve(std::move(wanted));
  EXPECT_EQ(tftp("binary", {"get", "12/Image", "image"}).text, "");
  EXPECT_TRUE(read_file(dir.path() / "image") == image);
  EXPECT_EQ(tftp("binary", {"get", "/empty", "got"}).text, "");
  EXPECT_EQ(read_file(dir.path() / "got"), "");
  EXPECT_EQ(tftp("ascii", {"get", "text", "lines"}).text, "");
  EXPECT_EQ(read_file(dir.path() / "lines"), "a\nb\n") << "there as CR LF, and back";
  ASSERT_TRUE(wait_for_events(3));
  EXPECT_EQ(events[0].kind, BootEvent::Kind::sent);
  EXPECT_EQ(events[0].protocol, "tftp");
  EXPECT_EQ(events[0].name, "12/Image");
  EXPECT_EQ(events[0].bytes, image.size());
  EXPECT_GT(events[0].duration, 0ns);
}

TEST_F(BootServerTest, curl_fetches_with_large_blocks_over_tftp) {
  const auto image = random_bytes(2'000'000);
  auto wanted = registration();
  wanted.files = {{"Image", file("Image", image)}};
  serve(std::move(wanted));
  for (const auto* block : {"8192", "512", "65464"}) {
    EXPECT_EQ(curl({"--tftp-blksize", block, "-o", "got", "tftp://127.0.0.1:" + port + "//Image"}).text, "") << block;
    EXPECT_TRUE(read_file(dir.path() / "got") == image) << block;
  }
  ASSERT_TRUE(wait_for_events(1));
  EXPECT_TRUE(events[0].text.contains("blocks of 8192")) << events[0].text;
}

TEST_F(BootServerTest, writes_are_refused) {
  serve(registration());
  file("mine", "data");
  EXPECT_TRUE(tftp("binary", {"put", "mine", "yours"}).text.contains("files are not taken here"));
}

TEST_F(BootServerTest, what_is_not_served_is_not_found_and_said) {
  auto wanted = registration();
  wanted.files = {{"here", file("here", "x")}, {"gone", dir.path() / "gone"}, {"folder", dir.path()}};
  ASSERT_EQ(::mkfifo((dir.path() / "pipe").c_str(), 0600), 0);
  wanted.files["pipe"] = dir.path() / "pipe";
  serve(std::move(wanted));
  for (const auto* name : {"there", "gone", "folder", "pipe", "../here", "/etc/passwd", "here/"})
    EXPECT_TRUE(tftp("binary", {"get", name, "got"}).text.contains("not served")) << name;
  ASSERT_EQ(events.size(), 7u);
  EXPECT_EQ(events[0].kind, BootEvent::Kind::not_found);
  EXPECT_EQ(events[0].name, "there");
  for (const auto* name : {"/there", "/folder", "/%2e%2e/here", "/../here", "//etc/passwd", "/"})
    EXPECT_EQ(curl({"-o", "/dev/null", "--path-as-is", "-w", "%{http_code}", url + name}).text, "404") << name;
}

TEST_F(BootServerTest, a_folder_is_served_and_nothing_around_it) {
  file("secret", "hidden");
  file("tree/sub/dtb", "device tree");
  std::filesystem::create_symlink("sub/dtb", dir.path() / "tree/inner");
  std::filesystem::create_symlink("../secret", dir.path() / "tree/outer");
  std::filesystem::create_symlink(dir.path() / "secret", dir.path() / "tree/absolute");
  auto wanted = registration();
  wanted.folder = dir.path() / "tree";
  serve(std::move(wanted));
  EXPECT_EQ(curl({url + "/sub/dtb"}).text, "device tree");
  EXPECT_EQ(curl({url + "/inner"}).text, "device tree");
  for (const auto* name : {"/outer", "/absolute", "/../secret", "/sub/../../secret", "/sub"})
    EXPECT_EQ(curl({"--path-as-is", "-o", "/dev/null", "-w", "%{http_code}", url + name}).text, "404") << name;
}

TEST_F(BootServerTest, another_board_gets_nothing) {
  auto wanted = registration();
  wanted.files = {{"Image", file("Image", "mine")}};
  serve(std::move(wanted));
  EXPECT_EQ(curl({"--interface", "127.0.0.2", "-o", "/dev/null", "-w", "%{http_code}", url + "/Image"}).text, "404");
  auto socket = socket_at("127.0.0.2");
  tests::TftpClientModel stranger("Image", "octet", {}, Deadline::Clock::now());
  fetch(socket, stranger);
  EXPECT_TRUE(stranger.error().contains("nothing is served to this address")) << stranger.error();
  EXPECT_EQ(stranger.file, "");
  EXPECT_TRUE(events.empty()) << "another one's requests are not this board's";

  auto second = server->serve(registration("127.0.0.2"));
  ASSERT_TRUE(second);
  EXPECT_EQ(server->serve(registration("127.0.0.2")).error().code, Errc::busy);
  tests::TftpClientModel other("Image", "octet", {}, Deadline::Clock::now());
  fetch(socket, other);
  EXPECT_TRUE(other.error().contains("not served")) << "each has files of its own";
}

TEST_F(BootServerTest, windows_over_a_real_socket) {
  const auto image = random_bytes(1'234'567);
  auto wanted = registration();
  wanted.files = {{"Image", file("Image", image)}};
  serve(std::move(wanted));
  auto socket = socket_at("127.0.0.1");
  tests::TftpClientModel client("Image", "octet", {{"windowsize", "16"}, {"blksize", "1428"}, {"tsize", "0"}},
                                Deadline::Clock::now());
  fetch(socket, client);
  EXPECT_TRUE(client.file == image) << client.error();
  EXPECT_EQ(client.granted["windowsize"], "16");
  EXPECT_EQ(client.granted["tsize"], "1234567");
}

TEST_F(BootServerTest, a_board_that_was_reset_begins_anew_from_the_same_port) {
  const auto image = random_bytes(100'000);
  auto wanted = registration();
  wanted.files = {{"Image", file("Image", image)}};
  serve(std::move(wanted));
  auto socket = socket_at("127.0.0.1");
  const Udp::endpoint listener(asio::ip::address_v4::loopback(), server->tftp_port());
  const auto request = "\0\1Image\0octet\0"s;
  Udp::endpoint first, from;
  socket.send_to(asio::buffer(request), listener);
  EXPECT_EQ(worker.run(receive(socket, first, 3s))->size(), 516u);
  socket.send_to(asio::buffer("\0\4\0\1"s), first);
  // At once it is a duplicate of the network's; once the transfer has been quiet, a new beginning.
  bool begun_anew = false;
  const auto asks_again = [&] {
    socket.send_to(asio::buffer(request), listener);
    const auto packet = *worker.run(receive(socket, from, 500ms));
    begun_anew = from != first && packet.starts_with("\0\3\0\1"s);
    return begun_anew;
  };
  for (int i = 0; i < 20 && !begun_anew; ++i) asks_again();
  EXPECT_TRUE(begun_anew);
}

TEST_F(BootServerTest, a_lease_that_ends_ends_transfers_and_files) {
  const auto image = random_bytes(20'000'000);
  auto wanted = registration();
  wanted.files = {{"Image", file("Image", image)}};
  serve(std::move(wanted));
  auto socket = socket_at("127.0.0.1");
  Udp::endpoint from;
  socket.send_to(asio::buffer("\0\1Image\0octet\0"s),
                 Udp::endpoint(asio::ip::address_v4::loopback(), server->tftp_port()));
  EXPECT_EQ(worker.run(receive(socket, from, 3s))->size(), 516u);

  asio::ip::tcp::socket stream(worker.io);
  stream.connect({asio::ip::address_v4::loopback(), server->http_port()});
  stream.write_some(asio::buffer("GET /Image HTTP/1.1\r\n\r\n"s));
  ASSERT_TRUE(worker.run(wait_readable(stream, Deadline::after(5s))));

  lease.reset();
  std::string farewell;
  for (int i = 0; i < 10 && !farewell.starts_with("\0\5"s); ++i) farewell = *worker.run(receive(socket, from, 3s));
  EXPECT_TRUE(farewell.contains("the job is over")) << farewell;
  std::size_t got = 0;
  boost::system::error_code error;
  std::string buffer(1 << 20, '\0');
  stream.non_blocking(true);
  const auto closed = [&] {
    got += stream.read_some(asio::buffer(buffer), error);
    return error && error != asio::error::would_block;
  };
  EXPECT_TRUE(worker.run_until(closed));
  EXPECT_LT(got, image.size());
  EXPECT_EQ(curl({"-o", "/dev/null", "-w", "%{http_code}", url + "/Image"}).text, "404");
}

TEST_F(BootServerTest, http_ranges_heads_and_kept_connections) {
  const auto image = random_bytes(700'000);
  auto wanted = registration();
  wanted.files = {{"Image", file("Image", image)}, {"empty", file("empty", "")}};
  serve(std::move(wanted));
  EXPECT_EQ(curl({"-o", "a", url + "/Image", "-o", "b", url + "/Image?x"}).text, "");
  EXPECT_TRUE(read_file(dir.path() / "a") == image && read_file(dir.path() / "b") == image);
  EXPECT_EQ(curl({"-o", "part", "-w", "%{http_code}", "-r", "600000-", url + "/Image"}).text, "206");
  EXPECT_TRUE(read_file(dir.path() / "part") == image.substr(600'000));
  EXPECT_EQ(curl({"-o", "part", "-r", "-5", url + "/Image"}).text, "");
  EXPECT_EQ(read_file(dir.path() / "part"), image.substr(699'995));
  EXPECT_EQ(curl({"-o", "/dev/null", "-w", "%{http_code}", "-r", "700000-", url + "/Image"}).text, "416");
  EXPECT_EQ(curl({"-w", "%{http_code} %{size_download}", url + "/empty"}).text, "200 0");
  EXPECT_EQ(curl({"-X", "DELETE", "-o", "/dev/null", "-w", "%{http_code}", url + "/Image"}).text, "405");
  const auto head = curl({"-I", url + "/Image"}).text;
  EXPECT_TRUE(head.contains("Content-Length: 700000")) << head;
  // A download that was broken off goes on where it was.
  file("resumed", image.substr(0, 123'456));
  EXPECT_EQ(curl({"-C", "-", "-o", "resumed", url + "/Image"}).text, "");
  EXPECT_TRUE(read_file(dir.path() / "resumed") == image);
  EXPECT_EQ(
      curl({"-H", "If-Range: \"other\"", "-o", "/dev/null", "-w", "%{http_code}", "-r", "0-1", url + "/Image"}).text,
      "200");
}

TEST_F(BootServerTest, a_port_of_ones_own_is_for_one_registration_alone) {
  auto wanted = registration("");
  wanted.own_http_port = true;
  wanted.files = {{"Image", file("Image", "mine")}};
  serve(std::move(wanted));
  ASSERT_NE(lease->own_http_port(), 0);
  const auto own = "http://127.0.0.1:" + std::to_string(lease->own_http_port());
  EXPECT_EQ(curl({own + "/Image"}).text, "mine");
  EXPECT_EQ(curl({"-o", "/dev/null", "-w", "%{http_code}", url + "/Image"}).text, "404");
  lease.reset();
  EXPECT_EQ(curl({own + "/Image"}).status, 7) << "could not connect";
}

TEST_F(BootServerTest, registrations_that_no_board_could_use_are_refused) {
  const auto code = [&](BootRegistration wanted) { return server->serve(std::move(wanted)).error().code; };
  EXPECT_EQ(code(registration("")), Errc::bad_input);
  EXPECT_EQ(code(registration("board-1")), Errc::bad_input);
  auto with_mac = registration("127.0.0.9");
  with_mac.mac = "52:54:00:aa:00:01";
  EXPECT_EQ(code(with_mac), Errc::bad_input) << "DHCP is off";
  with_mac.mac = "";
  EXPECT_TRUE(server->serve(with_mac)) << "what was refused has left nothing behind";
  BootServerConfig taken;
  taken.tftp_port = 0;
  taken.http_port = server->http_port();
  const auto second = worker.run(NetBootServer::start(taken));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().blame, Blame::configuration);
}

}  // namespace
}  // namespace hilltop::drivers
