// SPDX-License-Identifier: Apache-2.0
#include "jobs/action/image_format.hpp"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <string>

#include "drivers/protocol/srec.hpp"
#include "drivers/protocol/uf2.hpp"

namespace hilltop::jobs {
namespace {

constexpr std::string_view elf_magic{
    "\x7f"
    "ELF",
    4};
constexpr std::size_t smallest_record = 11;  // ":00000001FF"

bool is_hex_record(std::string_view text) {
  if (text.size() < smallest_record || text[0] != ':') return false;
  return std::ranges::all_of(text.substr(1, smallest_record - 1),
                             [](char c) { return std::isxdigit(static_cast<unsigned char>(c)) != 0; });
}

}  // namespace

Result<drivers::ImageFormat> image_format_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Error(Errc::io, Blame::infrastructure, "can't read " + path.string());
  std::string head(64, '\0');
  file.read(head.data(), static_cast<std::streamsize>(head.size()));
  head.resize(static_cast<std::size_t>(file.gcount()));
  if (head.empty()) return Error(Errc::bad_input, Blame::job, "the image " + path.filename().string() + " is empty");
  if (head.starts_with(elf_magic)) return drivers::ImageFormat::elf;
  const auto first = head.find_first_not_of(" \t\r\n");
  if (first != std::string::npos && is_hex_record(std::string_view(head).substr(first)))
    return drivers::ImageFormat::intel_hex;
  if (drivers::is_uf2(head)) return drivers::ImageFormat::uf2;
  if (drivers::is_srec(head)) return drivers::ImageFormat::srec;
  return drivers::ImageFormat::raw;
}

}  // namespace hilltop::jobs
