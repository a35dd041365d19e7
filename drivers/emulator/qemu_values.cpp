// SPDX-License-Identifier: Apache-2.0
#include "drivers/emulator/qemu_values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>

namespace hilltop::drivers {

Error denied(std::string text) { return Error(Errc::denied, Blame::job, std::move(text)); }

const std::string* OptionValue::find(std::string_view key) const {
  const auto found = std::ranges::find(keys, key, [](const auto& pair) { return std::string_view(pair.first); });
  return found == keys.end() ? nullptr : &found->second;
}

std::string OptionValue::to_string() const {
  std::string out = first;
  for (const auto& [key, value] : keys) {
    if (!out.empty()) out += ',';
    out += key + "=" + value;
  }
  return out;
}

Result<OptionValue> read_option_value(std::string_view text) {
  if (text.find(",,") != std::string_view::npos)
    return denied(fmt::format("'{}': an escaped comma is not allowed", text));
  OptionValue out;
  for (bool first = true; first || !text.empty(); first = false) {
    const auto comma = std::min(text.find(','), text.size());
    const auto part = text.substr(0, comma);
    text.remove_prefix(std::min(comma + 1, text.size()));
    const auto equals = part.find('=');
    if (equals != std::string_view::npos) {
      out.keys.emplace_back(part.substr(0, equals), part.substr(equals + 1));
    } else if (first) {
      out.first = part;
    } else {
      out.keys.emplace_back(part, "on");  // "readonly" is short for "readonly=on"
    }
  }
  return out;
}

Result<> only_keys(std::string_view option, const OptionValue& value, std::initializer_list<std::string_view> allowed) {
  for (const auto& [key, text] : value.keys) {
    if (std::ranges::find(allowed, key) == allowed.end())
      return denied(fmt::format("{} ...{}={}: '{}' is not allowed here", option, key, text, key));
  }
  return ok();
}

Result<std::string> file_of_job(std::string_view option, std::string_view path, const std::filesystem::path& job_dir) {
  std::error_code error;
  const auto dir = std::filesystem::canonical(job_dir, error);
  if (error || job_dir.empty()) return denied(fmt::format("{} {}: the job has no files", option, path));
  const auto file = std::filesystem::canonical(std::filesystem::path(path), error);
  const auto outside =
      error ? true : std::mismatch(dir.begin(), dir.end(), file.begin(), file.end()).first != dir.end();
  if (!path.starts_with('/') || outside || !std::filesystem::is_regular_file(file, error))
    return denied(fmt::format("{} {}: only files that the job deployed are allowed", option, path));
  if (file.string().find(',') != std::string::npos)
    return denied(fmt::format("{} {}: a comma in a file name is not allowed", option, path));
  return file.string();
}

Result<std::string> disk_format(std::string_view option, const std::string& path) {
  // magic, version, backing_file_offset (8 bytes at 8), ..., incompatible_features (8 bytes at 72), all big-endian
  std::array<unsigned char, 80> header{};
  std::ifstream in(path, std::ios::binary);
  in.read(reinterpret_cast<char*>(header.data()), header.size());
  const std::array<unsigned char, 4> magic{'Q', 'F', 'I', 0xfb};
  if (!std::equal(magic.begin(), magic.end(), header.begin())) return std::string("raw");
  const bool has_backing_file =
      std::any_of(header.begin() + 8, header.begin() + 16, [](unsigned char c) { return c != 0; });
  const bool version_3 = header[7] >= 3;
  constexpr unsigned char external_data_file = 4;
  if (has_backing_file || (version_3 && (header[79] & external_data_file) != 0))
    return denied(fmt::format("{} {}: a qcow2 image that refers to another file is not allowed", option, path));
  return std::string("qcow2");
}

}  // namespace hilltop::drivers
