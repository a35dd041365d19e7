// SPDX-License-Identifier: Apache-2.0
#include "drivers/protocol/partitions.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace hilltop::drivers {
namespace {

constexpr std::uint64_t sector = 512;
constexpr std::size_t table_at = 446;
constexpr std::size_t entry_bytes = 16;
constexpr std::uint8_t protective_type = 0xee;

Error damaged(std::string text) {
  return Error(Errc::bad_input, Blame::job, "the partition table is damaged: " + std::move(text));
}

std::uint8_t byte_at(std::string_view bytes, std::size_t at) { return static_cast<std::uint8_t>(bytes[at]); }

std::uint64_t little_endian(std::string_view bytes, std::size_t at, std::size_t count) {
  std::uint64_t value = 0;
  for (std::size_t i = count; i-- > 0;) value = value << 8 | byte_at(bytes, at + i);
  return value;
}

/// CRC-32 as GPT has it: that of IEEE 802.3.
std::uint32_t crc32(std::string_view bytes) {
  constexpr std::uint32_t polynomial = 0xedb88320;
  std::uint32_t crc = ~0u;
  for (const char c : bytes) {
    crc ^= static_cast<std::uint8_t>(c);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ ((crc & 1) != 0 ? polynomial : 0);
  }
  return ~crc;
}

std::string guid(std::string_view bytes) {
  std::string out;
  // The first three fields are little-endian numbers, the rest is bytes.
  for (const int at : {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15}) {
    if (out.size() == 8 || out.size() == 13 || out.size() == 18 || out.size() == 23) out += '-';
    out += fmt::format("{:02X}", byte_at(bytes, static_cast<std::size_t>(at)));
  }
  return out;
}

std::vector<Partition> read_mbr(std::string_view head) {
  std::vector<Partition> out;
  for (int i = 0; i < 4; ++i) {
    const auto entry = head.substr(table_at + static_cast<std::size_t>(i) * entry_bytes, entry_bytes);
    const auto type = byte_at(entry, 4);
    const auto sectors = little_endian(entry, 12, 4);
    if (type == 0 || sectors == 0) continue;
    out.push_back({i + 1, little_endian(entry, 8, 4) * sector, sectors * sector, fmt::format("{:02x}", type), ""});
  }
  return out;
}

/// A FAT or NTFS file system without a partition table has the same signature, and program code where the table is.
bool is_mbr(std::string_view head) {
  if (head.size() < sector || byte_at(head, 510) != 0x55 || byte_at(head, 511) != 0xaa) return false;
  for (std::size_t i = 0; i < 4; ++i) {
    const auto status = byte_at(head, table_at + i * entry_bytes);
    if (status != 0 && status != 0x80) return false;
  }
  return true;
}

/// `first_usable`: before it lies the table itself.
Result<Partition> read_gpt_entry(std::string_view entry, int number, std::uint64_t first_usable,
                                 std::uint64_t disk_sectors) {
  Partition out;
  out.number = number;
  const auto first = little_endian(entry, 32, 8);
  const auto last = little_endian(entry, 40, 8);
  if (first > last || last >= disk_sectors)
    return damaged(
        fmt::format("partition {} has the sectors {} to {}, and the disk {}", number, first, last, disk_sectors));
  if (first < first_usable) return damaged(fmt::format("partition {} overlaps the table", number));
  out.start = first * sector;
  out.size = (last - first + 1) * sector;
  out.type = guid(entry.substr(0, 16));
  constexpr std::size_t name_at = 56;
  constexpr std::size_t name_end = 128;
  for (std::size_t at = name_at; at < name_end; at += 2) {
    const auto c = little_endian(entry, at, 2);
    if (c == 0) break;
    if (c >= 0x20 && c < 0x7f) out.name += static_cast<char>(c);
  }
  return out;
}

Result<std::vector<Partition>> read_gpt(std::string_view head, std::uint64_t disk_sectors) {
  if (head.size() < 2 * sector || head.substr(sector, 8) != "EFI PART") return damaged("the GPT is missing");
  const auto header_bytes = little_endian(head, sector + 12, 4);
  if (header_bytes < 92 || header_bytes > sector) return damaged("the GPT's header has no valid length");
  std::string header(head.substr(sector, header_bytes));
  const auto header_crc = little_endian(header, 16, 4);
  std::fill_n(header.begin() + 16, 4, '\0');
  if (crc32(header) != header_crc) return damaged("the check sum of the GPT's header does not agree");
  const auto first_usable = little_endian(header, 40, 8);
  const auto at = little_endian(header, 72, 8);
  const auto count = little_endian(header, 80, 4);
  const auto size = little_endian(header, 84, 4);
  constexpr std::uint64_t most_entries = 1024;
  constexpr std::uint64_t largest_entry = 4096;
  if (size < 128 || size > largest_entry || count > most_entries || at < 2 || at >= disk_sectors)
    return damaged("the GPT's entries have no valid place");
  if (at > head.size() / sector || count * size > head.size() - at * sector)
    return damaged("the GPT's entries are not at the beginning of the disk");
  const auto entries = head.substr(at * sector, count * size);
  if (crc32(entries) != little_endian(header, 88, 4))
    return damaged("the check sum of the GPT's entries does not agree");
  std::vector<Partition> out;
  for (std::uint64_t i = 0; i < count; ++i) {
    const auto entry = entries.substr(i * size, size);
    if (entry.substr(0, 16) == std::string_view("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16)) continue;
    HILLTOP_TRY(auto partition, read_gpt_entry(entry, static_cast<int>(i) + 1, first_usable, disk_sectors));
    out.push_back(std::move(partition));
  }
  return out;
}

Result<> check_places(std::vector<Partition> partitions, std::uint64_t disk_bytes) {
  std::ranges::sort(partitions, {}, &Partition::start);
  for (std::size_t i = 0; i < partitions.size(); ++i) {
    const auto& one = partitions[i];
    if (one.start > disk_bytes || one.size > disk_bytes - one.start)
      return damaged(fmt::format("partition {} ends beyond the disk", one.number));
    if (i > 0 && one.start < partitions[i - 1].start + partitions[i - 1].size)
      return damaged(fmt::format("the partitions {} and {} overlap", partitions[i - 1].number, one.number));
  }
  return ok();
}

}  // namespace

Result<std::vector<Partition>> read_partitions(std::string_view head, std::uint64_t disk_bytes) {
  if (!is_mbr(head)) return std::vector<Partition>{};
  const bool protective = byte_at(head, table_at + 4) == protective_type;
  auto partitions = read_mbr(head);
  if (protective) {
    HILLTOP_TRY(partitions, read_gpt(head, disk_bytes / sector));
  }
  HILLTOP_CHECK(check_places(partitions, disk_bytes));
  return partitions;
}

}  // namespace hilltop::drivers
