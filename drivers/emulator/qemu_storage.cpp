// SPDX-License-Identifier: Apache-2.0
#include "drivers/emulator/qemu_storage.hpp"

#include <algorithm>
#include <cerrno>
#include <fstream>

#include "drivers/flash/image_files.hpp"

namespace hilltop::drivers {
namespace {

constexpr char erased = '\xff';
constexpr std::size_t block_bytes = 1024;

bool is_erased(std::string_view block) { return block.find_first_not_of(erased) == std::string_view::npos; }

/// Adds the blocks of `bytes` that are not erased.
void add_blocks(std::string_view bytes, std::uint64_t address, std::vector<Segment>& out) {
  for (std::size_t at = 0; at < bytes.size(); at += block_bytes) {
    const auto block = bytes.substr(at, block_bytes);
    if (is_erased(block)) continue;
    if (!out.empty() && out.back().end() == address + at) {
      out.back().bytes += block;
    } else {
      out.push_back({address + at, std::string(block)});
    }
  }
}

/// Lays the part of `segment` that lies in `memory` over `bytes`.
void lay_over(const Segment& segment, const MemoryRange& memory, std::string& bytes) {
  const auto from = std::max(segment.address, memory.start);
  const auto to = std::min(segment.end(), memory.end());
  if (from >= to) return;
  if (bytes.size() < to - memory.start) bytes.resize(to - memory.start, erased);
  bytes.replace(from - memory.start, to - from, segment.bytes, from - segment.address, to - from);
}

}  // namespace

Result<> replace_file(const std::filesystem::path& path, std::string_view bytes) {
  const auto beside = path.string() + ".new";
  std::ofstream out(beside, std::ios::binary | std::ios::trunc);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  out.close();
  if (!out) return system_error(beside, errno);
  std::error_code error;
  std::filesystem::rename(beside, path, error);
  if (error) return system_error(path.string(), error.value());
  return ok();
}

QemuStorage::QemuStorage(std::filesystem::path dir, std::vector<MemoryRange> memories, std::filesystem::path boot_image)
    : dir_(std::move(dir)), memories_(std::move(memories)), boot_image_(std::move(boot_image)) {}

std::filesystem::path QemuStorage::file_of(const MemoryRange& memory) const {
  return dir_ / ("memory-" + memory.name + ".bin");
}

Result<Image> QemuStorage::delivered() const {
  if (boot_image_.empty()) return Image{};
  auto image = read_image_file(boot_image_, boot_image_.extension() == ".elf" ? "elf" : "hex");
  auto fit = image ? check_fit({*image}, memories_) : Result<>(image.error());
  if (fit) return image;
  // The lab's file is at fault, not a job's.
  auto error = std::move(fit).error().within("boot_image");
  error.blame = Blame::configuration;
  return error;
}

Result<std::string> QemuStorage::bytes_of(const MemoryRange& memory) const {
  const auto path = file_of(memory);
  std::error_code error;
  if (std::filesystem::exists(path, error)) {
    auto bytes = read_image_bytes(path);
    if (!bytes) return system_error("read " + path.string(), EIO);
    bytes->resize(std::min<std::size_t>(bytes->size(), memory.size));
    return bytes;
  }
  HILLTOP_TRY(const auto image, delivered());
  std::string bytes;
  for (const auto& segment : image.segments) lay_over(segment, memory, bytes);
  return bytes;
}

Result<std::vector<Segment>> QemuStorage::contents() const {
  std::vector<Segment> out;
  for (const auto& memory : memories_) {
    if (memory.kind != MemoryRange::Kind::flash) continue;
    HILLTOP_TRY(const auto bytes, bytes_of(memory));
    add_blocks(bytes, memory.start, out);
  }
  return out;
}

Result<> QemuStorage::keep(const std::vector<Image>& images) const {
  std::error_code error;
  std::filesystem::create_directories(dir_, error);
  for (const auto& memory : memories_) {
    if (memory.kind != MemoryRange::Kind::flash) continue;
    HILLTOP_TRY(auto bytes, bytes_of(memory));
    for (const auto& image : images)
      for (const auto& segment : image.segments) lay_over(segment, memory, bytes);
    HILLTOP_CHECK(replace_file(file_of(memory), bytes));
  }
  return ok();
}

}  // namespace hilltop::drivers
