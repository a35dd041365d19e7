// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/core/node.hpp"

namespace hilltop::drivers {

/// What a key of an address may hold.
enum class KeyKind : std::uint8_t {
  text,    ///< any scalar but null
  number,  ///< an integer
  flag,    ///< true or false
  size,    ///< bytes: 4096, 0x1000, 256K, 16M, 1G
  texts,   ///< a list of scalars
  list,    ///< a list of anything
  map      ///< a map
};

struct AddressKey {
  std::string_view name;
  KeyKind kind = KeyKind::text;
  bool required = false;
};

/// Complains, each with its place, about whatever in `address` is no key of `keys` (with the nearest one suggested),
/// holds the wrong kind of value, or is missing. `driver` is allowed always. `where` names the address in messages:
/// "qemu", "qemu memories".
void check_keys(const Node& address, std::string_view where, std::initializer_list<AddressKey> keys,
                Diagnostics& diagnostics);

/// Bytes from 4096, 0x1000, 256K, 16M or 1G (powers of 1024); nothing for other text.
[[nodiscard]] std::optional<std::uint64_t> size_from(std::string_view text);
/// The same for a node: integers, or text with a unit.
[[nodiscard]] std::optional<std::uint64_t> size_from(const Node& node);

/// The text of `address[key]`, or `fallback` where there is none.
[[nodiscard]] std::string text_or(const Node& address, std::string_view key, std::string_view fallback = "");
/// The scalars of a list as text.
[[nodiscard]] std::vector<std::string> texts_of(const Node& list);

}  // namespace hilltop::drivers
