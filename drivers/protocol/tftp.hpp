// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "drivers/core/result.hpp"

/// TFTP's packets. Source: RFC 1350 5, RFC 2347.
namespace hilltop::drivers::tftp {

enum class Mode : std::uint8_t { octet, netascii };

/// Source: RFC 1350 appendix; 8: RFC 2347.
enum class ErrorCode : std::uint16_t {
  undefined = 0,
  not_found = 1,
  denied = 2,
  disk_full = 3,
  illegal = 4,
  unknown_transfer = 5,
  exists = 6,
  no_such_user = 7,
  bad_option = 8,
};

struct Option {
  std::string name;  ///< in lower case: case does not matter (RFC 2347)
  std::string value;
  bool operator==(const Option&) const = default;
};

/// Shape: [1 read | 2 write :2][file name]0[mode]0 and [option]0[value]0 any number of times.
struct Request {
  bool write = false;
  std::string name;
  Mode mode = Mode::octet;
  std::vector<Option> options;
};
/// Shape: [3:2][block:2][bytes].
struct Data {
  std::uint16_t block = 0;
  std::string bytes;
};
/// Shape: [4:2][block:2].
struct Ack {
  std::uint16_t block = 0;
};
/// Shape: [5:2][code:2][text]0.
struct Failure {
  std::uint16_t code = 0;
  std::string text;
};
/// Shape: [6:2] and [option]0[value]0 any number of times.
struct OptionAck {
  std::vector<Option> options;
};
using Packet = std::variant<Request, Data, Ack, Failure, OptionAck>;

/// A request is no longer than this. Source: RFC 2347 ("the maximum size of a request packet is 512 octets").
inline constexpr std::size_t request_bytes_most = 512;
/// Source: RFC 2348.
inline constexpr std::size_t block_bytes_least = 8;
inline constexpr std::size_t block_bytes_most = 65464;

/// Errors: protocol (dut): too short, unknown opcode, a text without its end, a mode that is not served ("mail").
[[nodiscard]] Result<Packet> read_packet(std::string_view bytes);
[[nodiscard]] std::string write_packet(const Packet& packet);
/// A DATA packet, without a copy of its bytes before.
[[nodiscard]] std::string data_packet(std::uint16_t block, std::string_view bytes);

}  // namespace hilltop::drivers::tftp
