// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace hilltop::cli {

/// What the standard streams are attached to. Taken once at start; tests make their own.
struct Screen {
  bool in_is_terminal = false;
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  bool out_color = false;
  bool err_color = false;
};

enum class ColorMode : unsigned char { automatic, always, never };

/// Looks at descriptors 0 to 2. Automatic colours need a terminal, no NO_COLOR and a TERM other than "dumb".
/// Source: https://no-color.org (set and not empty).
[[nodiscard]] Screen look_at_screen(ColorMode mode);

/// Columns (or rows) of the terminal on `fd`; `otherwise` when it is none. COLUMNS helps where the terminal does not
/// say.
[[nodiscard]] std::size_t terminal_width(int fd, std::size_t otherwise);
[[nodiscard]] std::size_t terminal_height(int fd, std::size_t otherwise);

enum class Style : unsigned char { plain, good, bad, warn, dim, bold };

/// `text` in the style's colour where `color` is on.
[[nodiscard]] std::string styled(std::string_view text, Style style, bool color);

/// Text from a board or a server as it may be printed: control characters (a terminal's escape sequences) become '?',
/// tabs and line ends become spaces; invalid UTF-8 becomes '?'.
[[nodiscard]] std::string printable(std::string_view text);

/// Columns that `text` takes on a terminal: combining marks none, East Asian wide characters and emoji two.
[[nodiscard]] std::size_t display_width(std::string_view text);

/// `text`, cut to at most `width` columns with an ellipsis at its end where it was longer.
[[nodiscard]] std::string cut_to(std::string_view text, std::size_t width);

}  // namespace hilltop::cli
