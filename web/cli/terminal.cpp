// SPDX-License-Identifier: Apache-2.0
#include "web/cli/terminal.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <utility>

namespace hilltop::cli {
namespace {

bool environment_has(const char* name) {
  const char* value = std::getenv(name);
  return value != nullptr && *value != '\0';
}

bool terminal_takes_color() {
  const char* term = std::getenv("TERM");
  return !environment_has("NO_COLOR") && term != nullptr && *term != '\0' && std::string_view(term) != "dumb";
}

winsize window_of(int fd) {
  winsize size{};
  if (ioctl(fd, TIOCGWINSZ, &size) != 0) return {};
  return size;
}

/// One decoded character: its code point and how many bytes it took. Invalid bytes are U+FFFD, one byte each.
struct Character {
  char32_t code = 0;
  std::size_t bytes = 1;
};

constexpr char32_t replacement = 0xfffd;

Character decode(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  if (first < 0x80) return {first, 1};
  const std::size_t bytes = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < bytes) return {replacement, 1};
  char32_t code = first & (0x7fU >> bytes);
  for (std::size_t i = 1; i < bytes; ++i) {
    const auto next = static_cast<unsigned char>(text[i]);
    if ((next & 0xc0) != 0x80) return {replacement, 1};
    code = (code << 6) | (next & 0x3f);
  }
  constexpr std::array<char32_t, 5> shortest{0, 0, 0x80, 0x800, 0x10000};
  if (code < shortest[bytes] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return {replacement, 1};
  return {code, bytes};
}

/// The ranges that matter in a lab's texts. Source: Unicode 15 EastAsianWidth.txt (W and F), general category Mn.
std::size_t columns_of(char32_t c) {
  const auto in = [c](char32_t low, char32_t high) { return c >= low && c <= high; };
  if (c < 0x20 || in(0x7f, 0x9f) || in(0x300, 0x36f) || in(0x200b, 0x200f) || in(0xfe00, 0xfe0f)) return 0;
  if (in(0x1100, 0x115f) || in(0x2e80, 0xa4cf) || in(0xac00, 0xd7a3) || in(0xf900, 0xfaff) || in(0xfe30, 0xfe6f) ||
      in(0xff00, 0xff60) || in(0xffe0, 0xffe6) || in(0x1f300, 0x1f64f) || in(0x1f900, 0x1f9ff) || in(0x20000, 0x3fffd))
    return 2;
  return 1;
}

/// C0, C1 and the characters that turn the direction of text: all could make a terminal lie.
bool is_control(char32_t c) {
  return c < 0x20 || (c >= 0x7f && c <= 0x9f) || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

}  // namespace

Screen look_at_screen(ColorMode mode) {
  Screen screen{isatty(STDIN_FILENO) == 1, isatty(STDOUT_FILENO) == 1, isatty(STDERR_FILENO) == 1, false, false};
  const bool wanted = mode == ColorMode::automatic && terminal_takes_color();
  screen.out_color = mode == ColorMode::always || (wanted && screen.out_is_terminal);
  screen.err_color = mode == ColorMode::always || (wanted && screen.err_is_terminal);
  return screen;
}

std::size_t terminal_width(int fd, std::size_t otherwise) {
  if (const auto size = window_of(fd); size.ws_col > 0) return size.ws_col;
  if (const char* columns = std::getenv("COLUMNS"); columns != nullptr && isatty(fd) == 1) {
    if (const long value = std::strtol(columns, nullptr, 10); value > 0 && value < 10000)
      return static_cast<std::size_t>(value);
  }
  return otherwise;
}

std::size_t terminal_height(int fd, std::size_t otherwise) {
  const auto size = window_of(fd);
  return size.ws_row > 0 ? size.ws_row : otherwise;
}

std::string styled(std::string_view text, Style style, bool color) {
  if (!color || style == Style::plain || text.empty()) return std::string(text);
  // Source: ECMA-48 8.3.117, SGR.
  constexpr std::array<std::string_view, 6> codes{"0", "32", "31", "33", "2", "1"};
  return "\033[" + std::string(codes[static_cast<std::size_t>(style)]) + "m" + std::string(text) + "\033[0m";
}

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto c = decode(text);
    if (c.code == '\t' || c.code == '\n' || c.code == '\r')
      out += ' ';
    else if (c.code == replacement || is_control(c.code))
      out += '?';
    else
      out += text.substr(0, c.bytes);
    text.remove_prefix(c.bytes);
  }
  return out;
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const auto c = decode(text);
    width += columns_of(c.code);
    text.remove_prefix(c.bytes);
  }
  return width;
}

std::string cut_to(std::string_view text, std::size_t width) {
  if (display_width(text) <= width) return std::string(text);
  if (width == 0) return {};
  std::string out;
  std::size_t used = 0;
  for (auto rest = text; !rest.empty();) {
    const auto c = decode(rest);
    if (used + columns_of(c.code) > width - 1) break;
    used += columns_of(c.code);
    out += rest.substr(0, c.bytes);
    rest.remove_prefix(c.bytes);
  }
  return out + "…";
}

}  // namespace hilltop::cli
