// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/core/result.hpp"

/// Zephyr's dictionary-based logging: binary records on the wire, the texts in a database that the build makes.
/// Source: Zephyr documentation, "Logging", "Dictionary-based logging"; include/zephyr/logging/log_output_dict.h;
/// scripts/logging/dictionary/dictionary_parser (database versions 1 to 3); cbprintf packages:
/// include/zephyr/sys/cbprintf.h.
namespace hilltop::drivers::dictionary_log {

/// log_dictionary.json of a build.
class Database {
 public:
  /// Errors: bad_input (configuration): no such database, or of a version that is not known.
  static Result<Database> parse(std::string_view json);

  [[nodiscard]] int version() const { return version_; }
  [[nodiscard]] bool is_64bit() const { return is_64bit_; }
  [[nodiscard]] bool is_little_endian() const { return little_endian_; }
  [[nodiscard]] bool has_64bit_time() const { return time_64bit_; }
  [[nodiscard]] bool packs_arguments() const { return packed_; }  ///< without alignment
  /// The text at an address, up to its NUL; nothing where there is none.
  [[nodiscard]] std::optional<std::string> text_at(std::uint64_t address) const;
  /// A module's name, or nullptr.
  [[nodiscard]] const std::string* source(std::uint64_t id) const;

 private:
  struct Section {
    std::uint64_t start = 0;
    std::string data;
  };
  friend struct DatabaseReader;

  int version_ = 0;
  bool is_64bit_ = false, little_endian_ = true, time_64bit_ = false, packed_ = false;
  std::map<std::uint64_t, std::string> texts_;
  std::vector<Section> sections_;
  std::map<std::uint64_t, std::string> sources_;
};

/// A record, as text.
struct Record {
  enum class Fit : std::uint8_t { no, yes, more } fit = Fit::no;  ///< more: the bytes end before it does
  std::size_t size = 0;                                           ///< bytes that it takes
  unsigned level = 0;                                             ///< 0 none (printk), 1 err, 2 wrn, 3 inf, 4 dbg
  std::uint64_t timestamp = 0;                                    ///< in cycles of the target's clock
  std::string module;
  std::string text;  ///< the message
  std::string line;  ///< "[ timestamp] <inf> module: text\n", with the lines of a hexdump; of printk the text alone
};
/// Records of more bytes are none.
inline constexpr std::size_t most_record_bytes = 8192;
/// The record at the begin of `bytes`. Bytes that are none are recognised by their type, level, lengths, or format
/// text.
[[nodiscard]] Record parse_record(const Database& database, std::string_view bytes);

/// Stands before records that are printed as hexadecimal digits.
inline constexpr std::string_view hex_mark = "##ZLOGV1##";

}  // namespace hilltop::drivers::dictionary_log
