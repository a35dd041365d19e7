// SPDX-License-Identifier: Apache-2.0
#include "boards/board_type_json.hpp"

#include <fmt/format.h>

#include <array>
#include <nlohmann/json.hpp>

namespace hilltop::boards {
namespace {

using nlohmann::json;

std::string_view to_string(drivers::ImageFormat format) {
  constexpr std::array<std::string_view, 5> words{"elf", "hex", "bin", "srec", "uf2"};
  return words[static_cast<std::size_t>(format)];
}

json to_json(const FlashWay& way) {
  auto facts = way.address.to_json();
  facts.erase("driver");
  facts.erase("tool");
  return {{"driver", way.driver},
          {"tool", way.tool},
          {"facts", std::move(facts)},
          {"source", way.source},
          {"verified", drivers::to_string(way.verified)}};
}

json to_json(const std::vector<FlashWay>& ways) {
  auto out = json::array();
  for (const auto& way : ways) out.push_back(to_json(way));
  return out;
}

json to_json(const FlashFacts& flash) {
  auto formats = json::array();
  for (const auto format : flash.formats) formats.push_back(to_string(format));
  return {{"supported", flash.supported},
          {"source", flash.source},
          {"verified", drivers::to_string(flash.verified)},
          {"formats", std::move(formats)},
          {"raw_address", flash.raw_address ? json(fmt::format("{:#x}", *flash.raw_address)) : json()},
          {"max_images", flash.max_images},
          {"ways", to_json(flash.ways)}};
}

json memory_of(const BoardType& type) {
  auto out = json::array();
  for (const auto& region : type.memory)
    out.push_back({{"name", region.name},
                   {"start", fmt::format("{:#x}", region.start)},
                   {"size", region.size},
                   {"kind", to_string(region.kind)}});
  return out;
}

json usb_of(const BoardType& type) {
  auto out = json::array();
  for (const auto& sign : type.usb)
    out.push_back(
        {{"id", fmt::format("{:04x}:{:04x}", sign.vendor, sign.product)}, {"part", sign.part}, {"name", sign.name}});
  return out;
}

json loaders_of(const BoardType& type) {
  auto out = json::object();
  for (const auto& [method, loader] : type.loaders) {
    auto sets = json::array();
    for (const auto& [name, lines] : loader.commands) sets.push_back(name);
    out[method] = {{"prompt", loader.prompt}, {"addresses", loader.addresses}, {"commands", std::move(sets)}};
  }
  return out;
}

}  // namespace

json to_json(const BoardType& type) {
  return {{"name", type.name},
          {"description", type.description},
          {"aliases", type.aliases},
          {"architecture", type.architecture},
          {"source", type.source},
          {"verified", drivers::to_string(type.verified)},
          {"consoles", type.consoles},
          {"emulated", type.drivers.contains("emulator")},
          {"deploy_methods", type.deploy_methods},
          {"boot_methods", type.boot_methods},
          {"rule_packs", type.rule_packs},
          {"flash", to_json(type.flash)},
          {"probes", to_json(type.probes)},
          {"memory", memory_of(type)},
          {"usb", usb_of(type)},
          {"daplink_ids", type.daplink_ids},
          {"loaders", loaders_of(type)},
          {"drivers", type.drivers ? type.drivers.to_json() : json::object()},
          {"sources", type.sources}};
}

}  // namespace hilltop::boards
