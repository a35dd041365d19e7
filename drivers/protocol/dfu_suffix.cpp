// SPDX-License-Identifier: Apache-2.0
#include "drivers/protocol/dfu_suffix.hpp"

#include <fmt/format.h>

#include <array>

#include "drivers/protocol/byte_order.hpp"

namespace hilltop::drivers::dfu {
namespace {

constexpr std::size_t suffix_bytes = 16;
constexpr std::string_view signature = "UFD";

constexpr auto crc_table = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    auto value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? 0xedb88320u : 0);
    table[i] = value;
  }
  return table;
}();

std::uint32_t crc_of(std::string_view bytes) {
  std::uint32_t crc = 0xffffffff;
  for (const char c : bytes) crc = crc_table[(crc ^ static_cast<std::uint8_t>(c)) & 0xff] ^ (crc >> 8);
  return crc;
}

}  // namespace

std::string Suffix::title() const {
  const auto shown = [](std::uint16_t id) { return id == 0xffff ? std::string("any") : fmt::format("{:04x}", id); };
  return shown(vendor) + ":" + shown(product);
}

Result<std::optional<Suffix>> read_suffix(std::string_view file) {
  if (file.size() < suffix_bytes) return std::optional<Suffix>();
  const auto bytes = file.substr(file.size() - suffix_bytes);
  if (bytes.substr(8, 3) != signature) return std::optional<Suffix>();
  const auto stored = le32_at(bytes, 12);
  const auto computed = crc_of(file.substr(0, file.size() - 4));
  if (stored != computed)
    return Error(
        Errc::bad_input, Blame::job,
        fmt::format("the file is damaged: its DFU suffix says CRC {:#010x}, and it has {:#010x}", stored, computed));
  Suffix out{le16_at(bytes, 0), le16_at(bytes, 2), le16_at(bytes, 4), le16_at(bytes, 6),
             static_cast<std::uint8_t>(bytes[11])};
  if (out.length < suffix_bytes || out.length > file.size())
    return Error(Errc::bad_input, Blame::job,
                 fmt::format("the file's DFU suffix says that it has {} bytes", out.length));
  return std::optional<Suffix>(out);
}

std::string with_suffix(std::string bytes, const Suffix& suffix) {
  for (const auto value : {suffix.device, suffix.product, suffix.vendor, suffix.format}) append_le16(bytes, value);
  bytes += signature;
  bytes += static_cast<char>(suffix_bytes);
  append_le32(bytes, crc_of(bytes));
  return bytes;
}

}  // namespace hilltop::drivers::dfu
