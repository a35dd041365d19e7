// SPDX-License-Identifier: Apache-2.0
#include "boards/board_loader_file.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "boards/console/match/pattern_set.hpp"

namespace hilltop::boards {
namespace {

using Texts = std::vector<std::string>;

/// Boot methods whose loader is talked to, so that `loaders` may have facts for them.
const Texts& methods_with_loader() {
  static const Texts methods = {"u-boot", "grub", "grub-efi", "uefi"};
  return methods;
}

/// What {KERNEL_ADDR} and its like are made of. Source: LAVA, substitutions of boot commands.
const Texts& address_names() {
  static const Texts names = {"kernel", "ramdisk", "dtb", "dtbo", "fit", "tee"};
  return names;
}

void check_pattern(Fields& fields, std::string_view key, const std::string& pattern) {
  if (pattern.empty()) return;
  if (const auto compiled = PatternSet::compile({pattern}); !compiled)
    fields.error(fields.take(key), "'" + std::string(key) + "': " + compiled.error().text);
}

std::string read_pattern(Fields& fields, std::string_view key) {
  auto pattern = fields.text(key).value_or("");
  check_pattern(fields, key, pattern);
  return pattern;
}

Texts read_patterns(Fields& fields, std::string_view key) {
  auto patterns = fields.texts(key).value_or(Texts{});
  for (const auto& pattern : patterns) check_pattern(fields, key, pattern);
  return patterns;
}

std::map<std::string, Texts, std::less<>> read_commands(const Node& map, Diagnostics& diagnostics) {
  std::map<std::string, Texts, std::less<>> out;
  if (!map) return out;
  Fields fields(map, "commands", diagnostics);
  for (const auto& [key, value] : map.entries())
    if (auto lines = fields.texts(key.text())) out.emplace(key.text(), *std::move(lines));
  return out;
}

std::map<std::string, std::string, std::less<>> read_addresses(const Node& map, Diagnostics& diagnostics) {
  std::map<std::string, std::string, std::less<>> out;
  if (!map) return out;
  Fields fields(map, "addresses", diagnostics);
  for (const auto& name : address_names())
    if (const auto address = fields.integer(name)) out.emplace(name, map[name].text());
  fields.refuse_others();
  return out;
}

LoaderFacts read_loader(const Node& map, Diagnostics& diagnostics) {
  LoaderFacts out;
  Fields fields(map, "loader", diagnostics);
  fields.require("prompt", "a pattern of its command line");
  out.prompt = read_pattern(fields, "prompt");
  out.interrupt_prompt = read_pattern(fields, "interrupt_prompt");
  out.interrupt_text = fields.text("interrupt_character").value_or("");
  out.needs_interrupt = fields.flag("needs_interrupt").value_or(true);
  out.commands = read_commands(fields.map("commands"), diagnostics);
  out.error_messages = read_patterns(fields, "error_messages");
  out.addresses = read_addresses(fields.map("addresses"), diagnostics);
  out.boot_command = fields.word("boot_command", {"booti", "bootz", "bootm"}).value_or("");
  out.final_message = read_pattern(fields, "final_message");
  constexpr int longest_delay_ms = 60'000;
  out.command_delay = std::chrono::milliseconds(fields.integer("command_delay_ms", 0, longest_delay_ms).value_or(0));
  if (out.needs_interrupt && out.interrupt_prompt.empty())
    fields.error(map, "'interrupt_prompt' is missing", "a loader that waits at its prompt says needs_interrupt: no");
  fields.refuse_others();
  return out;
}

void read_loaders(Fields& fields, BoardType& type, Diagnostics& diagnostics) {
  const auto map = fields.map("loaders");
  if (!map) return;
  Fields loaders(map, "loaders", diagnostics);
  for (const auto& method : methods_with_loader()) {
    const auto loader = loaders.map(method);
    if (!loader) continue;
    if (!type.boots(method))
      loaders.error(loader, "'boot' has no method '" + method + "', which would use this loader");
    type.loaders.emplace(method, read_loader(loader, diagnostics));
  }
  loaders.refuse_others();
}

BootStage read_stage(const Node& map, Diagnostics& diagnostics) {
  BootStage out;
  Fields fields(map, "boot_stages", diagnostics);
  for (const auto* key : {"name", "begins"}) fields.require(key, "text");
  out.name = fields.text("name").value_or("");
  out.begins = read_pattern(fields, "begins");
  constexpr int longest_s = 86'400;
  out.timeout = std::chrono::seconds(fields.integer("timeout_s", 0, longest_s).value_or(0));
  fields.refuse_others();
  return out;
}

}  // namespace

void read_boot_facts(Fields& fields, BoardType& type, Diagnostics& diagnostics) {
  read_loaders(fields, type, diagnostics);
  for (const auto& stage : fields.list("boot_stages").items())
    type.boot_stages.push_back(read_stage(stage, diagnostics));
  type.prompts = read_patterns(fields, "prompts");
  constexpr int longest_s = 86'400;
  if (const auto after = fields.integer("rest_after_s", 0, longest_s)) type.rest_after = std::chrono::seconds(*after);
}

}  // namespace hilltop::boards
