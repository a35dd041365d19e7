// SPDX-License-Identifier: Apache-2.0
// Viewers of a console over real sockets, fast, slow and stopped, held against what the board said.
#include <netinet/in.h>

#include <random>

#include "tests/web/web_fixture.hpp"

namespace hilltop::web::testing {
namespace {

using nlohmann::json;

/// A viewer that reads the raw socket, as much at a time as the test says, through a small buffer.
class RawViewer {
 public:
  RawViewer(int fd, const std::string& target, const std::string& early) : fd_(fd) {
    const int little = 4096;
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &little, sizeof little);
    send("GET " + target +
         " HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer technician\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
         "Sec-WebSocket-Key: dGVzdHRlc3R0ZXN0dGVzdA==\r\nSec-WebSocket-Version: 13\r\n\r\n" +
         early);
    while (!head_.ends_with("\r\n\r\n") && read_some(1)) {
    }
    EXPECT_TRUE(head_.starts_with("HTTP/1.1 101")) << head_;
  }
  ~RawViewer() {
    if (fd_ >= 0) ::close(fd_);
  }
  RawViewer(const RawViewer&) = delete;
  RawViewer& operator=(const RawViewer&) = delete;

  void send(std::string_view data) const { (void)!::send(fd_, data.data(), data.size(), MSG_NOSIGNAL); }
  /// Waits for bytes and takes at most `most` of them. False: the connection is over, or nothing came in 20 s.
  bool read_some(std::size_t most) {
    pollfd wait{fd_, POLLIN, 0};
    if (::poll(&wait, 1, 20'000) <= 0) return false;
    std::string piece(most, '\0');
    const auto n = ::recv(fd_, piece.data(), piece.size(), 0);
    if (n <= 0) return false;
    const bool in_head = !head_.ends_with("\r\n\r\n");
    (in_head ? head_ : wire_).append(piece, 0, static_cast<std::size_t>(n));
    if (!in_head) take_frames();
    return true;
  }

  std::uint64_t at = 0, bytes = 0, missing = 0;
  bool begun = false, exact = true;
  std::string pongs, end;
  std::string_view text;  ///< what the board says, in the end

 private:
  void take_frames() {
    std::size_t done = 0;
    for (;;) {
      const auto rest = std::string_view(wire_).substr(done);
      if (rest.size() < 2) break;
      std::size_t size = static_cast<unsigned char>(rest[1]);
      const std::size_t octets = size == 126 ? 2 : size == 127 ? 8 : 0;
      if (rest.size() < 2 + octets) break;
      if (octets > 0) size = 0;
      for (std::size_t i = 0; i < octets; ++i) size = size << 8 | static_cast<unsigned char>(rest[2 + i]);
      if (rest.size() < 2 + octets + size) break;
      take(static_cast<unsigned char>(rest[0]), rest.substr(2 + octets, size));
      done += 2 + octets + size;
    }
    wire_.erase(0, done);
  }
  void take(unsigned first, std::string_view data) {
    if (first == 0x82) {
      exact = exact && text.substr(at, data.size()) == data;
      at += data.size();
      bytes += data.size();
    } else if (first == 0x8a) {
      pongs += std::string(data) + ";";
    } else if (first == 0x81) {
      const auto said = json::parse(data, nullptr, false);
      if (said.contains("offset")) {
        at = said["offset"];
        begun = true;
      }
      if (said.contains("end")) end = said["end"];
      if (!said.contains("gap")) return;
      exact = exact && said["gap"]["from"] == at;
      missing += said["gap"]["to"].get<std::uint64_t>() - at;
      at = said["gap"]["to"];
    } else {
      exact = exact && first == 0x88;  // nothing else may come: a frame within a frame would look like this
    }
  }
  int fd_;
  std::string head_, wire_;
};

class ConsoleViewersTest : public WebFixture {
 protected:
  std::unique_ptr<RawViewer> look(const std::string& more = "", const std::string& early = "") {
    auto viewer =
        std::make_unique<RawViewer>(connect_raw(), "/api/v1/boards/qemu-1/console/ws?console=main" + more, early);
    viewer->text = text_;
    while (early.empty() && !viewer->begun && viewer->read_some(1)) {
    }
    return viewer;
  }
  void say_all(std::size_t piece) {
    for (std::size_t at = 0; at < text_.size(); at += piece)
      on_control([&] {
        farm_->link.say(std::string_view(text_).substr(at, piece));
        return true;
      });
  }
  std::string noise(std::size_t bytes) {
    std::mt19937 random(5);
    std::string out(bytes, '\0');
    for (auto& c : out) c = static_cast<char>(random());
    return out;
  }
  /// A ping as clients send it: masked (with zeros), with this text.
  static std::string ping(std::string_view text) {
    return std::string("\x89") + static_cast<char>(0x80 + text.size()) + std::string(4, '\0') + std::string(text);
  }
  std::string text_;
};

TEST_F(ConsoleViewersTest, ReadersOfAnySpeedGetEveryByteOrAGap) {
  text_ = noise(6 << 20);
  std::vector<std::unique_ptr<RawViewer>> viewers;
  for (int i = 0; i < 12; ++i) viewers.push_back(look("&from=0"));
  std::vector<std::thread> readers;
  for (std::size_t i = 0; i < viewers.size(); ++i)
    readers.emplace_back([&viewer = *viewers[i], i, whole = text_.size()] {
      std::mt19937 random(static_cast<unsigned>(i));
      for (int n = 0; viewer.at < whole && viewer.read_some(1 + random() % (64U << i)); ++n)
        if (n % 50 == 0) viewer.send(ping(std::to_string(n)));
    });
  say_all(50'000);
  for (auto& reader : readers) reader.join();
  for (const auto& viewer : viewers) {
    EXPECT_TRUE(viewer->exact);
    EXPECT_EQ(viewer->at, text_.size());
    EXPECT_EQ(viewer->bytes + viewer->missing, text_.size());
    EXPECT_TRUE(viewer->pongs.starts_with("0;")) << "pings are answered between the frames";
  }
}

TEST_F(ConsoleViewersTest, OneThatStopsIsToldWhatItMissedWhenItGoesOn) {
  text_ = noise(8 << 20);
  const auto stopped = look(), fast = look();
  std::thread reader([&, whole = text_.size()] {
    while (fast->at < whole && fast->read_some(1 << 20)) {
    }
  });
  say_all(100'000);
  reader.join();
  EXPECT_TRUE(fast->exact);
  EXPECT_EQ(fast->at, text_.size());
  while (stopped->at < text_.size() && stopped->read_some(1 << 16)) {
  }
  EXPECT_TRUE(stopped->exact);
  EXPECT_EQ(stopped->at, text_.size());
  EXPECT_GT(stopped->missing, 4U << 20) << "more than a socket and a frame hold";
  EXPECT_EQ(stopped->bytes + stopped->missing, text_.size());
}

TEST_F(ConsoleViewersTest, WhoIsPutOutHearsItThoughTheConsoleTalksOn) {
  text_ = noise(1 << 20);
  const auto viewer = look("&from=0&write=1");
  while (viewer->at == 0) {
    on_control([this] {
      farm_->link.say(std::string_view(text_).substr(0, 1000));
      return true;
    });
    ASSERT_TRUE(viewer->read_some(1 << 16));
  }
  on_control([this] {
    auto& board = farm_->board_views["qemu-1"];
    board.writers = {{board.consoles.front(), "web-2", "tom", "web", utc_now()}};
    farm_->happen("board.console", "qemu-1");
    return true;
  });
  while (viewer->end.empty() && viewer->read_some(1 << 16)) {
  }
  EXPECT_EQ(viewer->end, "tom has taken the console over");
}

TEST_F(ConsoleViewersTest, AFrameThatComesWithTheRequestIsHeard) {
  const auto viewer = look("", ping("early"));
  while (viewer->pongs.empty() && viewer->read_some(4096)) {
  }
  EXPECT_EQ(viewer->pongs, "early;");
}

}  // namespace
}  // namespace hilltop::web::testing
