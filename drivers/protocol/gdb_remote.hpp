// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/core/result.hpp"

/// The GDB remote serial protocol, client side: packets and the requests that a flasher needs.
/// Source: "Debugging with GDB", appendix E "GDB Remote Serial Protocol" (sections Overview, Packets, General Query
/// Packets).
namespace hilltop::drivers::gdb {

/// `payload` as a packet: $payload#checksum, with the bytes $ # } * escaped.
[[nodiscard]] std::string packet(std::string_view payload);

/// What a stub sent.
struct Received {
  enum class Kind : std::uint8_t {
    ack,     ///< '+'
    nak,     ///< '-': send the packet again
    packet,  ///< a packet with a good checksum: answer '+'
    damaged  ///< a packet with a bad checksum: answer '-'
  };
  Kind kind = Kind::packet;
  std::string payload;  ///< unescaped and run lengths expanded; of packets only
};

/// Cuts a stub's bytes into acknowledgements and packets. The same at any chunk size. Bytes between packets are
/// skipped.
class PacketReader {
 public:
  /// Errors: protocol (infrastructure) for a packet of more than 1 MiB.
  Result<std::vector<Received>> feed(std::string_view bytes);

 private:
  enum class State : std::uint8_t { between, payload, checksum_high, checksum_low };
  State state_ = State::between;
  std::string raw_;
  char high_ = 0;
};

/// True for what a stub says when the cores stop, asked or not ("T05thread:01;", "S02"): no answer to any request
/// below.
[[nodiscard]] bool is_stop_reply(std::string_view payload);

/// "M": writes bytes, as hexadecimal. Units: address in bytes.
[[nodiscard]] std::string write_memory(std::uint64_t address, std::string_view bytes);
/// "X": the same, binary. A stub that does not know it answers "".
[[nodiscard]] std::string write_memory_binary(std::uint64_t address, std::string_view bytes);
/// "m": asks for `length` bytes.
[[nodiscard]] std::string read_memory(std::uint64_t address, std::size_t length);
/// "qRcmd": a command for the stub's monitor ("system_reset").
[[nodiscard]] std::string monitor(std::string_view command);

[[nodiscard]] std::string to_hex(std::string_view bytes);
/// Nothing for text that is no hexadecimal, or has an odd length.
[[nodiscard]] std::optional<std::string> from_hex(std::string_view text);
/// The largest packet that the stub takes, from its answer to qSupported; 1024 where it does not say.
[[nodiscard]] std::size_t packet_size(std::string_view supported);

}  // namespace hilltop::drivers::gdb
