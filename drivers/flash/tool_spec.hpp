// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/api/flasher.hpp"
#include "drivers/core/driver_info.hpp"
#include "drivers/core/node.hpp"

namespace hilltop::drivers {

/// A regular expression (ECMAScript) and how it was written.
struct ToolPattern {
  std::string text;
  std::regex expression;
  [[nodiscard]] bool matches(const std::string& line) const { return std::regex_search(line, expression); }
};

/// A flashing tool as its table says (drivers/flash/tools/NAME.yaml; README.md there explains the keys).
struct ToolSpec {
  /// What the lab says of its board: a key of the address.
  struct Setting {
    std::string what;  ///< for messages
    std::string fallback;
    bool required = false;
    ToolPattern form;  ///< what it must look like
  };
  /// A word of the argument vector, or words that are there under a condition.
  struct Argument {
    std::vector<std::string> words;
    std::string only_with;    ///< setting that must have a value; "": always
    bool each_image = false;  ///< once for each image
  };
  /// A line that tells why the tool failed.
  struct Fault {
    ToolPattern pattern;
    Errc code = Errc::unavailable;
    Blame blame = Blame::infrastructure;
    std::string text;
  };

  std::string name;
  std::string summary;
  std::string source;
  Verified verified = Verified::unproven;
  std::vector<std::string> programs;  ///< names of the program, the first that is there is used
  std::string install;                ///< how to get it, for messages
  std::map<std::string, Setting> settings;
  std::vector<std::string> selectors;  ///< settings that say which board is meant: one at least must be set
  bool usb = false;                    ///< the board is found on USB first, by serial number or path
  std::optional<std::uint16_t> usb_vendor;
  bool usb_alone = false;  ///< the tool cannot choose: no other device of usb_vendor may be plugged in
  std::map<ImageFormat, std::string> formats;  ///< what it takes, and its word for it
  std::vector<std::vector<Argument>> before;   ///< runs with the same program, each must succeed
  std::vector<Argument> argv;
  std::vector<std::vector<Argument>> after;
  std::vector<std::string> script;  ///< lines of the file {script}
  bool all_images = false;          ///< one run for all images, by a word with each_image
  std::optional<ToolPattern> success;
  bool success_each_image = false;
  std::optional<ToolPattern> progress;  ///< group 1: per cent; or groups 1 and 2: done and in all
  std::optional<ToolPattern> bar;       ///< group 1 is a bar that grows
  int bar_width = 50;
  std::vector<Fault> faults;
  std::chrono::seconds time{300};
  std::vector<std::string> version_argv;
  std::optional<ToolPattern> version;  ///< group 1
  std::string version_least;
};

/// Reads a table. Complains of keys, expressions and placeholders that make no sense, and of a table without selector,
/// success rule or source.
ToolSpec read_tool_spec(const Node& table, Diagnostics& diagnostics);

/// The tables that hilltop has, by name: read once.
const std::map<std::string, ToolSpec>& tool_specs();

/// The words of `arguments` with {placeholders} replaced by `values` (what is missing: "").
/// `images`: the placeholders of each image.
using ToolValues = std::map<std::string, std::string>;
[[nodiscard]] std::vector<std::string> tool_words(const std::vector<ToolSpec::Argument>& arguments,
                                                  const ToolValues& values, const std::vector<ToolValues>& images);
[[nodiscard]] std::string with_values(std::string_view text, const ToolValues& values);
/// The names in {braces} of a text.
[[nodiscard]] std::vector<std::string> placeholders(std::string_view text);

/// Whether version `is` ("7.1", "4.7.0") is at least `least`.
[[nodiscard]] bool version_at_least(std::string_view is, std::string_view least);

}  // namespace hilltop::drivers
