// SPDX-License-Identifier: Apache-2.0
#include "boards/inventory_complaints.hpp"

#include <unistd.h>

#include <algorithm>

namespace hilltop::boards {
namespace {

void add(const Diagnostic& one, Diagnostics& diagnostics) {
  if (one.severity == Diagnostic::Severity::error)
    diagnostics.error(one.place, one.message, one.suggestion);
  else
    diagnostics.warning(one.place, one.message, one.suggestion);
}

/// True where `warning` is of a key of `boards` itself, not of one within a board. Boards in a block have one column,
/// and what is within them stands further right; in a map in braces the last of the equal keys is the one that was
/// kept.
bool is_of_board(const Diagnostic& warning, const Node::Entry& board, const Place& boards) {
  const auto& kept = board.key.place();
  if (!warning.message.starts_with("'" + board.key.text() + "' is written twice")) return false;
  const bool same_place = warning.place.line == kept.line && warning.place.column == kept.column;
  const bool in_block = boards.column == kept.column && warning.place.column == kept.column;
  return same_place || (in_block && warning.place.line >= boards.line);
}

}  // namespace

void add_all(const Diagnostics& more, Diagnostics& diagnostics) {
  for (const auto& one : more.all()) add(one, diagnostics);
}

Diagnostics refused_repeats(const Diagnostics& read, const Node& boards) {
  Diagnostics out;
  for (const auto& one : read.all()) {
    const auto& entries = boards.entries();
    const auto board =
        std::ranges::find_if(entries, [&](const auto& entry) { return is_of_board(one, entry, boards.place()); });
    if (board == entries.end())
      add(one, out);
    else
      out.error(one.place, "board '" + board->key.text() + "' is written twice", one.suggestion);
  }
  return out;
}

Diagnostics moved_to_file(const Diagnostics& found, const Place& here, const std::string& what) {
  Diagnostics out;
  for (auto one : found.all()) {
    const bool elsewhere = !one.place.file || !here.file || *one.place.file != *here.file;
    if (elsewhere && !one.message.starts_with(what)) one.message = what + ": " + one.message;
    if (elsewhere) one.place = here;
    const auto text = one.to_string();
    if (std::ranges::none_of(out.all(), [&](const auto& other) { return other.to_string() == text; })) add(one, out);
  }
  return out;
}

Diagnostics renamed(const Diagnostics& found, const std::string& file, const std::string& shown) {
  const auto name = std::make_shared<const std::string>(shown);
  Diagnostics out;
  for (auto one : found.all()) {
    if (one.place.file && *one.place.file == file) one.place.file = name;
    // A message may name a second place of the same file.
    for (auto* text : {&one.message, &one.suggestion})
      for (auto at = text->find(file + ":"); at != text->npos; at = text->find(file + ":", at + shown.size()))
        text->replace(at, file.size(), shown);
    add(one, out);
  }
  return out;
}

void check_file_root(const std::filesystem::path& folder, const Place& place, Diagnostics& diagnostics) {
  const auto what = "artifacts: file_roots: " + folder.string();
  std::error_code failed;
  const auto status = std::filesystem::status(folder, failed);
  if (status.type() == std::filesystem::file_type::not_found)
    diagnostics.warning(place, what + " is not on this host", "no job can have files from it until it is there");
  else if (!std::filesystem::status_known(status))
    diagnostics.error(place, what + ": " + failed.message());
  else if (status.type() != std::filesystem::file_type::directory)
    diagnostics.error(place, what + " is no folder", "jobs may name the files below a folder");
  else if (::access(folder.c_str(), R_OK | X_OK) != 0)
    diagnostics.warning(place, what + " cannot be looked into by the user of this program");
}

}  // namespace hilltop::boards
