// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace hilltop::test {

/// A database as a Zephyr build makes it (log_dictionary.json), by hand: one module, one text.
inline constexpr const char* dictionary_database =
    R"({"version": 3, "target": {"bits": 32, "little_endianness": true}, "arch": "arm", "kconfigs": {},
    "log_subsys": {"log_instances": {"2": {"name": "app"}}}, "string_mappings": {"1000": "value %d"}})";

/// "[         7] <inf> app: value N" as it stands on the wire.
inline std::string dictionary_record(char value) {
  const std::string header("\0\x30\x0c\0\0\0\x02\0\0\0\x07\0\0\0\x03\0\0\0\xe8\x03\0\0", 22);
  return header + value + std::string(3, '\0');
}

}  // namespace hilltop::test
