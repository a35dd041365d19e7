// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/core/result.hpp"
#include "drivers/protocol/tftp.hpp"

namespace hilltop::drivers::tftp {

/// What the server grants at most.
struct Limits {
  std::size_t block_bytes = block_bytes_most;
  std::size_t window_blocks = 64;
  std::size_t window_bytes = 1 << 20;       ///< blocks kept for retransmission, in all
  std::chrono::milliseconds timeout{1000};  ///< unless the client asks for another; doubled up to four times as much
  int retries = 6;                          ///< without progress; then the transfer has failed
  int odd_packets = 64;                     ///< that a peer may send in one transfer
};

/// The server's side of one read request: which packet goes out when. Neither a socket nor a clock: the caller gives
/// the time, the file's bytes as they are wanted, and what arrives from the one peer.
///
/// Blocks are numbered on 64 bits and wrap to 0 on the wire, so that a file may be of any size. An acknowledgement
/// that tells nothing new is dropped: only the timer sends again (the "sorcerer's apprentice" of RFC 1123 4.2.3.1).
/// Source: RFC 1350, 2347, 2348 (blksize), 2349 (tsize, timeout), 7440 (windowsize).
class ReadTransfer {
 public:
  using Time = std::chrono::steady_clock::time_point;
  enum class State : std::uint8_t { running, done, failed };

  /// `file_bytes`: for tsize, in octet mode.
  ReadTransfer(const Request& request, std::uint64_t file_bytes, const Limits& limits, Time now);

  [[nodiscard]] State state() const { return state_; }
  /// Set when failed. Codes: timeout, protocol (dut), unavailable (dut, the peer ended it).
  [[nodiscard]] const Error& error() const { return error_; }

  /// How many more bytes of the file it can use now.
  [[nodiscard]] std::size_t wanted() const;
  /// The file's next bytes. `last`: they are followed by none. More than was wanted is kept, too.
  void feed(std::string_view bytes, bool last);

  /// What arrived from the peer.
  void receive(std::string_view packet, Time now);
  /// When to call elapse() if nothing arrives before.
  [[nodiscard]] Time wake_at() const { return wake_at_; }
  void elapse(Time now);
  /// What is to be sent now, in order. Call it after each of the above; also once the state is no longer `running`.
  [[nodiscard]] std::vector<std::string> take_packets(Time now);

  /// Ends it, and tells the peer.
  void fail(ErrorCode code, Error error);

  /// Bytes of the file (after netascii's translation) that the peer has acknowledged.
  [[nodiscard]] std::uint64_t acknowledged_bytes() const { return acknowledged_bytes_; }
  [[nodiscard]] std::uint64_t packets_sent_again() const { return sent_again_; }
  [[nodiscard]] std::size_t block_bytes() const { return block_bytes_; }
  [[nodiscard]] std::size_t window_blocks() const { return window_blocks_; }

 private:
  void accept_options(const Request& request, std::uint64_t file_bytes, const Limits& limits);
  void accept_option(const Option& option, std::uint64_t file_bytes, const Limits& limits);
  void make_blocks();
  void acknowledge(std::uint16_t block, Time now);
  void made_progress(Time now);
  void odd_packet(std::string_view what);

  Mode mode_;
  Limits limits_;
  std::size_t block_bytes_ = 512;
  std::size_t window_blocks_ = 1;
  std::chrono::milliseconds timeout_;

  std::vector<Option> accepted_;
  bool option_ack_open_ = false;  // sent and not yet acknowledged
  bool option_ack_due_ = false;

  std::string pending_;  // not yet cut into blocks
  bool file_ended_ = false;
  bool final_made_ = false;         // the last block is in window_
  std::deque<std::string> window_;  // not yet acknowledged
  std::uint64_t base_ = 1;          // number of window_[0]
  std::size_t next_ = 0;            // the next of window_ to send
  std::size_t sent_ = 0;            // how many of window_ were ever sent

  std::vector<std::string> out_;
  Time wake_at_;
  int tries_ = 0;
  int odd_packets_ = 0;
  std::uint64_t acknowledged_bytes_ = 0;
  std::uint64_t sent_again_ = 0;
  State state_ = State::running;
  Error error_;
};

/// Text as netascii has it: LF becomes CR LF, CR becomes CR NUL. Source: RFC 764 (the NVT), RFC 1350 1.
void append_netascii(std::string& out, std::string_view bytes);

}  // namespace hilltop::drivers::tftp
