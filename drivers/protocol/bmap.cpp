// SPDX-License-Identifier: Apache-2.0
#include "drivers/protocol/bmap.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>

#include "drivers/protocol/digest.hpp"

namespace hilltop::drivers {
namespace {

constexpr std::size_t digest_digits = 64;
constexpr std::uint64_t largest_block = 1 << 20;

Error wrong(std::string why) { return {Errc::bad_input, Blame::job, "the bmap file: " + why}; }

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::optional<std::uint64_t> number(std::string_view text) {
  text = trimmed(text);
  std::uint64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return out;
}

/// An element that holds text: what bmap files are made of.
struct Element {
  std::string_view name, attributes, text;
};

/// The value of an attribute, or nothing.
std::optional<std::string_view> attribute(std::string_view attributes, std::string_view name) {
  const auto at = attributes.find(std::string(name) + "=");
  if (at == std::string_view::npos) return {};
  const auto open = at + name.size() + 1;
  if (open >= attributes.size() || (attributes[open] != '"' && attributes[open] != '\'')) return {};
  const auto close = attributes.find(attributes[open], open + 1);
  if (close == std::string_view::npos) return {};
  return attributes.substr(open + 1, close - open - 1);
}

/// Every element's start, and the text up to the next tag: enough of XML for a format without entities or nesting that
/// would matter.
Result<std::vector<Element>> elements_of(std::string_view text) {
  std::vector<Element> out;
  for (auto at = text.find('<'); at != std::string_view::npos; at = text.find('<', at)) {
    const bool comment = text.substr(at).starts_with("<!--");
    const auto end = text.find(comment ? "-->" : ">", at);
    if (end == std::string_view::npos) return wrong("a tag does not end");
    if (comment) {
      at = end + 3;
      continue;
    }
    const auto tag = text.substr(at + 1, end - at - 1);
    at = end + 1;
    if (tag.empty() || tag.front() == '/' || tag.front() == '?' || tag.front() == '!') continue;
    const auto space = std::min(tag.find_first_of(" \t\r\n"), tag.size());
    out.push_back({tag.substr(0, space), tag.substr(space), text.substr(at, text.find('<', at) - at)});
  }
  return out;
}

/// Its checksum is made with zeros in its own place.
Result<> check_own(std::string_view text, std::string_view stated) {
  stated = trimmed(stated);
  if (stated.size() != digest_digits) return wrong("its own checksum is none");
  const auto at = static_cast<std::size_t>(stated.data() - text.data());
  Digest digest;
  digest.feed(text.substr(0, at));
  digest.feed(std::string(digest_digits, '0'));
  digest.feed(text.substr(at + digest_digits));
  if (digest.hex() != stated) return wrong("it is damaged: its own checksum differs");
  return ok();
}

Result<BmapRange> read_range(const Element& element, bool checksums) {
  const auto text = trimmed(element.text);
  const auto dash = text.find('-');
  const auto first = number(text.substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : number(text.substr(dash + 1));
  if (!first || !last || *last < *first) return wrong(fmt::format("'{}' is no range of blocks", text));
  BmapRange out{*first, *last};
  if (attribute(element.attributes, "sha1"))
    return Error(Errc::unsupported, Blame::job, "the bmap file: checksums of type sha1; sha256 is supported");
  if (const auto sum = attribute(element.attributes, "chksum")) out.sha256 = *sum;
  if (checksums && out.sha256.size() != digest_digits) return wrong(fmt::format("range {} has no checksum", text));
  return out;
}

Result<> check_ranges(const Bmap& map) {
  std::uint64_t next = 0;
  const auto blocks = (map.image_bytes + map.block_bytes - 1) / map.block_bytes;
  for (const auto& range : map.ranges) {
    if (range.first < next || range.last >= blocks)
      return wrong(fmt::format("range {}-{} is out of order, or beyond the image", range.first, range.last));
    next = range.last + 1;
  }
  return ok();
}

}  // namespace

std::uint64_t Bmap::mapped_bytes() const {
  std::uint64_t out = 0;
  for (const auto& range : ranges)
    out += std::min((range.last + 1) * block_bytes, image_bytes) - range.first * block_bytes;
  return out;
}

Result<Bmap> read_bmap(std::string_view text) {
  HILLTOP_TRY(const auto elements, elements_of(text));
  std::map<std::string_view, Element> single;
  for (const auto& element : elements) single.emplace(element.name, element);
  const auto root = single.find("bmap");
  if (root == single.end()) return wrong("it is none");
  if (!text.contains("</bmap>")) return wrong("it ends too early");
  const auto version = attribute(root->second.attributes, "version").value_or("");
  if (!version.starts_with("1.") && !version.starts_with("2."))
    return Error(Errc::unsupported, Blame::job, fmt::format("the bmap file: version '{}'", version));
  const auto type = single.find("ChecksumType");
  const bool checksums = type != single.end();
  if (checksums && trimmed(type->second.text) != "sha256")
    return Error(Errc::unsupported, Blame::job,
                 fmt::format("the bmap file: checksums of type '{}'; sha256 is supported", trimmed(type->second.text)));
  const auto own = single.find("BmapFileChecksum");
  if (checksums && own == single.end()) return wrong("it has no checksum of its own");
  if (checksums) HILLTOP_CHECK(check_own(text, own->second.text));
  Bmap out;
  const auto image = single.find("ImageSize"), block = single.find("BlockSize");
  out.image_bytes = image == single.end() ? 0 : number(image->second.text).value_or(0);
  out.block_bytes = block == single.end() ? 0 : number(block->second.text).value_or(0);
  if (out.image_bytes == 0 || out.block_bytes < 512 || out.block_bytes > largest_block || out.block_bytes % 512 != 0)
    return wrong("the size of the image, or of its blocks, is none");
  for (const auto& element : elements) {
    if (element.name != "Range") continue;
    HILLTOP_TRY(auto range, read_range(element, checksums));
    out.ranges.push_back(std::move(range));
  }
  HILLTOP_CHECK(check_ranges(out));
  return out;
}

}  // namespace hilltop::drivers
