// SPDX-License-Identifier: Apache-2.0
#include "boards/board_facts_file.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "drivers/protocol/byte_size.hpp"

namespace hilltop::boards {
namespace {

using drivers::ImageFormat;
using drivers::Verified;
using Texts = std::vector<std::string>;

Texts verified_words() {
  Texts out;
  for (const auto level : {Verified::hardware, Verified::independent_tool, Verified::specification, Verified::unproven})
    out.emplace_back(drivers::to_string(level));
  return out;
}

ImageFormat format_from(std::string_view word) {
  if (word == "elf") return ImageFormat::elf;
  if (word == "srec") return ImageFormat::srec;
  if (word == "uf2") return ImageFormat::uf2;
  return word == "hex" ? ImageFormat::intel_hex : ImageFormat::raw;
}

/// One of `flash: ways:` or `probes:`. Its keys but source and verified are an address's: their driver checks them.
FlashWay read_way(const Node& map, std::string what, Diagnostics& diagnostics) {
  FlashWay out;
  Fields fields(map, std::move(what), diagnostics);
  fields.require("driver", "the name of a driver");
  out.driver = fields.text("driver").value_or("");
  out.tool = fields.text("tool").value_or("");
  out.source = fields.text("source").value_or("");
  out.verified = read_verified(fields);
  std::vector<Node::Entry> entries;
  for (const auto& entry : map.entries())
    if (entry.key.text() != "source" && entry.key.text() != "verified") entries.push_back(entry);
  out.address = Node::map(std::move(entries), map.place());
  return out;
}

MemoryRegion read_region(const Node& map, Diagnostics& diagnostics) {
  MemoryRegion out;
  Fields fields(map, "memory", diagnostics);
  for (const auto* key : {"name", "start", "size", "kind"}) fields.require(key, "a part of a region");
  out.name = fields.text("name").value_or("");
  out.start = static_cast<std::uint64_t>(fields.integer("start").value_or(0));
  const auto size = fields.take("size");
  const auto bytes = drivers::size_from(size);
  if (size && (!bytes || *bytes == 0)) fields.error(size, "'size' must be a number above 0, such as 512K");
  out.size = bytes.value_or(0);
  const auto kind = fields.word("kind", {"flash", "ram", "external"}).value_or("flash");
  if (kind == "ram") out.kind = MemoryRegion::Kind::ram;
  if (kind == "external") out.kind = MemoryRegion::Kind::external;
  fields.refuse_others();
  return out;
}

/// Regions that overlap would let an image into what it must not touch.
void refuse_overlaps(const Node& list, std::vector<MemoryRegion> regions, Diagnostics& diagnostics) {
  std::ranges::sort(regions, {}, &MemoryRegion::start);
  for (std::size_t i = 1; i < regions.size(); ++i)
    if (regions[i].start - regions[i - 1].start < regions[i - 1].size)
      diagnostics.error(list.place(), "memory: '" + regions[i - 1].name + "' and '" + regions[i].name + "' overlap");
}

std::optional<std::uint16_t> hex_word(std::string_view text) {
  std::uint16_t out = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), out, 16);
  if (text.size() != 4 || failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return out;
}

UsbSign read_sign(const Node& map, Diagnostics& diagnostics) {
  UsbSign out;
  Fields fields(map, "usb", diagnostics);
  for (const auto* key : {"id", "part"}) fields.require(key, "text");
  const auto id = fields.text("id").value_or("");
  const auto vendor = hex_word(std::string_view(id).substr(0, id.find(':')));
  const auto product = id.size() == 9 ? hex_word(std::string_view(id).substr(5)) : std::nullopt;
  if (vendor && product) {
    out.vendor = *vendor;
    out.product = *product;
  } else if (!id.empty()) {
    fields.error(map["id"], "'" + id + "' is no USB id", "two times four hexadecimal digits in quotes: '0d28:0204'");
  }
  out.part = fields.word("part", {"probe", "console", "loader", "board"}).value_or("");
  out.name = fields.text("name").value_or("");
  fields.refuse_others();
  return out;
}

std::map<std::string, std::string, std::less<>> read_sources(const Node& map, Diagnostics& diagnostics) {
  std::map<std::string, std::string, std::less<>> out;
  if (!map) return out;
  Fields fields(map, "sources", diagnostics);
  for (const auto& key : keys_with_source())
    if (auto source = fields.text(key)) out.emplace(key, *std::move(source));
  fields.refuse_others();
  return out;
}

void check_daplink_ids(Fields& fields, const Texts& ids) {
  for (const auto& id : ids)
    if (!hex_word(id))
      fields.error(fields.take("daplink_ids"), "'" + id + "' is no board id of DAPLink",
                   "the first four digits of the serial number, in quotes: '0240'");
}

}  // namespace

const Texts& keys_with_source() {
  static const Texts keys = {"architecture", "memory",  "usb",  "daplink_ids", "consoles",
                             "loaders",      "prompts", "boot", "drivers"};
  return keys;
}

Verified read_verified(Fields& fields) {
  const auto known = verified_words();
  const auto said = fields.word("verified", known);
  const auto at = std::ranges::find(known, said.value_or(known.back()));
  return at == known.end() ? Verified::unproven : static_cast<Verified>(at - known.begin());
}

FlashFacts read_flash(const Node& map, Diagnostics& diagnostics) {
  FlashFacts out;
  if (!map) return out;
  Fields fields(map, "flash", diagnostics);
  out.supported = fields.flag("supported").value_or(true);
  out.source = fields.text("source").value_or("");
  out.verified = read_verified(fields);
  for (const auto& word : fields.words("formats", {"elf", "hex", "bin", "srec", "uf2"}).value_or(Texts()))
    out.formats.push_back(format_from(word));
  if (const auto address = fields.integer("raw_address")) out.raw_address = static_cast<std::uint64_t>(*address);
  constexpr int most_images = 16;
  out.max_images = static_cast<std::size_t>(fields.integer("max_images", 1, most_images).value_or(1));
  for (const auto& way : fields.list("ways").items()) out.ways.push_back(read_way(way, "flash way", diagnostics));
  fields.refuse_others();
  return out;
}

void read_board_facts(Fields& fields, BoardType& type, Diagnostics& diagnostics) {
  type.architecture = fields.text("architecture").value_or("");
  for (const auto& probe : fields.list("probes").items()) type.probes.push_back(read_way(probe, "probe", diagnostics));
  const auto memory = fields.list("memory");
  for (const auto& region : memory.items()) type.memory.push_back(read_region(region, diagnostics));
  refuse_overlaps(memory, type.memory, diagnostics);
  for (const auto& sign : fields.list("usb").items()) type.usb.push_back(read_sign(sign, diagnostics));
  type.daplink_ids = fields.texts("daplink_ids").value_or(Texts());
  check_daplink_ids(fields, type.daplink_ids);
  type.sources = read_sources(fields.map("sources"), diagnostics);
}

std::string_view to_string(MemoryRegion::Kind kind) noexcept {
  constexpr std::array<std::string_view, 3> words{"flash", "ram", "external"};
  return words[static_cast<std::size_t>(kind)];
}

bool FlashWay::fits(const Node& lab_address) const {
  if (lab_address["driver"].text() != driver) return false;
  const auto& named = lab_address["tool"].text();
  return tool.empty() || named.empty() || named == tool;
}

const FlashWay* FlashFacts::way(const Node& lab_address) const {
  const auto found = std::ranges::find_if(ways, [&](const auto& way) { return way.fits(lab_address); });
  return found == ways.end() ? nullptr : &*found;
}

Node BoardType::known_for(std::string_view role, const Node& lab_address) const {
  if (role == "probe") {
    const auto probe = std::ranges::find_if(probes, [&](const auto& one) { return one.fits(lab_address); });
    if (probe != probes.end()) return probe->address;
  }
  if (role != "probe" && role != "flash") return {};
  const auto* way = flash.way(lab_address);
  return way == nullptr ? Node() : way->address;
}

std::string FlashFacts::refusal(const Node& lab_address) const {
  if (!supported) return "it cannot be flashed";
  const auto* known = way(lab_address);
  if (known != nullptr && known->source.empty())
    return "its facts for '" + known->driver + (known->tool.empty() ? "" : " " + known->tool) +
           "' have no source, so that it is not flashed that way";
  if (known == nullptr && source.empty()) return "its flash facts have no source, so that it is not flashed";
  return "";
}

}  // namespace hilltop::boards
