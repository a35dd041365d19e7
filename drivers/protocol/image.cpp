// SPDX-License-Identifier: Apache-2.0
#include "drivers/protocol/image.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace hilltop::drivers {
namespace {

Error bad_image(std::string text) { return Error(Errc::bad_input, Blame::job, std::move(text)); }

const MemoryRange* memory_at(const std::vector<MemoryRange>& memories, std::uint64_t address) {
  const auto found = std::ranges::find_if(
      memories, [address](const MemoryRange& m) { return address >= m.start && address - m.start < m.size; });
  return found == memories.end() ? nullptr : &*found;
}

/// The first address of `segment` that is in no memory; memories may touch each other.
std::optional<std::uint64_t> first_outside(const Segment& segment, const std::vector<MemoryRange>& memories) {
  std::uint64_t at = segment.address;
  while (at < segment.end()) {
    const auto* memory = memory_at(memories, at);
    if (memory == nullptr) return at;
    at = memory->end();
  }
  return std::nullopt;
}

struct Owned {
  const Segment* segment;
  const Image* image;
};

Result<> check_no_overlap(const std::vector<Image>& images) {
  std::vector<Owned> all;
  for (const auto& image : images)
    for (const auto& segment : image.segments) all.push_back({&segment, &image});
  std::ranges::sort(all, {}, [](const Owned& o) { return o.segment->address; });
  for (std::size_t i = 1; i < all.size(); ++i) {
    const auto& [before, first] = all[i - 1];
    const auto& [after, second] = all[i];
    if (after->address < before->end())
      return bad_image(fmt::format("images {} and {} overlap at {:#x}", first->name, second->name, after->address));
  }
  return ok();
}

}  // namespace

std::uint64_t Image::size() const {
  std::uint64_t sum = 0;
  for (const auto& segment : segments) sum += segment.bytes.size();
  return sum;
}

Result<Image> arranged(Image image) {
  std::erase_if(image.segments, [](const Segment& s) { return s.bytes.empty(); });
  std::ranges::sort(image.segments, {}, &Segment::address);
  std::vector<Segment> joined;
  for (auto& segment : image.segments) {
    if (segment.bytes.size() > std::numeric_limits<std::uint64_t>::max() - segment.address)
      return bad_image(
          fmt::format("{}: data at {:#x} passes the end of the address space", image.name, segment.address));
    if (!joined.empty() && segment.address < joined.back().end())
      return bad_image(fmt::format("{}: the data for {:#x} is there twice", image.name, segment.address));
    if (!joined.empty() && segment.address == joined.back().end()) {
      joined.back().bytes += segment.bytes;
    } else {
      joined.push_back(std::move(segment));
    }
  }
  image.segments = std::move(joined);
  if (image.segments.empty()) return bad_image(image.name + ": holds no data");
  return image;
}

Result<> check_fit(const std::vector<Image>& images, const std::vector<MemoryRange>& memories) {
  HILLTOP_CHECK(check_no_overlap(images));
  for (const auto& image : images) {
    for (const auto& segment : image.segments) {
      if (const auto outside = first_outside(segment, memories))
        return bad_image(fmt::format("{}: data for {:#x}-{:#x}, but the board has no memory at {:#x}; it has {}",
                                     image.name, segment.address, segment.end() - 1, *outside, to_string(memories)));
    }
  }
  return ok();
}

std::string to_string(const std::vector<MemoryRange>& memories) {
  std::string out;
  for (const auto& m : memories)
    out += fmt::format("{}{} {:#x}-{:#x}", out.empty() ? "" : ", ", m.name, m.start, m.end() - 1);
  return out.empty() ? "none" : out;
}

std::vector<Image> without_absent(std::vector<Image> images, const std::vector<MemoryRange>& memories) {
  for (auto& image : images) {
    std::vector<Segment> kept;
    for (const auto& segment : image.segments) {
      for (std::uint64_t at = segment.address; at < segment.end();) {
        const auto* memory = memory_at(memories, at);
        if (memory == nullptr) break;
        const auto end = std::min(memory->end(), segment.end());
        if (memory->kind != MemoryRange::Kind::absent)
          kept.push_back({at, segment.bytes.substr(at - segment.address, end - at)});
        at = end;
      }
    }
    image.segments = std::move(kept);
  }
  return images;
}

Result<Image> read_raw(std::string bytes, std::uint64_t address, std::string name) {
  Image image;
  image.name = std::move(name);
  image.segments.push_back({address, std::move(bytes)});
  return arranged(std::move(image));
}

}  // namespace hilltop::drivers
