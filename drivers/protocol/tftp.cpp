// SPDX-License-Identifier: Apache-2.0
#include "drivers/protocol/tftp.hpp"

#include <fmt/format.h>

#include <optional>

#include "drivers/protocol/byte_order.hpp"

namespace hilltop::drivers::tftp {
namespace {

enum Opcode : std::uint16_t { op_read = 1, op_write = 2, op_data = 3, op_ack = 4, op_error = 5, op_option_ack = 6 };

Error odd(std::string text) { return {Errc::protocol, Blame::dut, "TFTP: " + std::move(text)}; }

std::string in_lower_case(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

/// Takes a text that ends in a zero byte off the front.
std::optional<std::string> take_text(std::string_view& rest) {
  const auto length = rest.find('\0');
  if (length == std::string_view::npos) return std::nullopt;
  std::string out(rest.substr(0, length));
  rest.remove_prefix(length + 1);
  return out;
}

Result<std::vector<Option>> read_options(std::string_view rest) {
  std::vector<Option> out;
  while (!rest.empty()) {
    // Some boot ROMs pad their requests: zeroes after the last option are no option.
    if (rest.find_first_not_of('\0') == std::string_view::npos) break;
    auto name = take_text(rest);
    auto value = take_text(rest);
    if (!name || !value) return odd("an option has no end");
    if (name->empty()) return odd("an option has no name");
    out.push_back({in_lower_case(std::move(*name)), std::move(*value)});
  }
  return out;
}

Result<Packet> read_request(std::string_view rest, bool write) {
  if (rest.size() + 2 > request_bytes_most) return odd(fmt::format("a request of {} bytes", rest.size() + 2));
  Request out;
  out.write = write;
  auto name = take_text(rest);
  auto mode = take_text(rest);
  if (!name || !mode) return odd("a request without file name or mode");
  if (name->empty()) return odd("a request with an empty file name");
  out.name = std::move(*name);
  *mode = in_lower_case(std::move(*mode));
  if (*mode != "octet" && *mode != "netascii") return odd("mode '" + *mode + "' is neither octet nor netascii");
  out.mode = *mode == "octet" ? Mode::octet : Mode::netascii;
  HILLTOP_TRY(out.options, read_options(rest));
  return Packet(std::move(out));
}

void append_options(std::string& out, const std::vector<Option>& options) {
  for (const auto& [name, value] : options) {
    (out += name) += '\0';
    (out += value) += '\0';
  }
}

struct Writer {
  std::string out;

  void operator()(const Request& request) {
    append_be16(out, request.write ? op_write : op_read);
    (out += request.name) += '\0';
    (out += request.mode == Mode::octet ? "octet" : "netascii") += '\0';
    append_options(out, request.options);
  }
  void operator()(const Data& data) { out = data_packet(data.block, data.bytes); }
  void operator()(const Ack& ack) {
    append_be16(out, op_ack);
    append_be16(out, ack.block);
  }
  void operator()(const Failure& failure) {
    append_be16(out, op_error);
    append_be16(out, failure.code);
    (out += failure.text) += '\0';
  }
  void operator()(const OptionAck& ack) {
    append_be16(out, op_option_ack);
    append_options(out, ack.options);
  }
};

}  // namespace

Result<Packet> read_packet(std::string_view bytes) {
  if (bytes.size() < 4) return odd(fmt::format("a packet of {} bytes", bytes.size()));
  const auto opcode = be16_at(bytes, 0);
  const auto number = be16_at(bytes, 2);
  switch (opcode) {
    case op_read:
    case op_write:
      return read_request(bytes.substr(2), opcode == op_write);
    case op_data:
      if (bytes.size() > 4 + block_bytes_most) return odd("a block that is too long");
      return Packet(Data{number, std::string(bytes.substr(4))});
    case op_ack:
      return Packet(Ack{number});
    case op_error: {
      auto text = bytes.substr(4, 256);  // what it says is shown to people; more is noise
      return Packet(Failure{number, std::string(text.substr(0, text.find('\0')))});
    }
    case op_option_ack: {
      if (bytes.size() > request_bytes_most) return odd("an option acknowledgement that is too long");
      HILLTOP_TRY(auto options, read_options(bytes.substr(2)));
      if (options.empty()) return odd("an option acknowledgement without options");
      return Packet(OptionAck{std::move(options)});
    }
    default:
      return odd(fmt::format("opcode {} is not known", opcode));
  }
}

std::string write_packet(const Packet& packet) {
  Writer writer;
  std::visit(writer, packet);
  return std::move(writer.out);
}

std::string data_packet(std::uint16_t block, std::string_view bytes) {
  std::string out;
  out.reserve(4 + bytes.size());
  append_be16(out, op_data);
  append_be16(out, block);
  out += bytes;
  return out;
}

}  // namespace hilltop::drivers::tftp
