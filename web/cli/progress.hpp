// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "web/cli/context.hpp"

namespace hilltop::cli {

/// Shows jobs while they run, on standard error: a table that redraws itself on a terminal, a line for each change
/// elsewhere. Nothing with --quiet.
class Progress {
 public:
  explicit Progress(Context& context);
  ~Progress();  ///< leaves the last table standing
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// Shows these jobs as they are now.
  void show(const std::vector<Json>& jobs);
  /// Takes the table off the screen: to print something else, or for good.
  void clear();

 private:
  void draw(const std::vector<Json>& jobs);
  void say(const std::vector<Json>& jobs);

  Context& context_;
  bool live_;
  std::size_t drawn_ = 0;  ///< lines on the screen
  std::map<std::string, std::string> said_;
};

/// The table of `jobs` that fits into `rows` lines of `width` columns: those that run come before those that wait or
/// have finished where not all fit, and a last line counts the others.
[[nodiscard]] std::string progress_table(const std::vector<Json>& jobs, std::size_t rows, std::size_t width,
                                         bool color);

}  // namespace hilltop::cli
