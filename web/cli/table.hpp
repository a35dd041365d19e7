// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "web/cli/terminal.hpp"

namespace hilltop::cli {

/// One cell: text (made printable by the table) and its style.
struct Cell {
  std::string text;
  Style style = Style::plain;
  Cell(std::string t, Style s = Style::plain) : text(std::move(t)), style(s) {}  // NOLINT: implicit by design
  Cell(const char* t) : text(t) {}                                               // NOLINT: implicit by design
};

struct Column {
  std::string title;
  bool right = false;     ///< numbers
  std::size_t least = 4;  ///< never narrower than this (or its content)
  bool rigid = false;     ///< never cut: ids, states
};

/// A table for people: columns as wide as needed; where the terminal is too narrow the widest columns that may shrink
/// are cut with an ellipsis. A line is never wrapped.
class Table {
 public:
  static constexpr std::size_t unlimited = static_cast<std::size_t>(-1);

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
  /// Missing cells are empty.
  void add(std::vector<Cell> row);
  [[nodiscard]] bool empty() const { return rows_.empty(); }
  /// All lines, each with its line end, at most `width` columns wide; a header line unless `header` is false.
  [[nodiscard]] std::string to_text(std::size_t width, bool color, bool header = true) const;

 private:
  [[nodiscard]] std::vector<std::size_t> widths(std::size_t width, bool header) const;
  std::vector<Column> columns_;
  std::vector<std::vector<Cell>> rows_;
};

}  // namespace hilltop::cli
