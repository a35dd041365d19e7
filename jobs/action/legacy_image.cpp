// SPDX-License-Identifier: Apache-2.0
#include "jobs/action/legacy_image.hpp"

#include <chrono>
#include <fstream>
#include <system_error>
#include <vector>

namespace hilltop::jobs {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t magic = 0x27051956;
constexpr char os_linux = 5, type_ramdisk = 3, type_script = 6, uncompressed = 0;
constexpr std::size_t header_crc_at = 4, name_at = 32, name_bytes = 32;
constexpr std::size_t block_bytes = 1 << 20;

/// CRC-32 as in IEEE 802.3, which U-Boot's crc32() is.
constexpr auto crc_table = [] {
  std::array<std::uint32_t, 256> table{};
  for (std::uint32_t i = 0; i < table.size(); ++i) {
    std::uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value & 1U) != 0 ? 0xedb88320U ^ (value >> 1U) : value >> 1U;
    table[i] = value;
  }
  return table;
}();

std::uint32_t crc32(std::string_view bytes, std::uint32_t before = 0) {
  std::uint32_t crc = ~before;
  for (const char c : bytes) crc = crc_table[(crc ^ static_cast<unsigned char>(c)) & 0xffU] ^ (crc >> 8U);
  return ~crc;
}

void put(std::array<char, legacy_header_bytes>& header, std::size_t at, std::uint32_t value) {
  for (int i = 0; i < 4; ++i) header[at + static_cast<std::size_t>(i)] = static_cast<char>(value >> (24 - 8 * i));
}

std::uint32_t get(std::string_view bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value = value << 8U | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

Error io_error(const char* verb, const fs::path& file) {
  return {Errc::io, Blame::infrastructure, std::string("can't ") + verb + " " + file.string()};
}

Result<std::uint32_t> crc_of(const fs::path& file, Deadline deadline) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return io_error("read", file);
  std::vector<char> block(block_bytes);
  std::uint32_t crc = 0;
  while (in.read(block.data(), static_cast<std::streamsize>(block.size())) || in.gcount() > 0) {
    if (deadline.passed()) return Error(Errc::timeout, Blame::infrastructure, "adding U-Boot's header took too long");
    crc = crc32({block.data(), static_cast<std::size_t>(in.gcount())}, crc);
  }
  return crc;
}

/// Copies `from` behind what `out` has.
Result<> copy_rest(std::ifstream& in, std::ofstream& out, const fs::path& to, Deadline deadline) {
  std::vector<char> block(block_bytes);
  while (in.read(block.data(), static_cast<std::streamsize>(block.size())) || in.gcount() > 0) {
    if (deadline.passed()) return Error(Errc::timeout, Blame::infrastructure, "copying a ramdisk took too long");
    if (!out.write(block.data(), in.gcount())) return io_error("write", to);
  }
  out.close();
  return out ? ok() : Result<>(io_error("write", to));
}

std::array<char, legacy_header_bytes> header_of(char type, std::uint32_t size, std::uint32_t data_crc, LegacyArch arch,
                                                std::string_view name) {
  std::array<char, legacy_header_bytes> header{};
  put(header, 0, magic);
  put(header, 12, size);  // time 8, load 16 and entry 20 stay 0: a ramdisk has no use for them
  put(header, 24, data_crc);
  header[28] = os_linux;
  header[29] = static_cast<char>(arch);
  header[30] = type;
  header[31] = uncompressed;  // whatever the kernel unpacks is its own affair
  name.copy(&header[name_at], name_bytes);
  put(header, header_crc_at, crc32({header.data(), header.size()}));
  return header;
}

}  // namespace

std::array<char, legacy_header_bytes> legacy_ramdisk_header(std::uint32_t size, std::uint32_t data_crc, LegacyArch arch,
                                                            std::string_view name) {
  return header_of(type_ramdisk, size, data_crc, arch, name);
}

std::string legacy_script(std::string_view text, std::string_view name) {
  std::array<char, legacy_header_bytes> sizes{};  // of the scripts in it: one, and a 0 that ends the list
  put(sizes, 0, static_cast<std::uint32_t>(text.size()));
  const auto data = std::string(sizes.data(), 8) + std::string(text);
  const auto header =
      header_of(type_script, static_cast<std::uint32_t>(data.size()), crc32(data), LegacyArch::arm, name);
  return std::string(header.data(), header.size()) + data;
}

bool is_legacy_header(std::string_view begin) {
  if (begin.size() < legacy_header_bytes || get(begin, 0) != magic) return false;
  std::string header(begin.substr(0, legacy_header_bytes));
  const auto said = get(header, header_crc_at);
  header.replace(header_crc_at, 4, 4, '\0');
  return crc32(header) == said;
}

Result<> add_legacy_header(const fs::path& from, const fs::path& to, LegacyArch arch, Deadline deadline) {
  std::error_code wrong;
  const auto size = fs::file_size(from, wrong);
  if (wrong) return io_error("read", from);
  if (size > UINT32_MAX) return Error(Errc::bad_input, Blame::job, "a ramdisk with U-Boot's header is under 4 GiB");
  HILLTOP_TRY(const auto crc, crc_of(from, deadline));
  const auto header = legacy_ramdisk_header(static_cast<std::uint32_t>(size), crc, arch, "ramdisk");
  std::ifstream in(from, std::ios::binary);
  std::ofstream out(to, std::ios::binary | std::ios::trunc);
  if (!in) return io_error("read", from);
  if (!out.write(header.data(), header.size())) return io_error("write", to);
  return copy_rest(in, out, to, deadline);
}

Result<bool> strip_legacy_header(const fs::path& file, Deadline deadline) {
  std::array<char, legacy_header_bytes> begin{};
  std::ifstream in(file, std::ios::binary);
  if (!in) return io_error("read", file);
  in.read(begin.data(), begin.size());
  if (in.gcount() != static_cast<std::streamsize>(begin.size()) || !is_legacy_header({begin.data(), begin.size()}))
    return false;
  auto beside = file;
  beside += ".bare";
  std::ofstream out(beside, std::ios::binary | std::ios::trunc);
  if (!out) return io_error("write", beside);
  HILLTOP_CHECK(copy_rest(in, out, beside, deadline));
  std::error_code wrong;
  fs::rename(beside, file, wrong);
  if (wrong) return io_error("replace", file);
  return true;
}

}  // namespace hilltop::jobs
