// SPDX-License-Identifier: Apache-2.0
#include "drivers/protocol/tftp_transfer.hpp"

#include <gtest/gtest.h>

#include <random>

#include "tests/drivers/protocol/tftp_client_model.hpp"

namespace hilltop::drivers::tftp {
namespace {

using namespace std::string_literals;
using namespace std::chrono_literals;
using State = ReadTransfer::State;
using Time = ReadTransfer::Time;
using tests::TftpClientModel;
using Options = std::vector<std::pair<std::string, std::string>>;

std::string bytes_of(std::size_t size, unsigned seed = 1) {
  std::mt19937 random(seed);
  std::string out(size, '\0');
  for (char& c : out) c = static_cast<char>(random());
  return out;
}

/// A network with faults, in simulated time, between the server under test and the model of a client.
struct Network {
  double loss = 0, duplication = 0;
  std::chrono::milliseconds jitter{0};  // > 0 reorders
  std::uint64_t seed = 1;

  std::string file;
  std::string mode = "octet";
  Options options;
  Limits limits;
  int transfers_begun = 0;
  std::uint64_t data_packets = 0;
  std::uint64_t sent_again = 0;
  std::size_t most_kept = 0;

  struct Flying {
    bool to_server;
    std::string packet;
  };

  /// True when both ends are content.
  bool run() {
    now = Time{} + 1h;
    random.seed(seed);
    TftpClientModel client("file", mode, options, now);
    const auto limit = now + 100h;
    while (now < limit && !(client.done() && server && server->state() != State::running)) step(client);
    received = client.file;
    granted = client.granted;
    if (server) sent_again = server->packets_sent_again();
    return client.done() && server->state() == State::done;
  }

  void step(TftpClientModel& client) {
    if (!flying.empty() && flying.begin()->first <= now) {
      const auto next = flying.extract(flying.begin());
      take(client, next.mapped());
    } else {
      auto wake = client.done() ? Time::max() : client.resend_at();
      if (!flying.empty()) wake = std::min(wake, flying.begin()->first);
      if (server && server->state() == State::running) wake = std::min(wake, server->wake_at());
      now = std::max(now, wake);
    }
    if (auto packet = client.elapse(now)) send(true, *packet);
    if (!server) return;
    server->elapse(now);
    pump();
  }

  void take(TftpClientModel& client, const Flying& flying_packet) {
    if (!flying_packet.to_server) {
      if (auto answer = client.receive(flying_packet.packet, now)) send(true, *answer);
      return;
    }
    const auto packet = read_packet(flying_packet.packet);
    ASSERT_TRUE(packet) << packet.error().text;
    if (const auto* request = std::get_if<Request>(&*packet)) {
      if (server) return;  // a duplicate: the shell drops it
      ++transfers_begun;
      server.emplace(*request, file.size(), limits, now);
    } else if (server) {
      server->receive(flying_packet.packet, now);
    }
    pump();
  }

  /// Feeds in odd pieces, as a disk would.
  void pump() {
    if (!server) return;
    while (const auto wanted = server->wanted()) {
      const auto size = std::min({wanted, file.size() - fed, std::size_t{1 + random() % 5000}});
      most_kept = std::max(most_kept, wanted);
      fed += size;
      server->feed(std::string_view(file).substr(fed - size, size), fed == file.size());
    }
    for (auto& packet : server->take_packets(now)) {
      if (packet[1] == 3) ++data_packets;
      send(false, packet);
    }
  }

  void send(bool to_server, const std::string& packet) {
    const auto chance = [&](double p) { return static_cast<double>(random() >> 11) * 0x1p-53 < p; };
    for (int copies = chance(duplication) ? 2 : 1; copies > 0; --copies) {
      if (chance(loss)) continue;
      const auto extra = jitter.count() > 0
                             ? std::chrono::microseconds(random() % (1000 * static_cast<std::uint64_t>(jitter.count())))
                             : 0us;
      flying.emplace(now + 1ms + extra, Flying{to_server, packet});
    }
  }

  Time now;
  std::mt19937_64 random;
  std::multimap<Time, Flying> flying;
  std::optional<ReadTransfer> server;
  std::size_t fed = 0;
  std::string received;
  std::map<std::string, std::string> granted;
};

TEST(TftpTransfer, files_of_every_length_around_a_block) {
  for (const std::size_t size : {0, 1, 511, 512, 513, 1024, 5000}) {
    Network net;
    net.file = bytes_of(size);
    ASSERT_TRUE(net.run()) << size;
    EXPECT_EQ(net.received, net.file) << size;
    EXPECT_EQ(net.data_packets, size / 512 + 1) << size;
    EXPECT_EQ(net.sent_again, 0u);
    EXPECT_EQ(net.server->acknowledged_bytes(), size);
  }
}

TEST(TftpTransfer, options_are_granted_within_the_limits) {
  Network net;
  net.file = bytes_of(100'000);
  net.options = {{"blksize", "9000"}, {"tsize", "0"}, {"timeout", "3"}, {"windowsize", "16"}, {"utimeout", "5"}};
  net.limits.block_bytes = 1468;
  net.limits.window_blocks = 8;
  ASSERT_TRUE(net.run());
  EXPECT_EQ(net.received, net.file);
  const std::map<std::string, std::string> granted = {
      {"blksize", "1468"}, {"tsize", "100000"}, {"timeout", "3"}, {"windowsize", "8"}};
  EXPECT_EQ(net.granted, granted);
}

TEST(TftpTransfer, a_window_is_no_larger_than_its_memory) {
  Network net;
  net.file = bytes_of(3'000'000);
  net.options = {{"windowsize", "65535"}, {"blksize", "65464"}};
  net.limits.window_bytes = 256 * 1024;
  ASSERT_TRUE(net.run());
  EXPECT_EQ(net.received, net.file);
  EXPECT_EQ(net.granted["windowsize"], "4");
  EXPECT_LE(net.most_kept, 256u * 1024);
}

TEST(TftpTransfer, senseless_options_are_left_out) {
  Network net;
  net.file = bytes_of(2000);
  net.options = {{"blksize", "7"}, {"timeout", "256"}, {"windowsize", "0"}, {"tsize", "-1"}, {"blksize", "12x"}};
  ASSERT_TRUE(net.run());
  EXPECT_EQ(net.received, net.file);
  EXPECT_TRUE(net.granted.empty());
}

TEST(TftpTransfer, netascii_ends_lines_with_cr_lf_and_has_no_size) {
  Network net;
  net.file = "one\ntwo\rthree\n";
  net.mode = "netascii";
  net.options = {{"tsize", "0"}, {"blksize", "8"}};
  ASSERT_TRUE(net.run());
  EXPECT_EQ(net.received, "one\r\ntwo\r\0three\r\n"s);
  EXPECT_FALSE(net.granted.contains("tsize"));
}

TEST(TftpTransfer, block_numbers_roll_over_in_files_over_32_mib) {
  Network net;
  net.file = bytes_of(512 * 65536 + 512 * 300 + 7);
  ASSERT_TRUE(net.run());
  EXPECT_TRUE(net.received == net.file);
  EXPECT_EQ(net.sent_again, 0u);
}

TEST(TftpTransfer, block_numbers_roll_over_within_a_window_and_with_losses) {
  Network net;
  net.file = bytes_of(8 * 65536 * 2 + 77);
  net.options = {{"blksize", "8"}, {"windowsize", "13"}};
  net.loss = 0.01;
  net.limits.retries = 100;
  ASSERT_TRUE(net.run());
  EXPECT_TRUE(net.received == net.file);
}

TEST(TftpTransfer, duplicated_acknowledgements_double_no_data) {
  Network net;
  net.file = bytes_of(200'000);
  net.duplication = 1;  // the sorcerer's apprentice would send each block twice from here on, then four times...
  ASSERT_TRUE(net.run());
  EXPECT_EQ(net.received, net.file);
  EXPECT_EQ(net.data_packets, 200'000 / 512 + 1u);
}

/// Whatever the network does, the file arrives as it is, and not at any price.
TEST(TftpTransfer, lossy_duplicating_reordering_networks) {
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    std::mt19937_64 random(seed);
    Network net;
    net.seed = seed;
    net.file = bytes_of(random() % 60'000, static_cast<unsigned>(seed));
    net.loss = static_cast<double>(random() % 30) / 100;
    net.duplication = static_cast<double>(random() % 30) / 100;
    net.jitter = std::chrono::milliseconds(random() % 3 * 40);
    net.limits.retries = 1000;
    if (random() % 2 == 0) net.options.emplace_back("blksize", std::to_string(8 + random() % 1500));
    if (random() % 2 == 0) net.options.emplace_back("windowsize", std::to_string(1 + random() % 40));
    if (random() % 2 == 0) net.options.emplace_back("tsize", "0");
    ASSERT_TRUE(net.run()) << "seed " << seed;
    ASSERT_TRUE(net.received == net.file) << "seed " << seed;
    ASSERT_EQ(net.transfers_begun, 1);
    const auto blocks = net.file.size() / net.server->block_bytes() + 1;
    EXPECT_LE(net.data_packets, blocks * (2 + net.server->window_blocks())) << "seed " << seed;
  }
}

TEST(TftpTransfer, a_lost_block_of_a_window_is_sent_again_at_once) {
  const auto now = Time{} + 1h;
  ReadTransfer transfer(Request{false, "f", Mode::octet, {{"windowsize", "4"}}}, 4000, {}, now);
  EXPECT_EQ(transfer.take_packets(now).size(), 1u);
  transfer.receive(write_packet(Ack{0}), now);
  const auto file = bytes_of(4000);
  transfer.feed(file, true);
  EXPECT_EQ(transfer.take_packets(now).size(), 4u);
  transfer.receive(write_packet(Ack{2}), now);  // 3 was lost
  const auto again = transfer.take_packets(now);
  ASSERT_EQ(again.size(), 4u);
  EXPECT_EQ(again[0].substr(0, 4), "\0\3\0\3"s);
  EXPECT_EQ(again[3].substr(0, 4), "\0\3\0\6"s);
  EXPECT_EQ(transfer.packets_sent_again(), 2u);
  transfer.receive(write_packet(Ack{2}), now);
  EXPECT_TRUE(transfer.take_packets(now).empty()) << "the same news twice is no news";
}

TEST(TftpTransfer, a_silent_board_ends_it_with_its_blame) {
  auto now = Time{} + 1h;
  Limits limits;
  limits.retries = 3;
  ReadTransfer transfer(Request{false, "f", Mode::octet, {}}, 5, limits, now);
  transfer.feed("hello", true);
  std::size_t sent = 0;
  std::vector<std::string> last;
  for (int i = 0; i < 20 && transfer.state() == State::running; ++i) {
    for (auto& packet : transfer.take_packets(now)) ++sent, last = {packet};
    now = transfer.wake_at();
    transfer.elapse(now);
  }
  EXPECT_EQ(sent, 4u);
  EXPECT_EQ(now - Time{} - 1h, 1s + 2s + 4s + 4s);
  EXPECT_EQ(transfer.state(), State::failed);
  EXPECT_EQ(transfer.error().code, Errc::timeout);
  EXPECT_EQ(transfer.error().blame, Blame::dut);
  const auto farewell = transfer.take_packets(now);
  ASSERT_EQ(farewell.size(), 1u);
  EXPECT_EQ(farewell[0][1], 5);
}

TEST(TftpTransfer, an_error_of_the_boards_ends_it) {
  const auto now = Time{} + 1h;
  ReadTransfer transfer(Request{false, "f", Mode::octet, {{"tsize", "0"}}}, 5, {}, now);
  transfer.receive(write_packet(Failure{8, "only wanted the size"}), now);
  EXPECT_EQ(transfer.state(), State::failed);
  EXPECT_EQ(transfer.error().text, "the board ended the transfer: error 8: only wanted the size");
  EXPECT_TRUE(transfer.take_packets(now).empty()) << "an error is not answered";
}

TEST(TftpTransfer, odd_packets_are_bounded_and_keep_nothing_alive) {
  auto now = Time{} + 1h;
  ReadTransfer transfer(Request{false, "f", Mode::octet, {}}, 5, {}, now);
  transfer.feed("hello", true);
  (void)transfer.take_packets(now);
  const auto wake = transfer.wake_at();
  transfer.receive(write_packet(Ack{0}), now + 10ms);
  transfer.receive(write_packet(Ack{2}), now + 20ms);
  transfer.receive(write_packet(Ack{40000}), now + 30ms);
  EXPECT_EQ(transfer.wake_at(), wake);
  for (int i = 0; i < 100; ++i) transfer.receive("\0\7odd"s, now);
  EXPECT_EQ(transfer.state(), State::failed);
  EXPECT_EQ(transfer.error().code, Errc::protocol);
}

}  // namespace
}  // namespace hilltop::drivers::tftp
