// SPDX-License-Identifier: Apache-2.0
#include "drivers/power/unit/unit_pattern.hpp"

#include <regex.h>

#include <array>

namespace hilltop::drivers::unit {
namespace {

// Measured: 50,000 bytes that nearly match at each place take 16 s.
constexpr std::size_t longest_text = 32UL * 1024;

}  // namespace

struct Pattern::Compiled {
  Compiled() = default;
  ~Compiled() { ::regfree(&expression); }
  Compiled(const Compiled&) = delete;
  Compiled& operator=(const Compiled&) = delete;
  regex_t expression{};
};

Result<Pattern> Pattern::compile(const std::string& expression) {
  auto compiled = std::make_shared<Compiled>();
  if (const int failed = ::regcomp(&compiled->expression, expression.c_str(), REG_EXTENDED); failed != 0) {
    std::array<char, 128> text{};
    ::regerror(failed, &compiled->expression, text.data(), text.size());
    compiled->expression = {};  // nothing to free
    return Error(Errc::bad_input, Blame::configuration, "'" + expression + "': " + text.data());
  }
  Pattern out;
  out.compiled_ = std::move(compiled);
  return out;
}

std::optional<Pattern::Match> Pattern::find(std::string_view text) const {
  text = text.substr(0, longest_text);
  std::array<regmatch_t, 2> found{};
  found[0].rm_eo = static_cast<regoff_t>(text.size());
  if (!compiled_ ||
      ::regexec(&compiled_->expression, text.data() ? text.data() : "", found.size(), found.data(), REG_STARTEND) != 0)
    return std::nullopt;
  const auto& part = found[1].rm_so >= 0 ? found[1] : found[0];
  Match out;
  out.end = static_cast<std::size_t>(found[0].rm_eo);
  out.text = text.substr(static_cast<std::size_t>(part.rm_so), static_cast<std::size_t>(part.rm_eo - part.rm_so));
  return out;
}

}  // namespace hilltop::drivers::unit
