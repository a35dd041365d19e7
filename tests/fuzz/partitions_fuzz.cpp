// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "drivers/protocol/partitions.hpp"

namespace {

constexpr std::size_t sector = 512;

std::uint32_t crc32(const std::string& bytes) {
  std::uint32_t crc = ~0u;
  for (const char c : bytes) {
    crc ^= static_cast<std::uint8_t>(c);
    for (int i = 0; i < 8; ++i) crc = crc >> 1 ^ (0xedb88320u & (0u - (crc & 1)));
  }
  return ~crc;
}

std::uint64_t number_at(const std::string& bytes, std::size_t at, std::size_t n) {
  std::uint64_t value = 0;
  for (std::size_t i = n; i-- > 0;) value = value << 8 | static_cast<std::uint8_t>(bytes[at + i]);
  return value;
}

void put(std::string& bytes, std::size_t at, std::uint32_t value) {
  for (std::size_t i = 0; i < 4; ++i) bytes[at + i] = static_cast<char>(value >> 8 * i);
}

/// Makes the check sums of a GPT right, which chance would never do: what stands behind them is read too.
std::string mended(std::string head) {
  if (head.size() < 2 * sector) return head;
  const auto entries_at = number_at(head, sector + 72, 8) * sector;
  const auto entries = number_at(head, sector + 80, 4) * number_at(head, sector + 84, 4);
  if (entries_at < head.size() && entries <= head.size() - entries_at)
    put(head, sector + 88, crc32(head.substr(entries_at, entries)));
  const auto header_bytes = number_at(head, sector + 12, 4);
  if (header_bytes < 92 || header_bytes > sector) return head;
  put(head, sector + 16, 0);
  put(head, sector + 16, crc32(head.substr(sector, header_bytes)));
  return head;
}

/// Partitions lie within the disk, and apart from each other.
void check(const std::string& head, std::uint64_t disk_bytes) {
  auto found = hilltop::drivers::read_partitions(head, disk_bytes);
  if (!found) {
    if (found.error().text.empty()) std::abort();
    return;
  }
  std::ranges::sort(*found, {}, &hilltop::drivers::Partition::start);
  std::uint64_t free_from = 0;  // an ISO image may be its own first partition
  for (const auto& one : *found) {
    if (one.number < 1 || one.size == 0 || one.start < free_from) std::abort();
    if (one.start > disk_bytes || one.size > disk_bytes - one.start) std::abort();
    free_from = one.start + one.size;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string head(reinterpret_cast<const char*>(data), size - 1);
  const auto disk_bytes = static_cast<std::uint64_t>(head.size()) << data[size - 1] % 40;
  check(head, disk_bytes);
  check(mended(head), disk_bytes);
  return 0;
}
