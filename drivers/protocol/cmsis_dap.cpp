// SPDX-License-Identifier: Apache-2.0
#include "drivers/protocol/cmsis_dap.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace hilltop::drivers::cmsis_dap {
namespace {

// Command codes. CMSIS-DAP 2.1, "CMSIS-DAP Commands".
constexpr char command_info = 0x00;
constexpr char command_connect = 0x02;
constexpr char command_disconnect = 0x03;
constexpr char command_transfer_configure = 0x04;
constexpr char command_transfer = 0x05;
constexpr char command_transfer_block = 0x06;
constexpr char command_write_abort = 0x08;
constexpr char command_pins = 0x10;
constexpr char command_clock = 0x11;
constexpr char command_sequence = 0x12;
constexpr char command_swd_configure = 0x13;
constexpr char command_invalid = '\xff';
constexpr char port_swd = 1;
constexpr char first_device = 0;  // DAP index: SWD has one

void add(std::string& out, std::uint32_t value, unsigned bytes) {
  for (unsigned i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i));
}

std::uint32_t number(std::string_view bytes) {
  std::uint32_t out = 0;
  for (auto i = bytes.size(); i-- > 0;) out = out << 8 | static_cast<std::uint8_t>(bytes[i]);
  return out;
}

/// "DAP_Transfer", Transfer Request: bit 0 APnDP, bit 1 RnW, bits 3 and 2 A[3:2].
char request(const Access& access) {
  constexpr unsigned read = 1u << 1;
  return static_cast<char>(static_cast<unsigned>(access.port) | (access.value ? 0u : read) | (access.address & 0xcu));
}

Error bad_answer(std::string text) {
  return Error(Errc::protocol, Blame::infrastructure, "CMSIS-DAP: " + std::move(text));
}

/// "DAP_Transfer", Transfer Response: bits 2-0 the acknowledge, bit 3 an SWD protocol error.
Transferred::Ack ack_of(char c) {
  const auto bits = static_cast<unsigned>(static_cast<std::uint8_t>(c));
  if ((bits & 8) != 0) return Transferred::Ack::protocol_error;
  switch (bits & 7) {
    case 1:
      return Transferred::Ack::ok;
    case 2:
      return Transferred::Ack::wait;
    case 4:
      return Transferred::Ack::fault;
    default:
      return Transferred::Ack::none;
  }
}

std::vector<std::uint32_t> words_in(std::string_view bytes, std::size_t most) {
  std::vector<std::uint32_t> out;
  for (; bytes.size() >= 4 && out.size() < most; bytes.remove_prefix(4)) out.push_back(number(bytes.substr(0, 4)));
  return out;
}

}  // namespace

std::string info(Info id) { return {command_info, static_cast<char>(id)}; }
std::string connect_swd() { return {command_connect, port_swd}; }
std::string disconnect() { return {command_disconnect}; }

std::string clock(std::uint32_t hertz) {
  std::string out{command_clock};
  add(out, hertz, 4);
  return out;
}

std::string transfer_configure(std::uint8_t idle_cycles, std::uint16_t wait_retries) {
  std::string out{command_transfer_configure, static_cast<char>(idle_cycles)};
  add(out, wait_retries, 2);
  add(out, 0, 2);  // value matches are not used
  return out;
}

std::string swd_configure() { return {command_swd_configure, 0}; }

std::string sequence(const adi::Bits& bits) {
  std::string out{command_sequence, static_cast<char>(bits.count)};  // 256 is written as 0
  return out += bits.bytes;
}

std::string pins(std::uint8_t output, std::uint8_t select, std::uint32_t wait_us) {
  std::string out{command_pins, static_cast<char>(output), static_cast<char>(select)};
  add(out, wait_us, 4);
  return out;
}

std::string write_abort(std::uint32_t word) {
  std::string out{command_write_abort, first_device};
  add(out, word, 4);
  return out;
}

std::string transfer(const std::vector<Access>& accesses) {
  std::string out{command_transfer, first_device, static_cast<char>(accesses.size())};
  for (const auto& access : accesses) {
    out += request(access);
    if (access.value) add(out, *access.value, 4);
  }
  return out;
}

std::string read_block(Access access, std::uint16_t count) {
  std::string out{command_transfer_block, first_device};
  add(out, count, 2);
  access.value.reset();
  return out += request(access);
}

std::string write_block(Access access, const std::vector<std::uint32_t>& words) {
  std::string out{command_transfer_block, first_device};
  add(out, static_cast<std::uint32_t>(words.size()), 2);
  access.value = 0;
  out += request(access);
  for (const auto word : words) add(out, word, 4);
  return out;
}

std::uint32_t transfer_reads(std::size_t packet_bytes, std::uint32_t writes) {
  const auto asked = packet_bytes - 3 - std::size_t{5} * writes;  // a byte each
  const auto answered = (packet_bytes - 3) / 4;
  constexpr std::size_t most_accesses = 255;
  return static_cast<std::uint32_t>(std::min({asked, answered, most_accesses - writes}));
}

Result<std::string> answer_to(std::string_view command, std::string_view reply) {
  if (reply.empty()) return bad_answer("an empty answer");
  if (reply.front() == command.front()) return std::string(reply.substr(1));
  const auto code = static_cast<unsigned>(static_cast<std::uint8_t>(command.front()));
  if (reply.front() == command_invalid)
    return Error(Errc::unsupported, Blame::infrastructure,
                 fmt::format("CMSIS-DAP: the probe does not know command {:#04x}", code));
  return bad_answer(fmt::format("an answer to {:#04x} instead of {:#04x}", number(reply.substr(0, 1)), code));
}

Result<> check_status(std::string_view payload, std::string_view what) {
  if (payload.empty()) return bad_answer("an answer without status");
  if (payload.front() == 0) return ok();
  return Error(Errc::unavailable, Blame::infrastructure, "CMSIS-DAP: " + std::string(what) + " failed");
}

Result<std::string> info_text(std::string_view payload) {
  if (payload.empty() || payload.size() - 1 < number(payload.substr(0, 1))) return bad_answer("a cut information");
  auto text = payload.substr(1, number(payload.substr(0, 1)));
  return std::string(text.substr(0, text.find('\0')));
}

Result<std::uint32_t> info_number(std::string_view payload) {
  const auto size = payload.empty() ? 0 : number(payload.substr(0, 1));
  if (size == 0 || size > 4 || payload.size() - 1 < size)
    return bad_answer("a number of " + std::to_string(size) + " bytes");
  return number(payload.substr(1, size));
}

std::string_view to_string(Transferred::Ack ack) noexcept {
  switch (ack) {
    case Transferred::Ack::ok:
      return "OK";
    case Transferred::Ack::wait:
      return "WAIT";
    case Transferred::Ack::fault:
      return "FAULT";
    case Transferred::Ack::none:
      return "no answer";
    case Transferred::Ack::protocol_error:
      return "a parity error";
  }
  return "?";
}

Result<Transferred> transferred(std::string_view payload) {
  if (payload.size() < 2) return bad_answer("a cut transfer");
  Transferred out{number(payload.substr(0, 1)), ack_of(payload[1]), {}};
  out.words = words_in(payload.substr(2), out.done);
  return out;
}

Result<Transferred> block_transferred(std::string_view payload) {
  if (payload.size() < 3) return bad_answer("a cut transfer");
  Transferred out{number(payload.substr(0, 2)), ack_of(payload[2]), {}};
  out.words = words_in(payload.substr(3), out.done);
  return out;
}

}  // namespace hilltop::drivers::cmsis_dap
