// SPDX-License-Identifier: Apache-2.0
#include "web/cli/table.hpp"

#include <algorithm>
#include <numeric>

namespace hilltop::cli {
namespace {

constexpr std::size_t gap = 2;  // spaces between columns

std::string padded(const std::string& text, std::size_t width, bool right, Style style, bool color) {
  const auto shown = cut_to(text, width);
  const std::string space(width - std::min(width, display_width(shown)), ' ');
  return right ? space + styled(shown, style, color) : styled(shown, style, color) + space;
}

std::string one_line(const std::vector<Cell>& cells, const std::vector<Column>& columns,
                     const std::vector<std::size_t>& widths, bool color) {
  std::string line;
  std::size_t last = cells.size();
  while (last > 0 && cells[last - 1].text.empty()) --last;  // no spaces at a line's end
  for (std::size_t i = 0; i < last; ++i) {
    if (i > 0 && widths[i] > 0) line += std::string(gap, ' ');
    const bool pad = i + 1 < last || columns[i].right;
    const auto width = pad ? widths[i] : std::min(widths[i], display_width(cells[i].text));
    line += padded(cells[i].text, width, columns[i].right, cells[i].style, color);
  }
  return line + "\n";
}

}  // namespace

void Table::add(std::vector<Cell> row) {
  for (auto& cell : row) cell.text = printable(cell.text);
  row.resize(columns_.size(), Cell(""));
  rows_.push_back(std::move(row));
}

std::vector<std::size_t> Table::widths(std::size_t width, bool header) const {
  std::vector<std::size_t> wide(columns_.size(), 0);
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (header) wide[i] = display_width(columns_[i].title);
    for (const auto& row : rows_) wide[i] = std::max(wide[i], display_width(row[i].text));
  }
  const auto total = [&wide] {
    const auto sum = std::accumulate(wide.begin(), wide.end(), std::size_t{0});
    return wide.empty() ? sum : sum + gap * (wide.size() - 1);
  };
  // The widest column gives up a column at a time; when all stand at their least, the rigid ones give, too.
  for (const bool spare_rigid : {true, false}) {
    while (total() > width) {
      std::size_t best = wide.size();
      for (std::size_t i = 0; i < wide.size(); ++i) {
        const auto least = spare_rigid ? columns_[i].least : 1;
        if ((spare_rigid && columns_[i].rigid) || wide[i] <= least) continue;
        if (best == wide.size() || wide[i] > wide[best]) best = i;
      }
      if (best == wide.size()) break;
      --wide[best];
    }
  }
  return wide;
}

std::string Table::to_text(std::size_t width, bool color, bool header) const {
  const auto wide = widths(width, header);
  std::string text;
  if (header) {
    std::vector<Cell> titles;
    for (const auto& column : columns_) titles.emplace_back(column.title, Style::dim);
    text += one_line(titles, columns_, wide, color);
  }
  for (const auto& row : rows_) text += one_line(row, columns_, wide, color);
  return text;
}

}  // namespace hilltop::cli
