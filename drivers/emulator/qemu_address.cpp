// SPDX-License-Identifier: Apache-2.0
#include "drivers/emulator/qemu_address.hpp"

#include <algorithm>
#include <limits>

#include "drivers/core/fields.hpp"
#include "drivers/protocol/byte_size.hpp"

namespace hilltop::drivers {
namespace {

bool is_program_suffix(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

/// A number of bytes; nothing, and a complaint, where `key` holds something else or is missing.
std::optional<std::uint64_t> read_size(Fields& fields, std::string_view key) {
  fields.require(key, "a number of bytes");
  const auto value = fields.take(key);
  if (!value) return std::nullopt;
  const auto size = size_from(value);
  if (!size) fields.error(value, "'" + std::string(key) + "' must be a number of bytes such as 0x1000, 256K or 16M");
  return size;
}

void check_memory(const Node& memory, Diagnostics& diagnostics) {
  Fields fields(memory, "qemu memories", diagnostics);
  if (!memory.is_map()) return;
  fields.require("name", "a name for messages");
  fields.require("kind", "flash, ram or absent");
  const auto name = fields.text("name");
  if (name && !is_program_suffix(*name)) fields.error(memory["name"], "a name has letters, digits, '_' and '-' only");
  (void)fields.word("kind", {"flash", "ram", "absent"});
  const auto start = read_size(fields, "start");
  const auto size = read_size(fields, "size");
  if (size && (*size == 0 || *size > largest_image_bytes)) {
    fields.error(memory["size"], "'size' must be from 1 to 256M");
  } else if (start && size && *start > std::numeric_limits<std::uint64_t>::max() - *size) {
    fields.error(memory["start"], "it passes the end of the address space");
  }
  fields.refuse_others();
}

MemoryRange read_memory_range(const Node& memory) {
  MemoryRange range;
  range.name = text_or(memory, "name");
  range.start = size_from(memory["start"]).value_or(0);
  range.size = size_from(memory["size"]).value_or(0);
  const auto kind = text_or(memory, "kind");
  range.kind = kind == "ram"      ? MemoryRange::Kind::ram
               : kind == "absent" ? MemoryRange::Kind::absent
                                  : MemoryRange::Kind::flash;
  return range;
}

void check_no_overlap(const Node& memories, Diagnostics& diagnostics) {
  std::vector<MemoryRange> seen;
  for (const auto& item : memories.items()) {
    const auto range = read_memory_range(item);
    for (const auto& other : seen) {
      if (range.name == other.name)
        diagnostics.error(item.place(), "qemu memories: the name '" + range.name + "' is used twice");
      else if (range.start < other.end() && other.start < range.end())
        diagnostics.error(item.place(), "qemu memories: '" + range.name + "' overlaps '" + other.name + "'");
    }
    seen.push_back(range);
  }
}

void check_machine(Fields& fields) {
  const auto& address = fields.node();
  const bool configurable = fields.flag("configurable").value_or(false);
  for (const auto* key : {"system", "machine"}) {
    if (!configurable) fields.require(key, "what follows '-M' and 'qemu-system-'");
  }
  for (const auto* key : {"system", "machine", "cpu"}) {
    const auto text = fields.text(key);
    if (text && text->empty()) fields.error(address[key], std::string("'") + key + "' is empty");
  }
  for (const auto* key :
       {"system", "machine", "cpu", "memory", "memories", "boot_image", "bios", "kernel", "network", "drives"}) {
    if (configurable && address.contains(key))
      fields.error(address[key], std::string("'") + key + "' has no meaning where each job chooses the machine");
  }
  const auto system = address["system"];
  if (system && system.is_string() && !is_program_suffix(system.text()))
    fields.error(system, "'system' is what follows 'qemu-system-', such as arm or aarch64");
  if (const auto memory = fields.take("memory"); memory && !size_from(memory))
    fields.error(memory, "'memory' must be a number of bytes such as 16M");
}

void check_boot_image(Fields& fields, const Node& memories) {
  const auto image = fields.text("boot_image");
  if (!image) return;
  const auto place = fields.node()["boot_image"];
  if (!image->ends_with(".hex") && !image->ends_with(".elf"))
    fields.error(place, "'boot_image' must be a .hex or .elf file");
  if (memories.items().empty()) fields.error(place, "'boot_image' needs 'memories' that it goes to");
}

void check_network(const Node& network, Diagnostics& diagnostics) {
  if (!network) return;
  Fields fields(network, "qemu network", diagnostics);
  for (const auto* key : {"mode", "card"}) fields.require(key, "text");
  (void)fields.word("mode", {"user"});
  (void)fields.word("card", {"virtio-net-pci", "virtio-net-device", "e1000", "onboard"});
  fields.refuse_others();
}

void check_drives(const Node& drives, Diagnostics& diagnostics) {
  for (const auto& [name, entry] : drives.entries()) check_qemu_drive(name.text(), entry, diagnostics);
}

}  // namespace

void check_qemu_address(const Node& address, Diagnostics& diagnostics) {
  Fields fields(address, "qemu", diagnostics);
  if (!address.is_map()) return;
  (void)fields.text("driver");
  check_machine(fields);
  const auto memories = fields.list("memories");
  const auto before = diagnostics.all().size();
  for (const auto& memory : memories.items()) check_memory(memory, diagnostics);
  if (diagnostics.all().size() == before) check_no_overlap(memories, diagnostics);
  check_boot_image(fields, memories);
  for (const auto* key : {"bios", "kernel"}) (void)fields.text(key);
  check_network(fields.map("network"), diagnostics);
  check_drives(fields.map("drives"), diagnostics);
  (void)fields.texts("extra_args");
  fields.refuse_others();
}

QemuAddress read_qemu_address(const Node& address) {
  QemuAddress out;
  out.system = text_or(address, "system");
  out.machine = text_or(address, "machine");
  out.cpu = text_or(address, "cpu");
  out.memory = text_or(address, "memory");
  if (const auto memories = address["memories"])
    for (const auto& memory : memories.items()) out.memories.push_back(read_memory_range(memory));
  out.boot_image = file_at(address["boot_image"]);
  out.bios = file_at(address["bios"]);
  out.kernel = file_at(address["kernel"]);
  if (const auto network = address["network"]) out.network_card = text_or(network, "card");
  for (const auto& [name, entry] : address["drives"].entries())
    out.drives.push_back(read_qemu_drive(name.text(), entry));
  out.extra_args = texts_of(address["extra_args"]);
  if (const auto configurable = address["configurable"]) out.configurable = configurable.as_bool().value_or(false);
  return out;
}

}  // namespace hilltop::drivers
