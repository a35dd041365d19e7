// SPDX-License-Identifier: Apache-2.0
#include "boards/console/match/pcre.hpp"

#include "boards/console/match/printable.hpp"
#include "boards/console/match/python_pattern.hpp"

namespace hilltop::boards::pcre {
namespace {

using CompileContext = std::unique_ptr<pcre2_compile_context, Freeing<pcre2_compile_context_free>>;

}  // namespace

std::string message_of(int code) {
  PCRE2_UCHAR text[200];
  return pcre2_get_error_message(code, text, sizeof text) < 0 ? "unknown error" : reinterpret_cast<const char*>(text);
}

Error bad_pattern(std::string_view pattern, std::string_view what) {
  return {Errc::bad_input, Blame::job, "pattern '" + printable(pattern, 200) + "': " + std::string(what)};
}

Result<Pattern> compile_translated(std::string_view python, std::string pcre, std::uint32_t options,
                                   std::uint32_t jit) {
  const CompileContext context(pcre2_compile_context_create(nullptr));
  pcre2_set_newline(context.get(), PCRE2_NEWLINE_LF);
  int error = 0;
  PCRE2_SIZE at = 0;
  Pattern out;
  out.code.reset(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pcre.data()), pcre.size(),
                               PCRE2_DOTALL | PCRE2_NEVER_UTF | options, &error, &at, context.get()));
  if (!out.code)
    return bad_pattern(python,
                       message_of(error) + " at position " + std::to_string(at) + " of '" + printable(pcre, 200) + "'");
  out.jit = pcre2_jit_compile(out.code.get(), jit) == 0;
  out.pcre = std::move(pcre);
  return out;
}

Result<Pattern> compile(std::string_view python, std::uint32_t options, std::uint32_t jit) {
  auto translated = translate_python_pattern(python);
  if (!translated) return bad_pattern(python, translated.error().text);
  HILLTOP_TRY(auto out, compile_translated(python, std::move(translated->pcre), options, jit));
  out.groups = std::move(translated->groups);
  return out;
}

}  // namespace hilltop::boards::pcre
