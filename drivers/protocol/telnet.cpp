// SPDX-License-Identifier: Apache-2.0
#include "drivers/protocol/telnet.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace hilltop::drivers::telnet {
namespace {

/// Appends `bytes` with each IAC doubled. Source: RFC 854, "data byte 255".
void append_escaped(std::string& out, std::string_view bytes) {
  for (;;) {
    const auto at = bytes.find(static_cast<char>(iac));
    out += bytes.substr(0, at);
    if (at == std::string_view::npos) return;
    out.append(2, static_cast<char>(iac));
    bytes.remove_prefix(at + 1);
  }
}

}  // namespace

void Telnet::tell(std::uint8_t command, std::uint8_t option) {
  output_ += {static_cast<char>(iac), static_cast<char>(command), static_cast<char>(option)};
}

void Telnet::changed(const Side& side, std::uint8_t option, bool on) {
  const auto kind = &side == &ours_[option] ? Event::Kind::ours : Event::Kind::theirs;
  events_.push_back({.kind = kind, .option = option, .on = on});
}

void Telnet::enable(Side& side, std::uint8_t on, std::uint8_t, std::uint8_t option) {
  switch (side.state) {
    case Side::State::no:
      side.state = Side::State::want_yes;
      return tell(on, option);
    case Side::State::yes:
      return;
    case Side::State::want_no:
      side.opposite = true;
      return;
    case Side::State::want_yes:
      side.opposite = false;
      return;
  }
}

void Telnet::disable(Side& side, std::uint8_t off, std::uint8_t option) {
  switch (side.state) {
    case Side::State::no:
      return;
    case Side::State::yes:
      side.state = Side::State::want_no;
      changed(side, option, false);
      return tell(off, option);
    case Side::State::want_no:
      side.opposite = false;
      return;
    case Side::State::want_yes:
      side.opposite = true;
      return;
  }
}

/// The peer said DO (of ours) or WILL (of theirs). Source: RFC 1143, section 7.
void Telnet::agree(Side& side, bool allowed, std::uint8_t on, std::uint8_t off, std::uint8_t option) {
  switch (side.state) {
    case Side::State::no:
      if (!allowed) return tell(off, option);
      tell(on, option);
      break;
    case Side::State::yes:
      return;
    case Side::State::want_no:  // an answer that contradicts: the peer is wrong, and has the last word
      side.state = std::exchange(side.opposite, false) ? Side::State::yes : Side::State::no;
      if (side.state == Side::State::yes) changed(side, option, true);
      return;
    case Side::State::want_yes:
      if (std::exchange(side.opposite, false)) {
        side.state = Side::State::want_no;
        return tell(off, option);
      }
      break;
  }
  side.state = Side::State::yes;
  changed(side, option, true);
}

/// The peer said DONT (of ours) or WONT (of theirs).
void Telnet::refuse(Side& side, std::uint8_t on, std::uint8_t off, std::uint8_t option) {
  switch (side.state) {
    case Side::State::no:
      return;
    case Side::State::yes:
      tell(off, option);
      changed(side, option, false);
      break;
    case Side::State::want_no:
      if (std::exchange(side.opposite, false)) {
        side.state = Side::State::want_yes;
        return tell(on, option);
      }
      break;
    case Side::State::want_yes:
      changed(side, option, false);
      break;
  }
  side.opposite = false;
  side.state = Side::State::no;
}

void Telnet::negotiate(std::uint8_t command, std::uint8_t option) {
  if (command == do_it) agree(ours_[option], policy_.ours[option], will, wont, option);
  if (command == dont) refuse(ours_[option], will, wont, option);
  if (command == will) agree(theirs_[option], policy_.theirs[option], do_it, dont, option);
  if (command == wont) refuse(theirs_[option], do_it, dont, option);
}

bool Telnet::read_data(std::uint8_t byte, char& data) {
  if (byte == iac) {
    reading_ = Reading::iac;
    return false;
  }
  const bool filler = after_cr_ && byte == 0;
  after_cr_ = byte == '\r' && !theirs(binary);
  data = static_cast<char>(byte);
  return !filler;
}

bool Telnet::read_command(std::uint8_t byte, char& data) {
  reading_ = Reading::data;
  if (byte == iac) {
    after_cr_ = false;
    data = static_cast<char>(byte);
    return true;
  }
  if (byte == sb) {
    reading_ = Reading::sub_option;
  } else if (byte >= will) {
    command_ = byte;
    reading_ = Reading::option;
  } else if (byte != nop && byte != se && byte >= se) {
    events_.push_back({.kind = Event::Kind::command, .command = byte});
  }
  return false;
}

void Telnet::read_subnegotiation(std::uint8_t byte) {
  if (reading_ == Reading::sub_iac) {
    reading_ = Reading::sub;
    if (byte != iac) {  // SE; anything else breaks it off, and begins nothing: the peer is confused
      reading_ = Reading::data;
      if (byte == se && !sub_too_long_)
        events_.push_back({.kind = Event::Kind::subnegotiation, .option = sub_option_, .payload = sub_});
      sub_.clear();
      return;
    }
  } else if (byte == iac) {
    reading_ = Reading::sub_iac;
    return;
  }
  if (sub_.size() >= longest_subnegotiation) sub_too_long_ = true;
  if (!sub_too_long_) sub_ += static_cast<char>(byte);
}

/// Whether `byte` yields a byte of data, in `data`.
bool Telnet::read_byte(std::uint8_t byte, char& data) {
  switch (reading_) {
    case Reading::data:
      return read_data(byte, data);
    case Reading::iac:
      return read_command(byte, data);
    case Reading::option:
      reading_ = Reading::data;
      negotiate(command_, byte);
      return false;
    case Reading::sub_option:
      sub_option_ = byte;
      sub_.clear();
      sub_too_long_ = false;
      reading_ = Reading::sub;
      return false;
    case Reading::sub:
    case Reading::sub_iac:
      read_subnegotiation(byte);
      return false;
  }
  return false;
}

/// How many bytes are data as they stand.
std::size_t Telnet::plain_prefix(std::string_view bytes) const {
  if (reading_ != Reading::data || after_cr_) return 0;
  const auto stop = std::min(bytes.find(static_cast<char>(iac)), bytes.size());
  return theirs(binary) ? stop : std::min(bytes.substr(0, stop).find('\r'), stop);
}

std::size_t Telnet::receive(std::span<char> wire) {
  std::size_t kept = 0;
  for (std::size_t at = 0; at < wire.size();) {
    const auto plain = plain_prefix({wire.data() + at, wire.size() - at});
    if (plain > 0) {
      if (kept != at) std::memmove(wire.data() + kept, wire.data() + at, plain);
      kept += plain;
      at += plain;
      continue;
    }
    char data = 0;
    if (read_byte(static_cast<std::uint8_t>(wire[at++]), data)) wire[kept++] = data;
  }
  return kept;
}

void Telnet::send(std::string_view bytes, std::string& wire) {
  if (ours(binary)) return append_escaped(wire, bytes);
  for (;;) {  // an NVT's: NUL after each carriage return, so that it stays one. Source: RFC 854, "CR NUL"
    const auto at = bytes.find('\r');
    append_escaped(wire, bytes.substr(0, at));
    if (at == std::string_view::npos) return;
    wire.append("\r\0", 2);
    bytes.remove_prefix(at + 1);
  }
}

std::string Telnet::take_output() { return std::exchange(output_, {}); }
std::vector<Event> Telnet::take_events() { return std::exchange(events_, {}); }

void Telnet::send_subnegotiation(std::uint8_t option, std::string_view payload) {
  output_ += {static_cast<char>(iac), static_cast<char>(sb), static_cast<char>(option)};
  append_escaped(output_, payload);
  output_ += {static_cast<char>(iac), static_cast<char>(se)};
}

void Telnet::send_command(std::uint8_t command) { output_ += {static_cast<char>(iac), static_cast<char>(command)}; }

}  // namespace hilltop::drivers::telnet
