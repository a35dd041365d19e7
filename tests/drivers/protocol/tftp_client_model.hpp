// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hilltop::tests {

/// A TFTP client that reads one file, written from the RFCs for these tests alone: it shares no code with the server.
/// Source: RFC 1350, 2347 to 2349, 7440.
class TftpClientModel {
 public:
  using Time = std::chrono::steady_clock::time_point;

  TftpClientModel(std::string name, std::string mode, std::vector<std::pair<std::string, std::string>> options,
                  Time now)
      : resend_at_(now) {
    request_ = std::string("\0\1", 2) + name + '\0' + mode + '\0';
    for (const auto& [key, value] : options) request_ += key + '\0' + value + '\0';
    last_ = request_;
  }

  /// What it sends at `now` because nothing came.
  std::optional<std::string> elapse(Time now) {
    if (done_ || now < resend_at_) return std::nullopt;
    resend_at_ = now + std::chrono::milliseconds(1700);
    in_window_ = 0;
    return last_;
  }

  std::optional<std::string> receive(std::string_view packet, Time now) {
    const auto opcode = number(packet, 0);
    if (opcode == 6 && expected_ == 1 && !confirmed_) {
      read_options(packet.substr(2));
      confirmed_ = true;
      return ack(0, now);
    }
    if (opcode == 6 && expected_ == 1) return last_;
    if (opcode == 5) error_ = std::string(packet.substr(4));
    if (opcode != 3) return std::nullopt;
    const auto block = number(packet, 2);
    if (block != static_cast<std::uint16_t>(expected_)) {
      if (done_) return last_;  // its acknowledgement was lost
      if (told_gap_) return std::nullopt;
      told_gap_ = true;
      return expected_ > 1 ? std::optional(ack(expected_ - 1, now)) : std::nullopt;
    }
    if (done_) return last_;
    told_gap_ = false;
    file += packet.substr(4);
    ++expected_;
    ++in_window_;
    done_ = packet.size() - 4 < block_bytes;
    if (!done_ && in_window_ < window_blocks) return std::nullopt;
    return ack(expected_ - 1, now);
  }

  [[nodiscard]] bool done() const { return done_; }
  [[nodiscard]] const std::string& error() const { return error_; }
  [[nodiscard]] Time resend_at() const { return resend_at_; }

  std::string file;
  std::map<std::string, std::string> granted;
  std::size_t block_bytes = 512;
  std::size_t window_blocks = 1;

 private:
  static std::uint16_t number(std::string_view bytes, std::size_t at) {
    return static_cast<std::uint16_t>(static_cast<unsigned char>(bytes[at]) * 256 +
                                      static_cast<unsigned char>(bytes[at + 1]));
  }

  std::string ack(std::uint64_t block, Time now) {
    resend_at_ = now + std::chrono::milliseconds(1700);
    in_window_ = 0;
    last_ = std::string("\0\4", 2) + static_cast<char>(block >> 8 & 0xff) + static_cast<char>(block & 0xff);
    return last_;
  }

  void read_options(std::string_view rest) {
    while (!rest.empty()) {
      const auto name = rest.substr(0, rest.find('\0'));
      rest.remove_prefix(name.size() + 1);
      const auto value = rest.substr(0, rest.find('\0'));
      rest.remove_prefix(value.size() + 1);
      granted[std::string(name)] = value;
    }
    if (granted.contains("blksize")) block_bytes = std::stoul(granted["blksize"]);
    if (granted.contains("windowsize")) window_blocks = std::stoul(granted["windowsize"]);
  }

  std::string request_, last_, error_;
  std::uint64_t expected_ = 1;
  std::size_t in_window_ = 0;
  bool confirmed_ = false, told_gap_ = false, done_ = false;
  Time resend_at_;
};

}  // namespace hilltop::tests
