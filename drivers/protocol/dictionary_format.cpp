// SPDX-License-Identifier: Apache-2.0
#include "drivers/protocol/dictionary_format.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdio>

namespace hilltop::drivers::dictionary_log {
namespace {

constexpr std::size_t int_bytes = 4;
constexpr int widest = 1024;  // of one conversion
constexpr std::size_t most_text = 64 * 1024;

/// Texts that are appended to a package, by the place of their pointer in it, in ints.
using Texts = std::map<std::uint8_t, std::string>;

std::optional<Texts> read_texts(std::string_view bytes, std::size_t count) {
  Texts out;
  while (!bytes.empty()) {
    const auto index = static_cast<std::uint8_t>(bytes.front());
    const auto end = bytes.find('\0', 1);
    if (end == std::string_view::npos) break;
    out[index] = std::string(bytes.substr(1, end - 1));
    bytes.remove_prefix(end + 1);
  }
  if (out.size() != count) return std::nullopt;
  return out;
}

/// One conversion of a format text: %[flags][width][.precision][length]conversion.
struct Conversion {
  std::string flags;
  int width = -1, precision = -1;
  bool width_given_as_argument = false, precision_given_as_argument = false;
  std::string length;  ///< "", hh, h, l, ll, j, z, t, L
  char kind = '\0';
};

/// Digits or '*' at `at`; -1 where there are none.
int read_size(std::string_view format, std::size_t& at, bool& given_as_argument) {
  given_as_argument = at < format.size() && format[at] == '*';
  if (given_as_argument) return ++at, -1;
  int out = -1;
  for (; at < format.size() && format[at] >= '0' && format[at] <= '9'; ++at)
    out = std::min(widest, std::max(out, 0) * 10 + (format[at] - '0'));
  return out;
}

/// `at` is behind the '%'; then behind the conversion.
Conversion read_conversion(std::string_view format, std::size_t& at) {
  Conversion out;
  const auto take = [&](std::string_view of, std::string& into) {
    while (at < format.size() && of.find(format[at]) != std::string_view::npos && into.size() < 5) into += format[at++];
  };
  take("-+ #0", out.flags);
  out.width = read_size(format, at, out.width_given_as_argument);
  if (at < format.size() && format[at] == '.') {
    ++at;
    out.precision = std::max(0, read_size(format, at, out.precision_given_as_argument));
  }
  take("hljztL", out.length);
  if (at < format.size()) out.kind = format[at++];
  return out;
}

class Formatter {
 public:
  Formatter(const Database& database, std::string_view arguments, const Texts& texts)
      : database_(database), arguments_(arguments, database.is_little_endian()), texts_(texts) {}

  std::optional<std::string> format(std::string_view text) {
    std::string out;
    for (std::size_t at = 0; at < text.size() && out.size() < most_text;) {
      if (text[at] != '%') {
        out += text[at++];
      } else if (text.substr(at).starts_with("%%")) {
        out += '%';
        at += 2;
      } else {
        append(out, read_conversion(text, ++at));
      }
    }
    if (arguments_.ran_out()) return std::nullopt;
    return out;
  }

 private:
  [[nodiscard]] std::size_t pointer_bytes() const { return database_.is_64bit() ? 8 : 4; }

  /// The next argument. Source: dictionary_parser, process_one_fmt_str(): slots are aligned to the larger of pointer
  /// and argument, unless the architecture packs them.
  std::uint64_t argument(std::size_t size) {
    const auto slot = std::max(size, pointer_bytes());
    const auto aligned = [&](std::size_t at) { return (at + slot - 1) / slot * slot; };
    if (!database_.packs_arguments()) arguments_.skip_to(aligned(arguments_.position()));
    begin_ = arguments_.position();
    const auto out = arguments_.number(std::min<std::size_t>(size, 8));
    arguments_.skip_to(begin_ + size);
    if (!database_.packs_arguments()) arguments_.skip_to(aligned(arguments_.position()));
    return out;
  }

  [[nodiscard]] std::size_t integer_bytes(const std::string& length) const {
    if (length == "ll") return 8;
    return length == "l" || length == "j" || length == "z" || length == "t" ? pointer_bytes() : int_bytes;
  }

  std::string text_argument() {
    const auto address = argument(pointer_bytes());
    if (auto text = database_.text_at(address)) return *std::move(text);
    const auto index = (begin_ + 2 * pointer_bytes()) / int_bytes;
    const auto appended = texts_.find(static_cast<std::uint8_t>(index));
    if (appended != texts_.end() && index < 256) return appended->second;
    std::array<char, 40> unknown{};
    std::snprintf(unknown.data(), unknown.size(), "<string@0x%llx>", static_cast<unsigned long long>(address));
    return unknown.data();
  }

  /// Prints one value by the C library, which knows all flags; `modifier` says how wide it was made.
  template <class Value>
  static void print(std::string& out, const Conversion& c, const char* modifier, char kind, Value value) {
    std::string format = "%" + c.flags;
    if (c.width >= 0) format += std::to_string(c.width);
    if (c.precision >= 0) format += "." + std::to_string(c.precision);
    format += modifier;
    format += kind;
    std::array<char, widest + 400> buffer{};  // the largest double has 309 digits
    const int size = std::snprintf(buffer.data(), buffer.size(), format.c_str(), value);
    out.append(buffer.data(), static_cast<std::size_t>(std::clamp(size, 0, static_cast<int>(buffer.size()) - 1)));
  }

  static void append_text(std::string& out, const Conversion& c, std::string text) {
    if (c.precision >= 0) text.resize(std::min(text.size(), static_cast<std::size_t>(c.precision)));
    const auto width = static_cast<std::size_t>(std::max(c.width, 0));
    const std::string padding(width > text.size() ? width - text.size() : 0, ' ');
    out += c.flags.find('-') == std::string::npos ? padding + text : text + padding;
  }

  void append_integer(std::string& out, const Conversion& c) {
    const auto size = integer_bytes(c.length);
    auto bits = argument(size);
    if (c.kind != 'd' && c.kind != 'i') return print(out, c, "ll", c.kind, static_cast<unsigned long long>(bits));
    if (size == int_bytes) bits = static_cast<std::uint64_t>(std::int64_t{static_cast<std::int32_t>(bits)});
    print(out, c, "ll", c.kind, static_cast<long long>(bits));
  }

  void append(std::string& out, Conversion c) {
    if (c.width_given_as_argument) {
      const auto width = static_cast<std::int32_t>(argument(int_bytes));
      if (width < 0) c.flags += '-';
      c.width = static_cast<int>(std::min<std::int64_t>(widest, std::abs(std::int64_t{width})));
    }
    if (c.precision_given_as_argument)
      c.precision = std::clamp(static_cast<int>(static_cast<std::int32_t>(argument(int_bytes))), -1, widest);
    constexpr std::size_t long_double_bytes = 16;
    switch (c.kind) {
      case 'd':
      case 'i':
      case 'o':
      case 'u':
      case 'x':
      case 'X':
        return append_integer(out, c);
      case 'c':
        return print(out, c, "", 'c', static_cast<int>(argument(int_bytes)));
      case 'p':
        out += "0x";
        return print(out, c, "ll", 'x', static_cast<unsigned long long>(argument(pointer_bytes())));
      case 's':
        return append_text(out, c, text_argument());
      case 'a':
      case 'A':
      case 'e':
      case 'E':
      case 'f':
      case 'F':
      case 'g':
      case 'G':
        // of a long double the first half: as little as the original parser makes of it
        return print(out, c, "", c.kind, std::bit_cast<double>(argument(c.length == "L" ? long_double_bytes : 8)));
      case 'n':
        (void)argument(pointer_bytes());
        return;
      default:
        out += c.kind;
    }
  }

  const Database& database_;
  Reader arguments_;
  const Texts& texts_;
  std::size_t begin_ = 0;  ///< where the last argument stands
};

}  // namespace

std::uint64_t Reader::number(std::size_t size) {
  if (at_ > bytes_.size() || bytes_.size() - at_ < size) {
    ran_out_ = true;
    return 0;
  }
  std::uint64_t out = 0;
  for (std::size_t i = 0; i < size; ++i)
    out = out << 8 | static_cast<std::uint8_t>(bytes_[at_ + (little_endian_ ? size - 1 - i : i)]);
  at_ += size;
  return out;
}

// Shape: [ints:1][texts:1][read-only places:1][read-write places:1], padded to a pointer; the format's pointer; the
// arguments, up to `ints`; the places, a byte each; the texts, each [place:1][bytes][0].
std::optional<std::string> format_package(const Database& database, std::string_view package) {
  const std::size_t pointer = database.is_64bit() ? 8 : 4;
  if (package.size() < 2 * pointer) return std::nullopt;
  const auto byte = [&](std::size_t at) { return static_cast<std::size_t>(static_cast<std::uint8_t>(package[at])); };
  const auto arguments_end = byte(0) * int_bytes;
  const auto texts_begin = arguments_end + byte(2) + byte(3);
  if (arguments_end < 2 * pointer || texts_begin > package.size()) return std::nullopt;
  const auto texts = read_texts(package.substr(texts_begin), byte(1));
  if (!texts) return std::nullopt;
  Reader reader(package, database.is_little_endian());
  reader.skip_to(pointer);
  auto format = database.text_at(reader.number(pointer));
  if (!format) {
    const auto appended = texts->find(static_cast<std::uint8_t>(pointer / int_bytes));
    if (appended == texts->end()) return std::nullopt;
    format = appended->second;
  }
  if (format->empty()) return std::nullopt;
  return Formatter(database, package.substr(2 * pointer, arguments_end - 2 * pointer), *texts).format(*format);
}

}  // namespace hilltop::drivers::dictionary_log
