// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "drivers/core/result.hpp"

namespace hilltop::boards {

/// A Python `re` pattern in PCRE2's words (bytes, no UTF mode, DOTALL set by the caller).
struct TranslatedPattern {
  std::string pcre;
  std::map<std::string, unsigned> groups;  ///< named groups by number; in `pcre` all groups are numbered
};

/// Errors: bad_input (job): what Python's `re` would refuse or PCRE2 cannot say, with the position (0-based, in bytes).
/// Source: Python 3.11 `re` documentation, "Regular Expression Syntax"; pcre2pattern(3), pcre2syntax(3).
Result<TranslatedPattern> translate_python_pattern(std::string_view pattern);

}  // namespace hilltop::boards
