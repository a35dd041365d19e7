// SPDX-License-Identifier: Apache-2.0
#include "drivers/protocol/rtt.hpp"

#include <algorithm>

namespace hilltop::drivers::rtt {
namespace {

constexpr std::size_t up_count_at = 16;
constexpr std::size_t down_count_at = 20;
constexpr std::uint32_t read_offset_at = 16;   // RdOff in SEGGER_RTT_BUFFER_UP
constexpr std::uint32_t write_offset_at = 12;  // WrOff in SEGGER_RTT_BUFFER_DOWN

std::uint32_t le32_at(std::string_view bytes, std::size_t at) {
  std::uint32_t out = 0;
  for (std::size_t i = 4; i-- > 0;) out = out << 8 | static_cast<std::uint8_t>(bytes[at + i]);
  return out;
}

Buffer buffer_at(std::string_view bytes, std::size_t at) {
  return {le32_at(bytes, at),      le32_at(bytes, at + 4),  le32_at(bytes, at + 8),
          le32_at(bytes, at + 12), le32_at(bytes, at + 16), le32_at(bytes, at + 20)};
}

bool sound(const Buffer& buffer) {
  return buffer.size == 0 || (buffer.write < buffer.size && buffer.read < buffer.size);
}

}  // namespace

std::optional<unsigned> terminal_of(char c) {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A') + 10;
  return std::nullopt;
}

std::optional<std::size_t> find_control_block(std::string_view memory) {
  const auto at = memory.find(signature);
  if (at == std::string_view::npos) return std::nullopt;
  return at;
}

std::optional<std::size_t> control_block_size(std::string_view head) {
  if (head.size() < head_bytes || !head.starts_with(signature)) return std::nullopt;
  const auto up = le32_at(head, up_count_at);
  const auto down = le32_at(head, down_count_at);
  if (up > most_buffers || down > most_buffers) return std::nullopt;
  return head_bytes + (up + down) * buffer_bytes;
}

std::optional<ControlBlock> parse_control_block(std::string_view block) {
  const auto size = control_block_size(block);
  if (!size || block.size() < *size) return std::nullopt;
  ControlBlock out;
  const auto up = le32_at(block, up_count_at);
  for (auto at = head_bytes; at < *size; at += buffer_bytes) {
    const auto buffer = buffer_at(block, at);
    if (!sound(buffer)) return std::nullopt;
    (out.up.size() < up ? out.up : out.down).push_back(buffer);
  }
  return out;
}

std::vector<Range> unread(const Buffer& up) {
  if (up.write == up.read || up.size == 0) return {};
  if (up.write > up.read) return {{up.address + up.read, up.write - up.read}};
  std::vector<Range> out = {{up.address + up.read, up.size - up.read}};
  if (up.write > 0) out.push_back({up.address, up.write});
  return out;
}

std::uint32_t read_offset_address(std::uint32_t block_address, unsigned index) {
  return block_address + static_cast<std::uint32_t>(head_bytes + index * buffer_bytes) + read_offset_at;
}

std::vector<Range> free_space(const Buffer& down, std::uint32_t count) {
  if (down.size == 0) return {};
  const auto used = down.write >= down.read ? down.write - down.read : down.size - (down.read - down.write);
  count = std::min(count, down.size - 1 - used);
  const auto first = std::min(count, down.size - down.write);
  std::vector<Range> out;
  if (first > 0) out.push_back({down.address + down.write, first});
  if (count > first) out.push_back({down.address, count - first});
  return out;
}

std::uint32_t write_offset_address(std::uint32_t block_address, unsigned index) {
  return block_address + static_cast<std::uint32_t>(head_bytes + index * buffer_bytes) + write_offset_at;
}

}  // namespace hilltop::drivers::rtt
