// SPDX-License-Identifier: Apache-2.0
#include "drivers/protocol/smp.hpp"

#include <algorithm>

#include "drivers/protocol/base64.hpp"
#include "drivers/protocol/byte_order.hpp"
#include "drivers/protocol/crc16.hpp"

namespace hilltop::drivers::smp {
namespace {

constexpr std::size_t length_bytes = 2;
constexpr std::size_t crc_bytes = 2;

}  // namespace

std::vector<std::string> lines_of(std::string_view packet, std::size_t line_bytes) {
  std::string body;
  append_be16(body, static_cast<std::uint16_t>(packet.size() + crc_bytes));
  body += packet;
  append_be16(body, crc16_xmodem(packet));
  const auto most = std::max<std::size_t>(1, (line_bytes - first_mark.size() - 1) / 4) * 3;
  std::vector<std::string> out;
  for (std::size_t at = 0; at < body.size(); at += most)
    out.push_back(std::string(at == 0 ? first_mark : next_mark) +
                  base64_encoded(std::string_view(body).substr(at, most)) + '\n');
  return out;
}

Assembler::State Assembler::refuse() {
  body_.clear();
  return State::refused;
}

Assembler::State Assembler::add(std::string_view line) {
  fragment_.clear();
  const bool first = line.starts_with(first_mark);
  if (!first && (!line.starts_with(next_mark) || body_.empty())) return refuse();
  if (first) body_.clear();
  auto fragment = base64_decoded(line.substr(first_mark.size()));
  if (!fragment || fragment->empty()) return refuse();
  fragment_ = *std::move(fragment);
  body_ += fragment_;
  if (body_.size() < length_bytes) return refuse();
  const auto wanted = length_bytes + be16_at(body_, 0);
  if (wanted < length_bytes + crc_bytes || wanted > most_bytes_ || body_.size() > wanted) return refuse();
  if (body_.size() < wanted) return State::part;
  if (crc16_xmodem(std::string_view(body_).substr(length_bytes)) != 0) return refuse();
  return State::whole;
}

std::string_view Assembler::packet() const {
  return std::string_view(body_).substr(length_bytes, body_.size() - length_bytes - crc_bytes);
}

std::optional<Header> header_of(std::string_view packet) {
  constexpr std::size_t header_bytes = 8;
  if (packet.size() < header_bytes) return std::nullopt;
  const auto at = [&](std::size_t i) { return static_cast<std::uint8_t>(packet[i]); };
  Header out;
  out.op = at(0) & 0x07;
  out.version = at(0) >> 3 & 0x03;
  out.flags = at(1);
  out.length = be16_at(packet, 2);
  out.group = be16_at(packet, 4);
  out.sequence = at(6);
  out.command = at(7);
  return out;
}

}  // namespace hilltop::drivers::smp
