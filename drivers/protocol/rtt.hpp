// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

/// SEGGER RTT: ring buffers in a target's memory. Source: SEGGER UM08001 (J-Link user guide), chapter "RTT";
/// SEGGER_RTT.h, SEGGER_RTT_CB and SEGGER_RTT_BUFFER_UP, for targets with 32-bit pointers.
namespace hilltop::drivers::rtt {

/// What the control block begins with, zeros included: probes search the target's memory for it.
inline constexpr std::string_view signature{"SEGGER RTT\0\0\0\0\0\0", 16};
inline constexpr std::size_t head_bytes = 24;    ///< signature and two counts
inline constexpr std::size_t buffer_bytes = 24;  ///< of one buffer's description
inline constexpr unsigned most_buffers = 64;     ///< more in one direction is no control block

/// In up-channel 0: this byte and one of 0-9, A-F switch to that terminal. Source: SEGGER_RTT_SetTerminal().
inline constexpr char switch_terminal = '\xff';
/// 0 to 15, nothing for other bytes.
[[nodiscard]] std::optional<unsigned> terminal_of(char c);

struct Buffer {
  std::uint32_t name_address = 0;
  std::uint32_t address = 0;
  std::uint32_t size = 0;
  std::uint32_t write = 0;  ///< where the next byte is written
  std::uint32_t read = 0;   ///< where the next byte is read
  std::uint32_t flags = 0;  ///< 0 skips what does not fit, 1 trims it, 2 blocks
};
struct ControlBlock {
  std::vector<Buffer> up;    ///< from the target
  std::vector<Buffer> down;  ///< to it
};

/// Where a control block begins in `memory`.
[[nodiscard]] std::optional<std::size_t> find_control_block(std::string_view memory);
/// Its size by the counts in its head (head_bytes of it). Nothing when that is no control block.
[[nodiscard]] std::optional<std::size_t> control_block_size(std::string_view head);
/// The whole block, little-endian. Nothing when bytes are missing, or a buffer's offsets lie outside of it.
[[nodiscard]] std::optional<ControlBlock> parse_control_block(std::string_view block);

/// A stretch of the target's memory.
struct Range {
  std::uint32_t address = 0, size = 0;
  bool operator==(const Range&) const = default;
};
/// What is to be read of an up-buffer, oldest bytes first: none, one or two stretches.
[[nodiscard]] std::vector<Range> unread(const Buffer& up);
/// Where an up-buffer's read offset stands in the target's memory: after reading, its `write` is written there.
/// `index`: of the buffer, in a block at `block_address`.
[[nodiscard]] std::uint32_t read_offset_address(std::uint32_t block_address, unsigned index);

/// Where `count` bytes (at most) can be laid into a down-buffer, in order: none, one or two stretches. One byte of a
/// ring stays empty, so that full is not empty.
[[nodiscard]] std::vector<Range> free_space(const Buffer& down, std::uint32_t count);
/// Where a down-buffer's write offset stands: after writing, the next place is written there. `index`: of the buffer
/// among all, the up-buffers first.
[[nodiscard]] std::uint32_t write_offset_address(std::uint32_t block_address, unsigned index);

}  // namespace hilltop::drivers::rtt
