// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "drivers/protocol/dictionary_log.hpp"

namespace hilltop::drivers::dictionary_log {

/// Reads numbers off bytes; beyond their end 0, and ran_out().
class Reader {
 public:
  Reader(std::string_view bytes, bool little_endian) : bytes_(bytes), little_endian_(little_endian) {}
  std::uint64_t number(std::size_t size);
  void skip_to(std::size_t position) { at_ = position; }
  [[nodiscard]] std::size_t position() const { return at_; }
  [[nodiscard]] bool ran_out() const { return ran_out_; }

 private:
  std::string_view bytes_;
  bool little_endian_;
  std::size_t at_ = 0;
  bool ran_out_ = false;
};

/// The text of a cbprintf package: format and arguments, with the texts that are appended to it. Nothing when it is
/// malformed or its format is not in the database.
[[nodiscard]] std::optional<std::string> format_package(const Database& database, std::string_view package);

}  // namespace hilltop::drivers::dictionary_log
