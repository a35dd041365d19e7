// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/core/result.hpp"

namespace hilltop::drivers::unit {

/// What may be named in a template: `outlet`, `outlets`, `word`, and what the address or a reply has given.
using Variables = std::map<std::string, std::string, std::less<>>;

/// How text that is put into a template is made harmless where it goes. What the template itself says is left alone.
enum class Escape : std::uint8_t { none, url, json, pattern };

/// A text of a unit's model with holes: `${outlet}`, `${outlet-1|02}`, `${2*outlet-1|x}`, `${password|base64}`.
/// Shape: `${EXPRESSION}` or `${EXPRESSION|FORMAT}`. An expression is a name, or a sum of products of whole numbers and
/// names (+ - * / %, evaluated as C does). Formats: a width with leading zeros (`02`), `x` or `X` with or without it
/// (hexadecimal), `byte` (that byte), `bit` (a byte with that bit, as two hexadecimal digits), `mask` (as many `0` as
/// there are outlets, with a `1` in that place, the first is 1; `masku0`: of `u` and `0`), `base36` (one digit 0-9A-Z),
/// `url`, `json`, `base64`, `raw` (text, whatever the place would escape).
class Template {
 public:
  Template() = default;
  /// Errors: bad_input (configuration) for a hole that is none.
  static Result<Template> parse(std::string_view text);

  /// Errors: not_found (configuration) for a name without value; bad_input (configuration) for a text that is no number
  /// where one is computed, or a number that does not fit its format.
  [[nodiscard]] Result<std::string> render(const Variables& variables, Escape escape = Escape::none) const;
  [[nodiscard]] bool names(std::string_view variable) const;
  [[nodiscard]] std::vector<std::string> names() const;
  [[nodiscard]] bool empty() const { return pieces_.empty(); }

 private:
  struct Factor {
    char sign = '+';  ///< what stands before it: + - * / %
    std::string name;
    long number = 0;  ///< where `name` is empty
  };
  struct Piece {
    std::string text;             ///< as it is
    std::vector<Factor> factors;  ///< or computed, when there are any
    std::string format;
  };
  static Result<Piece> parse_hole(std::string_view hole);
  static Result<std::string> render_hole(const Piece& piece, const Variables& variables, Escape escape);

  std::vector<Piece> pieces_;
};

[[nodiscard]] std::string url_escaped(std::string_view text);
[[nodiscard]] std::string json_escaped(std::string_view text);

}  // namespace hilltop::drivers::unit
