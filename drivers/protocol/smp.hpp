// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// SMP, the protocol of mcumgr, as it is sent over consoles: lines of a mark of two bytes, base64 and a line feed; the
/// packet has its length in front and a CRC16 behind. Source: Zephyr documentation, "SMP Protocol Specification" and
/// "SMP over serial (console)"; subsys/mgmt/mcumgr/transport/src/serial_util.c.
namespace hilltop::drivers::smp {

inline constexpr std::string_view first_mark = "\x06\x09";
inline constexpr std::string_view next_mark = "\x04\x14";
inline constexpr std::size_t longest_line = 127;  ///< MCUMGR_SERIAL_MAX_FRAME, what devices send

/// The lines of a packet.
[[nodiscard]] std::vector<std::string> lines_of(std::string_view packet, std::size_t line_bytes = longest_line);

/// Puts a packet together from its lines.
class Assembler {
 public:
  enum class State : std::uint8_t {
    refused,  ///< not a line of a packet (no base64, out of order, more than announced, a CRC that differs)
    part,     ///< more lines are to come
    whole,    ///< packet() is complete
  };
  explicit Assembler(std::size_t most_bytes) : most_bytes_(most_bytes) {}
  /// A line without its line end.
  State add(std::string_view line);
  /// What the last line decoded to.
  [[nodiscard]] std::string_view fragment() const { return fragment_; }
  /// Without length and CRC. Lifetime: until the next add().
  [[nodiscard]] std::string_view packet() const;
  void clear() { body_.clear(); }

 private:
  State refuse();

  std::size_t most_bytes_;
  std::string body_, fragment_;
};

/// What a packet begins with. Source: SMP Protocol Specification, "Frame: The header".
struct Header {
  std::uint8_t op = 0;  ///< 0 read, 1 read response, 2 write, 3 write response
  std::uint8_t version = 0;
  std::uint8_t flags = 0;
  std::uint16_t length = 0;  ///< of the CBOR behind it
  std::uint16_t group = 0;
  std::uint8_t sequence = 0;
  std::uint8_t command = 0;
};
[[nodiscard]] std::optional<Header> header_of(std::string_view packet);

}  // namespace hilltop::drivers::smp
