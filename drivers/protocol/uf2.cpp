// SPDX-License-Identifier: Apache-2.0
#include "drivers/protocol/uf2.hpp"

#include <fmt/format.h>

#include <map>
#include <vector>

namespace hilltop::drivers {
namespace {

constexpr std::size_t block_bytes = 512;
constexpr std::size_t data_at = 32;
constexpr std::uint32_t most_payload = 476;
constexpr std::uint32_t first_magic = 0x0A324655;  // "UF2\n"
constexpr std::uint32_t second_magic = 0x9E5D5157;
constexpr std::uint32_t last_magic = 0x0AB16F30;

enum Flag : std::uint32_t { not_main_flash = 0x1, file_container = 0x1000, has_family = 0x2000 };

Error wrong(std::string text) { return Error(Errc::bad_input, Blame::job, std::move(text)); }

std::uint32_t little_endian(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 4; i-- > 0;) value = value << 8 | static_cast<std::uint8_t>(bytes[at + i]);
  return value;
}

struct Block {
  std::uint32_t flags = 0;
  std::uint32_t address = 0;
  std::uint32_t number = 0;
  std::uint32_t count = 0;
  std::optional<std::uint32_t> family;
  std::string_view data;
};

Result<Block> read_block(std::string_view bytes) {
  if (little_endian(bytes, 0) != first_magic || little_endian(bytes, 4) != second_magic ||
      little_endian(bytes, block_bytes - 4) != last_magic)
    return wrong("its magic numbers are missing");
  Block block;
  block.flags = little_endian(bytes, 8);
  block.address = little_endian(bytes, 12);
  const auto length = little_endian(bytes, 16);
  block.number = little_endian(bytes, 20);
  block.count = little_endian(bytes, 24);
  if ((block.flags & has_family) != 0) block.family = little_endian(bytes, 28);
  if ((block.flags & file_container) != 0) return wrong("it holds files, not an image");
  if (length > most_payload) return wrong(fmt::format("it claims {} bytes, and {} is the most", length, most_payload));
  if (block.number >= block.count) return wrong(fmt::format("it is number {} of {}", block.number, block.count));
  block.data = bytes.substr(data_at, length);
  return block;
}

/// The blocks of one family: an image of its own, numbered by itself.
struct Part {
  Image image;
  std::uint32_t count = 0;
  std::vector<bool> seen;
};

Result<> add(Part& part, const Block& block, std::size_t most_blocks) {
  if (block.count > most_blocks)
    return wrong(fmt::format("it is one of {}, and the file has {}: the file is cut off", block.count, most_blocks));
  if (part.seen.empty()) {
    part.count = block.count;
    part.seen.resize(block.count);
  }
  if (block.count != part.count) return wrong(fmt::format("it is one of {}, others of {}", block.count, part.count));
  if (part.seen[block.number]) return wrong(fmt::format("number {} is there twice", block.number));
  part.seen[block.number] = true;
  if ((block.flags & not_main_flash) == 0) part.image.segments.push_back({block.address, std::string(block.data)});
  return ok();
}

using Parts = std::map<std::optional<std::uint32_t>, Part>;

Result<Parts> read_parts(std::string_view bytes) {
  Parts parts;
  const auto blocks = bytes.size() / block_bytes;
  for (std::size_t i = 0; i < blocks; ++i) {
    const auto at_block = [i](Error error) { return std::move(error).within(fmt::format("block {}", i)); };
    const auto block = read_block(bytes.substr(i * block_bytes, block_bytes));
    if (!block) return at_block(block.error());
    if (auto added = add(parts[block->family], *block, blocks); !added) return at_block(std::move(added).error());
  }
  for (const auto& [family, part] : parts)
    for (std::uint32_t i = 0; i < part.count; ++i)
      if (!part.seen[i]) return wrong(fmt::format("number {} of {} blocks is missing", i, part.count));
  return parts;
}

std::string families_of(const Parts& parts) {
  std::string out;
  for (const auto& [family, part] : parts) {
    out += out.empty() ? "" : ", ";
    out += family ? fmt::format("{:#010x}", *family) : "none";
  }
  return out;
}

Result<Image> choose(Parts parts, std::optional<std::uint32_t> family) {
  if (family && !parts.contains(family))
    return Error(Errc::not_found, Blame::job,
                 fmt::format("nothing in it is for family {:#010x}; it is for {}", *family, families_of(parts)));
  if (!family && parts.size() > 1)
    return wrong("it is for several families, and one must be named: " + families_of(parts));
  return std::move(family ? parts.at(family) : parts.begin()->second).image;
}

}  // namespace

bool is_uf2(std::string_view head) {
  return head.size() >= 8 && little_endian(head, 0) == first_magic && little_endian(head, 4) == second_magic;
}

Result<Image> read_uf2(std::string_view bytes, std::string name, std::optional<std::uint32_t> family) {
  if (bytes.empty() || bytes.size() % block_bytes != 0)
    return wrong(fmt::format("{}: {} bytes are no whole number of {}-byte blocks", name, bytes.size(), block_bytes));
  auto parts = read_parts(bytes);
  if (!parts) return std::move(parts).error().within(name);
  auto image = choose(*std::move(parts), family);
  if (!image) return std::move(image).error().within(name);
  image->name = std::move(name);
  return arranged(*std::move(image));
}

}  // namespace hilltop::drivers
