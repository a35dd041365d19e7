// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/core/result.hpp"
#include "drivers/protocol/adi.hpp"

/// CMSIS-DAP, what a probe is told and what it answers: the same for version 1 (HID reports) and version 2 (bulk).
/// Shape: [command:1][arguments]; answers [command:1][payload]; numbers are little-endian.
/// Source: Arm, CMSIS-DAP 2.1 firmware documentation, "CMSIS-DAP Commands".
namespace hilltop::drivers::cmsis_dap {

/// DAP_Info.
enum class Info : std::uint8_t {
  vendor = 0x01,
  product = 0x02,
  serial = 0x03,
  firmware = 0x04,
  target_vendor = 0x05,
  target_name = 0x06,
  capabilities = 0xf0,  ///< bit 0: SWD
  packet_count = 0xfe,
  packet_size = 0xff
};

/// Pins of DAP_SWJ_Pins.
inline constexpr std::uint8_t pin_reset = 0x80;

[[nodiscard]] std::string info(Info id);
[[nodiscard]] std::string connect_swd();
[[nodiscard]] std::string disconnect();
[[nodiscard]] std::string clock(std::uint32_t hertz);
/// How often a WAIT is tried again by the probe.
[[nodiscard]] std::string transfer_configure(std::uint8_t idle_cycles, std::uint16_t wait_retries);
[[nodiscard]] std::string swd_configure();  ///< one turnaround cycle, no data phase after WAIT and FAULT
[[nodiscard]] std::string sequence(const adi::Bits& bits);
/// Drives the pins of `select` as `output` says; waits until they are so, at most `wait_us`.
[[nodiscard]] std::string pins(std::uint8_t output, std::uint8_t select, std::uint32_t wait_us);
[[nodiscard]] std::string write_abort(std::uint32_t word);

/// One register access. `value`: it is a write.
struct Access {
  enum class Port : std::uint8_t { debug = 0, memory = 1 };
  Port port = Port::debug;
  std::uint8_t address = 0;  ///< bits 3 and 2 count
  std::optional<std::uint32_t> value = {};
};
[[nodiscard]] std::string transfer(const std::vector<Access>& accesses);
/// Reads or writes one register many times.
[[nodiscard]] std::string read_block(Access access, std::uint16_t count);
[[nodiscard]] std::string write_block(Access access, const std::vector<std::uint32_t>& words);
/// How many words fit into packets of a size.
[[nodiscard]] constexpr std::uint32_t block_words_read(std::size_t packet_bytes) {
  return static_cast<std::uint32_t>((packet_bytes - 4) / 4);
}
[[nodiscard]] constexpr std::uint32_t block_words_written(std::size_t packet_bytes) {
  return static_cast<std::uint32_t>((packet_bytes - 5) / 4);
}
/// How many reads fit into one DAP_Transfer beside `writes`.
[[nodiscard]] std::uint32_t transfer_reads(std::size_t packet_bytes, std::uint32_t writes);

/// The payload of the answer to `command`. Errors: protocol (infrastructure) for the answer to another one; unsupported
/// (infrastructure) when the probe does not know the command (it answers 0xff).
Result<std::string> answer_to(std::string_view command, std::string_view reply);
/// A payload that is one status byte, 0 for success. Errors: unavailable (infrastructure).
Result<> check_status(std::string_view payload, std::string_view what);
/// A DAP_Info payload [length:1][bytes]: a text without its final zero; numbers. Errors: protocol (infrastructure).
Result<std::string> info_text(std::string_view payload);
Result<std::uint32_t> info_number(std::string_view payload);

/// What became of register accesses.
struct Transferred {
  enum class Ack : std::uint8_t { ok, wait, fault, none, protocol_error };
  unsigned done = 0;
  Ack ack = Ack::none;
  std::vector<std::uint32_t> words = {};  ///< of the reads
};
[[nodiscard]] std::string_view to_string(Transferred::Ack ack) noexcept;
/// Payloads of DAP_Transfer and DAP_TransferBlock. Errors: protocol (infrastructure) when they are too short.
Result<Transferred> transferred(std::string_view payload);
Result<Transferred> block_transferred(std::string_view payload);

}  // namespace hilltop::drivers::cmsis_dap
