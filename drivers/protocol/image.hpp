// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/core/result.hpp"

namespace hilltop::drivers {

/// Bytes and the address of the first one.
struct Segment {
  std::uint64_t address = 0;
  std::string bytes;

  [[nodiscard]] std::uint64_t end() const { return address + bytes.size(); }
  [[nodiscard]] bool operator==(const Segment&) const = default;
};

/// What a file wants written where. Segments are sorted, do not overlap, do not touch, and are not empty.
struct Image {
  std::string name;  ///< of its file, for messages
  std::vector<Segment> segments;
  std::optional<std::uint64_t> entry;

  [[nodiscard]] std::uint64_t size() const;
};

/// A part of a board's address space that can be written.
struct MemoryRange {
  enum class Kind : std::uint8_t {
    flash,  ///< keeps its bytes without power
    ram,    ///< can be written, and loses its bytes when power goes
    absent  ///< the real board has it and the emulated one does not (UICR, option bytes): bytes for it are checked and
            ///< dropped
  };
  std::string name;
  std::uint64_t start = 0;
  std::uint64_t size = 0;
  Kind kind = Kind::flash;

  [[nodiscard]] std::uint64_t end() const { return start + size; }
};

/// The most that one image may hold.
inline constexpr std::uint64_t largest_image_bytes = 256ull << 20;

/// Sorts, drops what is empty and joins what touches. Errors: bad_input (job) where segments of one image overlap or
/// pass the end of the address space.
Result<Image> arranged(Image image);

/// Whether all images can be written together: no two overlap, and each byte lies in one of `memories`.
/// Errors: bad_input (job), naming the images, or the address and the board's memories.
Result<> check_fit(const std::vector<Image>& images, const std::vector<MemoryRange>& memories);

/// "flash 0x0-0x3ffff, ram 0x20000000-0x20003fff": for messages.
[[nodiscard]] std::string to_string(const std::vector<MemoryRange>& memories);

/// The images without the bytes for memories that are `absent`. Images that fit (check_fit) only.
[[nodiscard]] std::vector<Image> without_absent(std::vector<Image> images, const std::vector<MemoryRange>& memories);

/// A raw image. Errors: bad_input (job) when it is empty.
Result<Image> read_raw(std::string bytes, std::uint64_t address, std::string name);

}  // namespace hilltop::drivers
