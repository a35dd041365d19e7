// SPDX-License-Identifier: Apache-2.0
#include "drivers/protocol/dhcp.hpp"

#include <fmt/format.h>

#include "drivers/protocol/byte_order.hpp"

namespace hilltop::drivers::dhcp {
namespace {

constexpr std::size_t server_name_at = 44, server_name_bytes = 64;
constexpr std::size_t boot_file_at = 108, boot_file_bytes = 128;
constexpr std::size_t fixed_bytes = 236;
constexpr std::size_t message_bytes_least = 300;
constexpr std::string_view magic = "\x63\x82\x53\x63";  // RFC 2131 3

Error odd(std::string text) { return {Errc::protocol, Blame::dut, "DHCP: " + std::move(text)}; }

/// A code that comes twice is one value in two pieces (RFC 3396).
Result<> read_options(std::string_view rest, std::map<std::uint8_t, std::string>& out) {
  while (!rest.empty()) {
    const auto code = static_cast<std::uint8_t>(rest[0]);
    rest.remove_prefix(1);
    if (code == opt_pad) continue;
    if (code == opt_end) break;
    if (rest.empty()) return odd(fmt::format("option {} has no length", code));
    const auto length = static_cast<std::uint8_t>(rest[0]);
    if (rest.size() < 1u + length) return odd(fmt::format("option {} passes the end", code));
    out[code] += rest.substr(1, length);
    rest.remove_prefix(1u + length);
  }
  return ok();
}

std::string text_of(std::string_view field) { return std::string(field.substr(0, field.find('\0'))); }

void append_padded(std::string& out, std::string_view text, std::size_t bytes) {
  text = text.substr(0, bytes - 1);
  out += text;
  out.append(bytes - text.size(), '\0');
}

void append_option(std::string& out, std::uint8_t code, std::string_view value) {
  do {
    const auto piece = value.substr(0, 255);
    out += static_cast<char>(code);
    out += static_cast<char>(piece.size());
    out += piece;
    value.remove_prefix(piece.size());
  } while (!value.empty());
}

/// Options may go on in `file` and then in `sname`. Source: RFC 2132 9.3.
Result<> read_all_options(std::string_view bytes, Message& message) {
  HILLTOP_CHECK(read_options(bytes.substr(fixed_bytes + magic.size()), message.options));
  const auto overload = message.options.find(opt_overload);
  const auto fields = overload == message.options.end() || overload->second.size() != 1 ? 0 : overload->second[0];
  if ((fields & 1) != 0) {
    HILLTOP_CHECK(read_options(bytes.substr(boot_file_at, boot_file_bytes), message.options));
    message.boot_file.clear();
  }
  if ((fields & 2) != 0) {
    HILLTOP_CHECK(read_options(bytes.substr(server_name_at, server_name_bytes), message.options));
    message.server_name.clear();
  }
  return ok();
}

}  // namespace

Kind Message::kind() const {
  const auto found = options.find(opt_kind);
  if (found == options.end() || found->second.size() != 1) return Kind::none;
  const auto number = static_cast<std::uint8_t>(found->second[0]);
  return number <= static_cast<std::uint8_t>(Kind::inform) ? static_cast<Kind>(number) : Kind::none;
}

std::optional<Ipv4Address> Message::address(OptionCode code) const {
  const auto found = options.find(code);
  if (found == options.end() || found->second.size() != 4) return std::nullopt;
  return Ipv4Address{be32_at(found->second, 0)};
}

void Message::set(OptionCode code, Ipv4Address value) { set(code, value.value); }

void Message::set(OptionCode code, std::uint32_t number) {
  std::string bytes;
  append_be32(bytes, number);
  options[code] = std::move(bytes);
}

std::optional<std::uint16_t> Message::architecture() const {
  const auto found = options.find(opt_architecture);
  if (found == options.end() || found->second.size() < 2) return std::nullopt;
  return be16_at(found->second, 0);
}

Result<Message> read_message(std::string_view bytes) {
  if (bytes.size() < fixed_bytes) return odd(fmt::format("a message of {} bytes", bytes.size()));
  if ((bytes[0] != 1 && bytes[0] != 2) || bytes[1] != 1 || bytes[2] != 6) return odd("not a message over Ethernet");
  Message out;
  out.reply = bytes[0] == 2;
  out.hops = static_cast<std::uint8_t>(bytes[3]);
  out.transaction = be32_at(bytes, 4);
  out.seconds = be16_at(bytes, 8);
  out.flags = be16_at(bytes, 10);
  out.client.value = be32_at(bytes, 12);
  out.yours.value = be32_at(bytes, 16);
  out.next_server.value = be32_at(bytes, 20);
  out.relay.value = be32_at(bytes, 24);
  out.hardware = MacAddress::at(bytes.substr(28));
  out.server_name = text_of(bytes.substr(server_name_at, server_name_bytes));
  out.boot_file = text_of(bytes.substr(boot_file_at, boot_file_bytes));
  if (bytes.substr(fixed_bytes).starts_with(magic)) HILLTOP_CHECK(read_all_options(bytes, out));
  return out;
}

std::string write_message(const Message& message) {
  std::string out;
  out += message.reply ? '\2' : '\1';
  out += "\1\6";  // Ethernet, six bytes an address
  out += static_cast<char>(message.hops);
  append_be32(out, message.transaction);
  append_be16(out, message.seconds);
  append_be16(out, message.flags);
  for (const auto address : {message.client, message.yours, message.next_server, message.relay})
    append_be32(out, address.value);
  out.append(reinterpret_cast<const char*>(message.hardware.bytes.data()), 6);
  out.append(10, '\0');
  append_padded(out, message.server_name, server_name_bytes);
  append_padded(out, message.boot_file, boot_file_bytes);
  out += magic;
  // The kind comes first: some boot ROMs look for it there.
  if (const auto kind = message.options.find(opt_kind); kind != message.options.end())
    append_option(out, opt_kind, kind->second);
  for (const auto& [code, value] : message.options)
    if (code != opt_kind && code != opt_pad && code != opt_end && code != opt_overload) append_option(out, code, value);
  out += '\xff';
  if (out.size() < message_bytes_least) out.append(message_bytes_least - out.size(), '\0');
  return out;
}

}  // namespace hilltop::drivers::dhcp
