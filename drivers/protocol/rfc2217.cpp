// SPDX-License-Identifier: Apache-2.0
#include "drivers/protocol/rfc2217.hpp"

#include <algorithm>
#include <utility>

#include "drivers/protocol/byte_order.hpp"

namespace hilltop::drivers::rfc2217 {
namespace {

telnet::Policy client_policy() {
  telnet::Policy out;
  out.ours.set(telnet::binary).set(telnet::suppress_go_ahead).set(telnet::com_port);
  out.theirs.set(telnet::binary).set(telnet::suppress_go_ahead).set(telnet::echo).set(telnet::com_port);
  return out;
}

telnet::Policy server_policy() {
  telnet::Policy out;
  out.ours.set(telnet::binary).set(telnet::suppress_go_ahead).set(telnet::echo).set(telnet::com_port);
  out.theirs.set(telnet::binary).set(telnet::suppress_go_ahead).set(telnet::com_port);
  return out;
}

std::string number(std::uint8_t code, std::uint32_t value) {
  if (code % server_offset != set_baudrate) return std::string(1, static_cast<char>(value));
  std::string out;
  append_be32(out, value);
  return out;
}

/// The number of a command, or nothing where it has the wrong size.
std::optional<std::uint32_t> number_in(std::uint8_t code, std::string_view payload) {
  if (payload.size() != (code == set_baudrate ? 4U : 1U)) return std::nullopt;
  std::uint32_t out = 0;
  for (const char c : payload) out = out << 8 | static_cast<std::uint8_t>(c);
  return out;
}

bool is_setting(std::uint8_t code) { return code >= set_baudrate && code <= set_control; }

/// Of a set_control: which of flow, break, DTR, RTS and inbound flow it is about.
int control_group(std::uint32_t value) {
  if (value <= flow_hardware || value == 17 || value == 19) return 0;
  if (value <= break_off) return 1;
  if (value <= dtr_off) return 2;
  if (value <= rts_off) return 3;
  return 4;
}

}  // namespace

Client::Client(LineSettings settings) : telnet_(client_policy()), settings_(settings) {
  telnet_.enable_ours(telnet::com_port);
  telnet_.enable_ours(telnet::binary);
  telnet_.enable_theirs(telnet::binary);
  telnet_.enable_ours(telnet::suppress_go_ahead);
  telnet_.enable_theirs(telnet::suppress_go_ahead);
}

std::size_t Client::receive(std::span<char> wire) {
  const auto kept = telnet_.receive(wire);
  for (const auto& event : telnet_.take_events()) handle(event);
  return kept;
}

std::vector<Notice> Client::take_notices() { return std::exchange(notices_, {}); }

void Client::ask(std::uint8_t code, std::uint32_t value) {
  telnet_.send_subnegotiation(telnet::com_port, static_cast<char>(code) + number(code, value));
  if (asked_.size() < 64) asked_.push_back({code, value});
}

void Client::control(std::uint8_t value) {
  if (ready()) ask(set_control, value);
}

void Client::purge(Purge what) {
  if (ready()) telnet_.send_subnegotiation(telnet::com_port, static_cast<char>(purge_data) + number(purge_data, what));
}

void Client::set(LineSettings settings) {
  settings_ = settings;
  if (ready()) apply();
}

void Client::apply() {
  ask(set_baudrate, settings_.baud);
  ask(set_datasize, settings_.data_bits);
  ask(set_parity, static_cast<std::uint8_t>(settings_.parity));
  ask(set_stopsize, static_cast<std::uint8_t>(settings_.stop_bits));
  ask(set_control, static_cast<std::uint8_t>(settings_.flow));
  if (settings_.dtr) ask(set_control, *settings_.dtr ? dtr_on : dtr_off);
  if (settings_.rts) ask(set_control, *settings_.rts ? rts_on : rts_off);
  const auto mask = [this](std::uint8_t code, std::uint32_t bits) {
    telnet_.send_subnegotiation(telnet::com_port, static_cast<char>(code) + number(code, bits));
  };
  mask(set_linestate_mask, overrun | parity_error | framing_error | break_detected);
  mask(set_modemstate_mask, 0);
}

void Client::handle(const telnet::Event& event) {
  using Kind = telnet::Event::Kind;
  if (event.option != telnet::com_port) return;
  if (event.kind == Kind::ours) {
    asked_.clear();
    notices_.push_back({.kind = event.on ? Notice::Kind::ready : Notice::Kind::unsupported});
    if (event.on) apply();
  }
  if (event.kind != Kind::subnegotiation || event.payload.empty()) return;
  const auto code = static_cast<std::uint8_t>(event.payload[0]);
  if (code >= server_offset) answered(code - server_offset, std::string_view(event.payload).substr(1));
}

void Client::answered(std::uint8_t code, std::string_view payload) {
  if (code == flowcontrol_suspend) suspended_ = true;
  if (code == flowcontrol_resume) suspended_ = false;
  if (code == signature) notices_.push_back({.kind = Notice::Kind::signature, .text = std::string(payload)});
  const auto value = number_in(code, payload);
  if (!value) return;
  if (code == notify_linestate) notices_.push_back({.kind = Notice::Kind::line_state, .value = *value});
  if (code == notify_modemstate) notices_.push_back({.kind = Notice::Kind::modem_state, .value = *value});
  if (is_setting(code)) settled(code, *value);
}

void Client::settled(std::uint8_t code, std::uint32_t value) {
  const auto same = [&](const Asked& asked) {
    return asked.code == code && (code != set_control || control_group(asked.value) == control_group(value));
  };
  const auto asked = std::ranges::find_if(asked_, same);
  if (asked == asked_.end()) return;  // the server's own doing
  const bool as_wanted = asked->value == value;
  asked_.erase(asked);
  notices_.push_back({.kind = as_wanted ? Notice::Kind::settled : Notice::Kind::refused, .code = code, .value = value});
}

Server::Server(std::string name) : telnet_(server_policy()), name_(std::move(name)) {
  telnet_.enable_ours(telnet::binary);
  telnet_.enable_theirs(telnet::binary);
  telnet_.enable_ours(telnet::suppress_go_ahead);
  telnet_.enable_theirs(telnet::suppress_go_ahead);
  telnet_.enable_ours(telnet::echo);
  telnet_.enable_theirs(telnet::com_port);
}

std::size_t Server::receive(std::span<char> wire) {
  const auto kept = telnet_.receive(wire);
  for (const auto& event : telnet_.take_events()) handle(event);
  return kept;
}

std::vector<Demand> Server::take_demands() { return std::exchange(demands_, {}); }

void Server::say(std::uint8_t code, std::string_view payload) {
  telnet_.send_subnegotiation(telnet::com_port, static_cast<char>(code + server_offset) + std::string(payload));
}

void Server::answer(std::uint8_t code, std::uint32_t value) {
  if (ready()) say(code, number(code, value));
}

void Server::notify_line(std::uint8_t bits) {
  if (ready() && (bits & line_mask_) != 0) answer(notify_linestate, bits & line_mask_);
}

void Server::notify_modem(std::uint8_t bits) {
  modem_ = bits;
  if (ready() && (bits & modem_mask_) != 0) answer(notify_modemstate, bits & modem_mask_);
}

void Server::handle(const telnet::Event& event) {
  using Kind = telnet::Event::Kind;
  if (event.kind == Kind::command && event.command == telnet::line_break) {
    demands_.push_back({set_control, break_on});
    demands_.push_back({set_control, break_off});
  }
  if (event.option != telnet::com_port) return;
  // pyserial takes our DO, when it comes early, for the answer to a WILL that it then does not send: it speaks the
  // option all the same (pyserial 3.5, rfc2217.py, Serial.open).
  const bool speaks = event.kind == Kind::subnegotiation || (event.kind == Kind::theirs && event.on);
  if (!speaks) return;
  if (!std::exchange(ready_, true)) notify_modem(modem_);
  if (event.kind == Kind::subnegotiation && !event.payload.empty())
    demand(static_cast<std::uint8_t>(event.payload[0]), std::string_view(event.payload).substr(1));
}

void Server::demand(std::uint8_t code, std::string_view payload) {
  if (code == signature && payload.empty()) return say(signature, name_);
  if (code == flowcontrol_suspend) suspended_ = true;
  if (code == flowcontrol_resume) suspended_ = false;
  const auto value = number_in(code, payload);
  if (!value) return;
  if (code == set_linestate_mask) {
    line_mask_ = static_cast<std::uint8_t>(*value);
    answer(code, *value);
  } else if (code == set_modemstate_mask) {
    modem_mask_ = static_cast<std::uint8_t>(*value);
    answer(code, *value);
  } else if (is_setting(code) || code == purge_data) {
    demands_.push_back({code, *value});
  }
}

}  // namespace hilltop::drivers::rfc2217
