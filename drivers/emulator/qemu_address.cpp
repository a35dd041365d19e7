// SPDX-License-Identifier: Apache-2.0
#include "drivers/emulator/qemu_address.hpp"

#include <algorithm>
#include <limits>

#include "drivers/protocol/address_keys.hpp"

namespace hilltop::drivers {
namespace {

bool is_program_suffix(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

void check_memory(const Node& memory, Diagnostics& diagnostics) {
  check_keys(memory, "qemu memories",
             {{"name", KeyKind::text, true},
              {"start", KeyKind::size, true},
              {"size", KeyKind::size, true},
              {"kind", KeyKind::text, true}},
             diagnostics);
  if (!memory.is_map()) return;
  const auto kind = memory["kind"];
  if (kind && kind.text() != "flash" && kind.text() != "ram" && kind.text() != "absent")
    diagnostics.error(kind.place(), "qemu memories: '" + kind.text() + "' is no kind of memory",
                      "flash, ram or absent");
  if (const auto name = memory["name"]; name && name.is_scalar() && !is_program_suffix(name.text()))
    diagnostics.error(name.place(), "qemu memories: a name has letters, digits, '_' and '-' only");
  const auto start = size_from(memory["start"]);
  const auto size = size_from(memory["size"]);
  if (size && *size == 0) diagnostics.error(memory["size"].place(), "qemu memories: 'size' is 0");
  if (start && size && *size > largest_image_bytes)
    diagnostics.error(memory["size"].place(), "qemu memories: 'size' is more than 256M");
  else if (start && size && *start > std::numeric_limits<std::uint64_t>::max() - *size)
    diagnostics.error(memory["start"].place(), "qemu memories: it passes the end of the address space");
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

void check_machine(const Node& address, Diagnostics& diagnostics) {
  const bool configurable = address["configurable"] && address["configurable"].as_bool().value_or(false);
  for (const auto* key : {"system", "machine"}) {
    if (!configurable && !address.contains(key))
      diagnostics.error(address.place(), std::string("qemu: '") + key + "' is missing");
  }
  for (const auto* key : {"system", "machine", "cpu", "memory", "memories", "boot_image"}) {
    if (configurable && address.contains(key))
      diagnostics.error(address[key].place(),
                        std::string("qemu: '") + key + "' has no meaning where each job chooses the machine");
  }
  const auto system = address["system"];
  if (system && !is_program_suffix(system.text()))
    diagnostics.error(system.place(), "qemu: 'system' is what follows 'qemu-system-', such as arm or aarch64");
}

}  // namespace

void check_qemu_address(const Node& address, Diagnostics& diagnostics) {
  check_keys(address, "qemu",
             {{"system"},
              {"machine"},
              {"cpu"},
              {"memory"},
              {"memories", KeyKind::list},
              {"boot_image"},
              {"extra_args", KeyKind::texts},
              {"configurable", KeyKind::flag}},
             diagnostics);
  if (!address.is_map()) return;
  check_machine(address, diagnostics);
  const auto memories = address["memories"];
  if (memories && memories.is_sequence()) {
    const auto before = diagnostics.all().size();
    for (const auto& memory : memories.items()) check_memory(memory, diagnostics);
    if (diagnostics.all().size() == before) check_no_overlap(memories, diagnostics);
  }
  const auto image = address["boot_image"];
  if (!image || !image.is_scalar()) return;
  if (!image.text().ends_with(".hex") && !image.text().ends_with(".elf"))
    diagnostics.error(image.place(), "qemu: 'boot_image' must be a .hex or .elf file");
  if (!memories || memories.items().empty())
    diagnostics.error(image.place(), "qemu: 'boot_image' needs 'memories' that it goes to");
}

QemuAddress read_qemu_address(const Node& address) {
  QemuAddress out;
  out.system = text_or(address, "system");
  out.machine = text_or(address, "machine");
  out.cpu = text_or(address, "cpu");
  out.memory = text_or(address, "memory");
  if (const auto memories = address["memories"])
    for (const auto& memory : memories.items()) out.memories.push_back(read_memory_range(memory));
  out.boot_image = text_or(address, "boot_image");
  out.extra_args = texts_of(address["extra_args"]);
  if (const auto configurable = address["configurable"]) out.configurable = configurable.as_bool().value_or(false);
  return out;
}

}  // namespace hilltop::drivers
