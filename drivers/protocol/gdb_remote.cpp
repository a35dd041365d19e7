// SPDX-License-Identifier: Apache-2.0
#include "drivers/protocol/gdb_remote.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <numeric>

namespace hilltop::drivers::gdb {
namespace {

constexpr std::size_t longest_packet_bytes = 1 << 20;
constexpr char escape = '}';
constexpr unsigned char escape_xor = 0x20;

unsigned checksum(std::string_view raw) {
  unsigned sum = 0;
  for (const char c : raw) sum += static_cast<unsigned char>(c);
  return sum & 0xffu;
}

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// Undoes escapes and run lengths: "0* " is "0000" (the count is the character minus 29). Nothing where they make no
/// sense.
std::optional<std::string> decoded(std::string_view raw) {
  std::string out;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] == escape) {
      if (++i == raw.size()) return std::nullopt;
      out += static_cast<char>(static_cast<unsigned char>(raw[i]) ^ escape_xor);
    } else if (raw[i] == '*') {
      if (++i == raw.size() || out.empty() || raw[i] < ' ' || raw[i] > '~') return std::nullopt;
      out.append(static_cast<std::size_t>(raw[i] - 29), out.back());
    } else {
      out += raw[i];
    }
  }
  return out;
}

Received checked(std::string_view raw, char high, char low) {
  const int h = digit(high);
  const int l = digit(low);
  if (h < 0 || l < 0 || static_cast<unsigned>(h * 16 + l) != checksum(raw)) return {Received::Kind::damaged, {}};
  auto payload = decoded(raw);
  if (!payload) return {Received::Kind::damaged, {}};
  return {Received::Kind::packet, std::move(*payload)};
}

}  // namespace

std::string packet(std::string_view payload) {
  std::string raw;
  raw.reserve(payload.size() + 4);
  for (const char c : payload) {
    if (c == '$' || c == '#' || c == escape || c == '*') {
      raw += escape;
      raw += static_cast<char>(static_cast<unsigned char>(c) ^ escape_xor);
    } else {
      raw += c;
    }
  }
  return fmt::format("${}#{:02x}", raw, checksum(raw));
}

Result<std::vector<Received>> PacketReader::feed(std::string_view bytes) {
  std::vector<Received> out;
  for (const char c : bytes) {
    switch (state_) {
      case State::between:
        if (c == '+') out.push_back({Received::Kind::ack, {}});
        if (c == '-') out.push_back({Received::Kind::nak, {}});
        if (c == '$') {
          raw_.clear();
          state_ = State::payload;
        }
        break;
      case State::payload:
        if (c == '#') {
          state_ = State::checksum_high;
        } else if (raw_ += c; raw_.size() > longest_packet_bytes) {
          return Error(Errc::protocol, Blame::infrastructure, "the debug stub sent a packet without end");
        }
        break;
      case State::checksum_high:
        high_ = c;
        state_ = State::checksum_low;
        break;
      case State::checksum_low:
        out.push_back(checked(raw_, high_, c));
        state_ = State::between;
        break;
    }
  }
  return out;
}

bool is_stop_reply(std::string_view payload) {
  return payload.size() >= 3 && (payload[0] == 'T' || payload[0] == 'S') && digit(payload[1]) >= 0 &&
         digit(payload[2]) >= 0;
}

std::string write_memory(std::uint64_t address, std::string_view bytes) {
  return fmt::format("M{:x},{:x}:{}", address, bytes.size(), to_hex(bytes));
}

std::string write_memory_binary(std::uint64_t address, std::string_view bytes) {
  return fmt::format("X{:x},{:x}:{}", address, bytes.size(), bytes);
}

std::string read_memory(std::uint64_t address, std::size_t length) {
  return fmt::format("m{:x},{:x}", address, length);
}

std::string monitor(std::string_view command) { return "qRcmd," + to_hex(command); }

std::string to_hex(std::string_view bytes) {
  static constexpr std::string_view digits = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (const char c : bytes) {
    out += digits[static_cast<unsigned char>(c) >> 4];
    out += digits[static_cast<unsigned char>(c) & 15];
  }
  return out;
}

std::optional<std::string> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string out;
  out.reserve(text.size() / 2);
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const int high = digit(text[i]);
    const int low = digit(text[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
  }
  return out;
}

std::size_t packet_size(std::string_view supported) {
  static constexpr std::string_view key = "PacketSize=";
  std::size_t size = 1024;
  if (const auto at = supported.find(key); at != std::string_view::npos) {
    const auto digits = supported.substr(at + key.size());
    std::from_chars(digits.data(), digits.data() + digits.size(), size, 16);
  }
  // A stub may promise anything: packets are kept at sizes that both ends surely hold.
  return std::clamp<std::size_t>(size, 256, 16384);
}

}  // namespace hilltop::drivers::gdb
