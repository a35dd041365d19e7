// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <string>
#include <vector>

#include "drivers/protocol/line_codec.hpp"

/// Telnet: commands in a byte stream, and options by agreement.
/// Source: RFC 854 (commands, NVT), RFC 855 (options), RFC 856 (binary), RFC 857 (echo), RFC 858 (suppress go ahead),
/// RFC 1143 (Q method of negotiation).
namespace hilltop::drivers::telnet {

/// Source: RFC 854, "TELNET command structure".
enum Command : std::uint8_t {
  se = 240,
  nop = 241,
  data_mark = 242,
  line_break = 243,
  interrupt = 244,
  abort_output = 245,
  are_you_there = 246,
  erase_character = 247,
  erase_line = 248,
  go_ahead = 249,
  sb = 250,
  will = 251,
  wont = 252,
  do_it = 253,
  dont = 254,
  iac = 255,
};

/// Source: the RFCs above; 44: RFC 2217.
enum Option : std::uint8_t { binary = 0, echo = 1, suppress_go_ahead = 3, com_port = 44 };

using OptionSet = std::bitset<256>;

/// What an end agrees to when it is asked.
struct Policy {
  OptionSet ours;    ///< options that we perform
  OptionSet theirs;  ///< options that the peer may perform
};

/// What happened beside the data.
struct Event {
  enum class Kind : std::uint8_t {
    ours,            ///< `option` of ours is now `on`, or was refused
    theirs,          ///< `option` of the peer's is now `on`, or was refused
    subnegotiation,  ///< of `option`, with `payload` (unescaped)
    command          ///< `command`: break, are you there, ...
  };
  Kind kind = Kind::command;
  std::uint8_t option = 0;
  bool on = false;
  std::uint8_t command = 0;
  std::string payload = {};
  bool operator==(const Event&) const = default;
};

/// A subnegotiation that is longer is dropped, whole. Chosen: RFC 2217's are six bytes, its signature is a line.
inline constexpr std::size_t longest_subnegotiation = 1024;

/// One end of a telnet connection. While an option `binary` is not agreed on, that direction is an NVT's: a carriage
/// return is followed by NUL or line feed on the wire; the NUL is not data.
class Telnet final : public LineCodec {
 public:
  explicit Telnet(Policy policy) : policy_(policy) {}

  std::size_t receive(std::span<char> wire) override;
  void send(std::string_view bytes, std::string& wire) override;
  std::string take_output() override;
  /// Until binary is agreed on or refused: many a peer keeps the NUL that an NVT's carriage return has.
  [[nodiscard]] bool settling() const override { return ours_[binary].state == Side::State::want_yes; }
  /// What happened since it was last asked, in order.
  std::vector<Event> take_events();

  /// Asks to perform an option (WILL), or the peer to perform it (DO); and the opposites. Nothing where it is so.
  void enable_ours(std::uint8_t option) { enable(ours_[option], will, wont, option); }
  void disable_ours(std::uint8_t option) { disable(ours_[option], wont, option); }
  void enable_theirs(std::uint8_t option) { enable(theirs_[option], do_it, dont, option); }
  void disable_theirs(std::uint8_t option) { disable(theirs_[option], dont, option); }
  [[nodiscard]] bool ours(std::uint8_t option) const { return ours_[option].state == Side::State::yes; }
  [[nodiscard]] bool theirs(std::uint8_t option) const { return theirs_[option].state == Side::State::yes; }

  void send_subnegotiation(std::uint8_t option, std::string_view payload);
  void send_command(std::uint8_t command);

 private:
  /// Source: RFC 1143, section 7: the names of its states; `opposite` is its queue bit.
  struct Side {
    enum class State : std::uint8_t { no, yes, want_no, want_yes };
    State state = State::no;
    bool opposite = false;
  };
  enum class Reading : std::uint8_t { data, iac, option, sub_option, sub, sub_iac };

  void enable(Side& side, std::uint8_t on, std::uint8_t off, std::uint8_t option);
  void disable(Side& side, std::uint8_t off, std::uint8_t option);
  void agree(Side& side, bool allowed, std::uint8_t on, std::uint8_t off, std::uint8_t option);
  void refuse(Side& side, std::uint8_t on, std::uint8_t off, std::uint8_t option);
  void tell(std::uint8_t command, std::uint8_t option);
  void changed(const Side& side, std::uint8_t option, bool on);
  void negotiate(std::uint8_t command, std::uint8_t option);
  bool read_byte(std::uint8_t byte, char& data);
  bool read_data(std::uint8_t byte, char& data);
  bool read_command(std::uint8_t byte, char& data);
  void read_subnegotiation(std::uint8_t byte);
  [[nodiscard]] std::size_t plain_prefix(std::string_view bytes) const;

  Policy policy_;
  std::array<Side, 256> ours_{};
  std::array<Side, 256> theirs_{};
  Reading reading_ = Reading::data;
  bool after_cr_ = false;  // the byte before was a carriage return of an NVT
  std::uint8_t command_ = 0;
  std::uint8_t sub_option_ = 0;
  std::string sub_;
  bool sub_too_long_ = false;
  std::string output_;
  std::vector<Event> events_;
};

}  // namespace hilltop::drivers::telnet
