// SPDX-License-Identifier: Apache-2.0
#include "drivers/protocol/elf.hpp"

#include <fmt/format.h>

namespace hilltop::drivers {
namespace {

// Source: gABI, figures 4-3 to 4-6 and 5-1 to 5-3.
constexpr std::uint8_t class_32 = 1;
constexpr std::uint8_t class_64 = 2;
constexpr std::uint8_t little_endian = 1;
constexpr std::uint16_t type_executable = 2;
constexpr std::uint16_t type_shared = 3;  // position independent executables
constexpr std::uint32_t segment_load = 1;

/// Where the fields stand, for one of the two classes.
struct Layout {
  std::size_t header_bytes, entry, phoff, phentsize, phnum;               // in the file header
  std::size_t program_bytes, p_offset, p_paddr, p_filesz, address_bytes;  // in a program header
};
constexpr Layout layout_32{52, 24, 28, 42, 44, 32, 4, 12, 16, 4};
constexpr Layout layout_64{64, 24, 32, 54, 56, 56, 8, 24, 32, 8};

class Reader {
 public:
  Reader(std::string_view bytes, const Layout& layout) : bytes_(bytes), layout_(layout) {}

  /// `count` bytes, little-endian. The caller has checked that they are there.
  [[nodiscard]] std::uint64_t number(std::size_t at, std::size_t count) const {
    std::uint64_t value = 0;
    for (std::size_t i = count; i-- > 0;) value = value << 8 | static_cast<std::uint8_t>(bytes_[at + i]);
    return value;
  }
  [[nodiscard]] std::uint64_t address(std::size_t at) const { return number(at, layout_.address_bytes); }
  [[nodiscard]] bool holds(std::uint64_t at, std::uint64_t count) const {
    return at <= bytes_.size() && count <= bytes_.size() - at;
  }

  Result<Image> image(std::string name) const {
    Image image;
    image.name = std::move(name);
    image.entry = address(layout_.entry);
    const auto table = address(layout_.phoff);
    const auto entry_bytes = number(layout_.phentsize, 2);
    const auto count = number(layout_.phnum, 2);
    if (count == 0) return wrong("it has no program headers: an object file, not a linked program?");
    if (entry_bytes < layout_.program_bytes) return wrong("its program headers are too short");
    if (!holds(table, entry_bytes * count))
      return wrong("its program headers are past the end of the file: is it cut off?");
    for (std::uint64_t i = 0; i < count; ++i)
      HILLTOP_CHECK(take_segment(static_cast<std::size_t>(table + i * entry_bytes), image));
    return arranged(std::move(image));
  }

 private:
  static Error wrong(std::string text) { return Error(Errc::bad_input, Blame::job, std::move(text)); }

  Result<> take_segment(std::size_t header, Image& image) const {
    if (number(header, 4) != segment_load) return ok();
    const auto offset = address(header + layout_.p_offset);
    const auto size = address(header + layout_.p_filesz);
    if (size == 0) return ok();  // only zeroed memory: nothing is written
    if (!holds(offset, size)) return wrong("a segment is past the end of the file: is it cut off?");
    // Segments may share file bytes, so that a small file could ask for much.
    if (image.size() + size > largest_image_bytes) return wrong("it loads more than 256 MiB");
    image.segments.push_back({address(header + layout_.p_paddr), std::string(bytes_.substr(offset, size))});
    return ok();
  }

  std::string_view bytes_;
  const Layout& layout_;
};

Result<Image> read(std::string_view bytes, const std::string& name) {
  const auto wrong = [](std::string text) { return Error(Errc::bad_input, Blame::job, std::move(text)); };
  if (!bytes.starts_with("\x7f"
                         "ELF") ||
      bytes.size() < 20)
    return wrong("this is no ELF file");
  const auto elf_class = static_cast<std::uint8_t>(bytes[4]);
  if (elf_class != class_32 && elf_class != class_64) return wrong("it is neither a 32-bit nor a 64-bit ELF file");
  if (static_cast<std::uint8_t>(bytes[5]) != little_endian) return wrong("big-endian ELF files are not supported");
  const auto& layout = elf_class == class_32 ? layout_32 : layout_64;
  if (bytes.size() < layout.header_bytes) return wrong("the file is cut off in its header");
  const Reader reader(bytes, layout);
  const auto type = reader.number(16, 2);
  if (type != type_executable && type != type_shared)
    return wrong(fmt::format("ELF type {} is not an executable", type));
  return reader.image(name);
}

}  // namespace

Result<Image> read_elf(std::string_view bytes, std::string name) {
  auto image = read(bytes, name);
  if (!image && !image.error().text.starts_with(name)) return std::move(image).error().within(name);
  return image;
}

}  // namespace hilltop::drivers
