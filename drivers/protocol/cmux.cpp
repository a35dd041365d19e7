// SPDX-License-Identifier: Apache-2.0
#include "drivers/protocol/cmux.hpp"

#include <array>

namespace hilltop::drivers::cmux {
namespace {

constexpr std::uint8_t extension = 0x01;  // EA: the field ends with this octet
constexpr std::uint8_t command_bit = 0x02;
constexpr std::uint8_t poll_bit = 0x10;
constexpr std::uint8_t reserved_dlci = 62;  // its address would be the basic flag
constexpr std::uint8_t good_fcs = 0xcf;
constexpr std::uint8_t msc_type = 0xe1;

std::uint8_t octet(std::string_view bytes, std::size_t at) { return static_cast<std::uint8_t>(bytes[at]); }

/// x^8 + x^2 + x + 1, the lowest bit first. Source: annex B.3.5.
constexpr auto crc_table = [] {
  std::array<std::uint8_t, 256> out{};
  for (unsigned i = 0; i < out.size(); ++i) {
    unsigned crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc & 1) != 0 ? crc >> 1 ^ 0xe0 : crc >> 1;
    out[i] = static_cast<std::uint8_t>(crc);
  }
  return out;
}();
static_assert(crc_table[1] == 0x91 && crc_table[0xff] == 0xcf);

std::uint8_t crc_of(std::string_view bytes, std::uint8_t crc = 0xff) {
  for (const char c : bytes) crc = crc_table[crc ^ static_cast<std::uint8_t>(c)];
  return crc;
}

std::string header_of(const Frame& frame) {
  std::string out;
  out += static_cast<char>(frame.dlci << 2 | (frame.command ? command_bit : 0) | extension);
  out += static_cast<char>(static_cast<std::uint8_t>(frame.type) | (frame.poll ? poll_bit : 0));
  return out;
}

bool is_type(std::uint8_t control) {
  switch (static_cast<Type>(control & ~poll_bit)) {
    case Type::sabm:
    case Type::ua:
    case Type::dm:
    case Type::disc:
    case Type::uih:
    case Type::ui:
      return true;
  }
  return false;
}

Frame read_header(std::string_view bytes) {
  Frame out;
  out.dlci = octet(bytes, 0) >> 2;
  out.command = (octet(bytes, 0) & command_bit) != 0;
  out.poll = (octet(bytes, 1) & poll_bit) != 0;
  out.type = static_cast<Type>(octet(bytes, 1) & ~poll_bit);
  return out;
}

/// The FCS covers the information of UI frames too, the header only of all others. Source: 5.2.1.6.
bool good(std::string_view header, const Frame& frame, char fcs) {
  auto crc = crc_of(header);
  if (frame.type == Type::ui) crc = crc_of(frame.info, crc);
  return crc_of({&fcs, 1}, crc) == good_fcs;
}

char fcs_of(std::string_view header, const Frame& frame) {
  auto crc = crc_of(header);
  if (frame.type == Type::ui) crc = crc_of(frame.info, crc);
  return static_cast<char>(0xff - crc);
}

}  // namespace

Parsed::Fit fit_header(std::string_view bytes) {
  if (bytes.empty()) return Parsed::Fit::more;
  const auto address = octet(bytes, 0);
  if ((address & extension) == 0 || address >> 2 >= reserved_dlci) return Parsed::Fit::no;
  if (bytes.size() < 2) return Parsed::Fit::more;
  return is_type(octet(bytes, 1)) ? Parsed::Fit::yes : Parsed::Fit::no;
}

std::string encoded_basic(const Frame& frame) {
  auto header = header_of(frame);
  constexpr std::size_t short_most = 127;
  if (frame.info.size() <= short_most) {
    header += static_cast<char>(frame.info.size() << 1 | extension);
  } else {
    header += static_cast<char>(frame.info.size() << 1 & 0xfe);
    header += static_cast<char>(frame.info.size() >> 7);
  }
  return std::string(1, basic_flag) + header + std::string(frame.info) + fcs_of(header, frame) + basic_flag;
}

std::string encoded_advanced(const Frame& frame) {
  const auto header = header_of(frame);
  const auto body = header + std::string(frame.info) + fcs_of(header, frame);
  std::string out(1, advanced_flag);
  for (const char c : body) {
    if (c == advanced_flag || c == advanced_escape) {
      out += advanced_escape;
      out += static_cast<char>(c ^ 0x20);
    } else {
      out += c;
    }
  }
  return out + advanced_flag;
}

Parsed parse_basic(std::string_view bytes, std::size_t most) {
  Parsed out;
  out.fit = fit_header(bytes);
  if (out.fit != Parsed::Fit::yes) return out;
  out.fit = Parsed::Fit::more;
  std::size_t at = 2;
  if (bytes.size() <= at) return out;
  std::size_t length = octet(bytes, at) >> 1;
  if ((octet(bytes, at++) & extension) == 0) {
    if (bytes.size() <= at) return out;
    length |= static_cast<std::size_t>(octet(bytes, at++)) << 7;
  }
  out.frame = read_header(bytes);
  const bool carries = out.frame.type == Type::uih || out.frame.type == Type::ui;
  out.fit = Parsed::Fit::no;
  if (length > most || (!carries && length > 0)) return out;
  out.info_at = at;
  out.size = at + length + 2;
  if (bytes.size() < out.size) {
    out.fit = Parsed::Fit::more;
    return out;
  }
  out.frame.info = bytes.substr(at, length);
  if (bytes[out.size - 1] == basic_flag && good(bytes.substr(0, at), out.frame, bytes[out.size - 2]))
    out.fit = Parsed::Fit::yes;
  return out;
}

std::optional<Frame> parse_advanced(std::string_view between_flags) {
  constexpr std::size_t least = 3;
  if (between_flags.size() < least || fit_header(between_flags) != Parsed::Fit::yes) return std::nullopt;
  auto frame = read_header(between_flags);
  frame.info = between_flags.substr(2, between_flags.size() - least);
  const bool carries = frame.type == Type::uih || frame.type == Type::ui;
  if (!carries && !frame.info.empty()) return std::nullopt;
  if (!good(between_flags.substr(0, 2), frame, between_flags.back())) return std::nullopt;
  return frame;
}

std::optional<std::string> unescaped(std::string_view between_flags) {
  std::string out;
  out.reserve(between_flags.size());
  for (std::size_t at = 0; at < between_flags.size(); ++at) {
    if (between_flags[at] != advanced_escape) {
      out += between_flags[at];
      continue;
    }
    if (++at == between_flags.size()) return std::nullopt;
    out += static_cast<char>(between_flags[at] ^ 0x20);
  }
  return out;
}

std::string encoded(const ModemStatus& message) {
  std::string out;
  out += static_cast<char>(msc_type | (message.command ? command_bit : 0));
  out += static_cast<char>(2 << 1 | extension);
  out += static_cast<char>(message.dlci << 2 | command_bit | extension);
  out += static_cast<char>(message.signals | extension);
  return out;
}

std::optional<ModemStatus> modem_status_of(std::string_view info) {
  constexpr std::size_t least = 4;
  if (info.size() < least || (octet(info, 0) & ~command_bit) != msc_type) return std::nullopt;
  return ModemStatus{static_cast<std::uint8_t>(octet(info, 2) >> 2), (octet(info, 0) & command_bit) != 0,
                     static_cast<std::uint8_t>(octet(info, 3) & ~extension)};
}

}  // namespace hilltop::drivers::cmux
