// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "drivers/core/result.hpp"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

namespace hilltop::boards::pcre {

template <auto Free>
struct Freeing {
  template <class T>
  void operator()(T* p) const {
    Free(p);
  }
};
using Code = std::unique_ptr<pcre2_code, Freeing<pcre2_code_free>>;
using MatchData = std::unique_ptr<pcre2_match_data, Freeing<pcre2_match_data_free>>;
using MatchContext = std::unique_ptr<pcre2_match_context, Freeing<pcre2_match_context_free>>;
using JitStack = std::unique_ptr<pcre2_jit_stack, Freeing<pcre2_jit_stack_free>>;

/// What an error code of PCRE2 means.
[[nodiscard]] std::string message_of(int code);
/// bad_input (job): the pattern, and what is wrong with it.
[[nodiscard]] Error bad_pattern(std::string_view pattern, std::string_view what);

struct Pattern {
  std::string pcre;  ///< in PCRE2's words
  Code code;
  std::map<std::string, unsigned> groups;
  bool jit =
      false;  ///< without the right to make code (seccomp, no JIT for this machine) the interpreter does the same
};

/// A Python pattern with DOTALL, not anchored, with the given PCRE2 options besides; `jit`: PCRE2_JIT_... Errors:
/// bad_input (job) with the pattern, what is wrong and where in it.
Result<Pattern> compile(std::string_view python, std::uint32_t options, std::uint32_t jit);
/// The same for what compile() has translated already.
Result<Pattern> compile_translated(std::string_view python, std::string pcre, std::uint32_t options, std::uint32_t jit);

}  // namespace hilltop::boards::pcre
