// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "boards/board_type.hpp"
#include "drivers/core/node.hpp"

/// Other farms' files, as a lab file: what has a meaning here is translated, what has none stays as a comment.
namespace hilltop::cli {

/// One board of another farm's file.
struct ImportedBoard {
  std::string name;
  std::string type;                ///< "" where the file does not say, or what it says is unknown here: see `type_was`
  std::string type_was;            ///< the other farm's word for it
  std::vector<std::string> lines;  ///< "console: {driver: tty, path: ...}"
  std::vector<std::string> unknown;  ///< what could not be translated
};

struct Imported {
  std::string format;  ///< "Twister hardware map", "labgrid exporter", "pdudaemon", "LAVA device dictionary"
  std::vector<ImportedBoard> boards;
  std::vector<std::string> unknown;  ///< of the file itself
};

/// Which format `text` has is told by its keys. `file_name`: its stem is the board's name where the file has none
/// (LAVA). Errors: in `diagnostics`: no such format is known. Source: Zephyr,
/// scripts/schemas/twister/hwmap-schema.yaml; labgrid, doc/configuration.rst and doc/man/exporter.rst; pdudaemon,
/// share/pdudaemon.conf; LAVA, doc on device dictionaries (the rendered form: commands, connections).
[[nodiscard]] Imported import_lab(const Node& text, const std::string& file_name, const boards::BoardTypes* types,
                                  Diagnostics& diagnostics);

/// The lab file.
[[nodiscard]] std::string to_lab_text(const Imported& imported, const std::string& lab_name,
                                      const std::string& file_name);

// One a format.
[[nodiscard]] Imported import_twister(const Node& map, const boards::BoardTypes* types);
[[nodiscard]] Imported import_labgrid(const Node& exporter);
[[nodiscard]] Imported import_pdudaemon(const Node& configuration);
[[nodiscard]] Imported import_lava(const Node& device, const std::string& name, const boards::BoardTypes* types);

/// In single quotes where YAML would read something else, or a comment, from it.
[[nodiscard]] std::string yaml_scalar(const std::string& text);
/// In single quotes, always: a serial number of digits alone is no number.
[[nodiscard]] std::string yaml_text(const std::string& text);
/// A whole number as it is; other text as yaml_scalar() has it.
[[nodiscard]] std::string yaml_number(const Node& value);
/// "[a, b]" of a command line: split as a shell splits words; "" when only a shell could run it (pipes, variables).
[[nodiscard]] std::string argument_vector(const std::string& command);
/// `key: value` of a scalar, or its JSON: for comments.
[[nodiscard]] std::string as_comment(const std::string& key, const Node& value);

}  // namespace hilltop::cli
