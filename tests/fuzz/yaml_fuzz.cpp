// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string_view>

#include "drivers/core/node.hpp"

namespace {

void must(bool holds) {
  if (!holds) std::abort();
}

std::size_t count(const hilltop::Node& node) {
  std::size_t out = 1;
  for (const auto& item : node.items()) out += count(item);
  for (const auto& [key, value] : node.entries()) {
    must(key.is_scalar());
    must(node.contains(key.text()) || key.is_null());
    out += count(key) + count(value);
    if (out > 200) return out;  // looking each key up is quadratic
  }
  return out;
}

}  // namespace

// A text is either refused with a place, or becomes a bounded tree that can be written as JSON.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  hilltop::Diagnostics diagnostics;
  const auto node = hilltop::read_yaml({reinterpret_cast<const char*>(data), size}, "f", diagnostics);
  must(static_cast<bool>(node) != diagnostics.has_errors());
  for (const auto& one : diagnostics.all()) must(one.place.line > 0 && !one.message.empty());
  if (!node) return 0;
  must(count(node) <= 100'000);
  const auto text = node.to_json().dump();
  must(merged(node, node).to_json().dump() == text);
  return 0;
}
