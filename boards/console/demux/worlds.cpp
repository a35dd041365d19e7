// SPDX-License-Identifier: Apache-2.0
#include "boards/console/demux/worlds.hpp"

#include <array>

#include "boards/console/demux/find.hpp"
#include "boards/console/demux/kernel.hpp"

namespace hilltop::boards::demux {
namespace {

using Line = WorldsDecoder::Line;

struct Mark {
  std::string_view text;  ///< how a line begins
  Line line;
};
// The first that fits counts.
constexpr std::array marks = {
    Mark{"U-Boot 20", Line::loader_begins},
    Mark{"U-Boot SPL 20", Line::loader_begins},
    Mark{"U-Boot TPL 20", Line::loader_begins},
    Mark{"*** Booting MCUboot", Line::loader_begins},
    Mark{"I: Starting bootloader", Line::loader_begins},
    Mark{"[INF] Starting bootloader", Line::loader_begins},
    Mark{"Starting kernel", Line::loader_ends},
    Mark{"## Starting application", Line::loader_ends},
    Mark{"I: Jumping to the first image slot", Line::loader_ends},
    Mark{"[INF] Jumping to the first image slot", Line::loader_ends},
    Mark{"EFI stub: ", Line::kernel},
    Mark{"#### Execute test suites for the Secure area", Line::area_begins},
    Mark{"*** End of Secure test suites", Line::area_ends},
    Mark{"Booting TF-M", Line::secure},
    Mark{"TF-M isolation level is: ", Line::secure},
    Mark{"Creating an empty ITS flash layout", Line::secure},
    Mark{"Creating an empty PS flash layout", Line::secure},
    Mark{"[Sec Thread] ", Line::secure},
    Mark{"[Sec Error] ", Line::secure},
    Mark{"[INF]", Line::secure},
    Mark{"[WRN]", Line::secure},
    Mark{"[ERR]", Line::secure},
    Mark{"[DBG]", Line::secure},
    Mark{"NOTICE:  ", Line::tf_a},
    Mark{"ERROR:   ", Line::tf_a},
    Mark{"INFO:    ", Line::tf_a},
    Mark{"WARNING: ", Line::plain},  // others say so too: counts once TF-A has been heard
    Mark{"VERBOSE: ", Line::plain},
};
/// For each byte the first mark that begins with it, and for each mark the next one of the same first byte.
struct MarksByByte {
  static constexpr std::int8_t none = -1;
  std::array<std::int8_t, 256> first{};
  std::array<std::int8_t, marks.size()> next{};
};
constexpr auto marks_by_byte = [] {
  MarksByByte out;
  out.first.fill(MarksByByte::none);
  for (auto i = marks.size(); i-- > 0;) {
    auto& first = out.first[static_cast<std::uint8_t>(marks[i].text.front())];
    out.next[i] = first;
    first = static_cast<std::int8_t>(i);
  }
  return out;
}();
/// Bytes that a line may begin with which is not plain.
constexpr auto first_bytes = [] {
  std::array<bool, 256> out{};
  for (const auto& mark : marks) out[static_cast<std::uint8_t>(mark.text.front())] = true;
  for (const char c : std::string_view("<\x1b"
                                       "DIEFM"))
    out[static_cast<std::uint8_t>(c)] = true;
  return out;
}();
constexpr std::string_view op_tee_levels = "DIEFM";

/// "D/TC:0 0 ", "I/TA: ".
Fit fit_op_tee(std::string_view text) {
  Prefix at(text);
  return at.one_of(op_tee_levels) && at.word("/T") && at.one_of("CA") && at.byte(':') && at.one_of("0123456789? ")
             ? Fit::yes
             : at.fit();
}

Fit fit_word(std::string_view text, std::string_view word) {
  if (text.size() >= word.size()) return text.starts_with(word) ? Fit::yes : Fit::no;
  return word.starts_with(text) ? Fit::more : Fit::no;
}

/// Bytes of colour sequences before a line's words. Value: no where the bytes end within one.
std::optional<std::size_t> colours_before(std::string_view text) {
  constexpr std::size_t most = 32;
  std::size_t out = 0;
  while (out < most && out < text.size() && text[out] == '\x1b') {
    Prefix at(text.substr(out));
    const bool colour =
        at.word("\x1b[") && at.run(0, 8, [](char c) { return Prefix::is_digit(c) || c == ';'; }) && at.byte('m');
    if (at.ran_out()) return std::nullopt;
    if (!colour) break;
    out += at.position();
  }
  return out;
}

Fit fit_marks(std::string_view text, bool tf_a_heard, Line& line) {
  bool more = false;
  auto next = marks_by_byte.first[static_cast<std::uint8_t>(text.front())];
  while (next != MarksByByte::none) {
    const auto& mark = marks[static_cast<std::size_t>(next)];
    next = marks_by_byte.next[static_cast<std::size_t>(next)];
    const auto fit = fit_word(text, mark.text);
    more = more || fit == Fit::more;
    if (fit != Fit::yes) continue;
    if (more) return Fit::more;  // one before it may fit yet
    line = mark.line == Line::plain && tf_a_heard ? Line::tf_a : mark.line;
    return Fit::yes;
  }
  return more ? Fit::more : Fit::no;
}

/// What a line that begins with `text` is.
Fit classify(std::string_view text, bool tf_a_heard, Line& line) {
  line = Line::plain;
  if (text.empty()) return Fit::more;
  if (!first_bytes[static_cast<std::uint8_t>(text.front())]) return Fit::yes;
  if (is_usual_printk(text)) return line = Line::kernel, Fit::yes;
  const auto colours = text.front() == '\x1b' ? colours_before(text) : std::optional<std::size_t>(0);
  if (!colours) return Fit::more;
  text.remove_prefix(*colours);
  if (text.empty()) return Fit::more;
  auto op_tee = fit_op_tee(text);
  if (op_tee == Fit::yes) line = Line::secure;
  if (op_tee != Fit::no) return op_tee;
  if (text.front() == '[' || text.front() == '<') {
    PrintkPrefix prefix;
    const auto printk = fit_printk(text, prefix);
    if (printk == Fit::yes) line = Line::kernel;
    if (printk != Fit::no) return printk;
  }
  return fit_marks(text, tf_a_heard, line) == Fit::more ? Fit::more : Fit::yes;
}

/// The next line end, or place where the secure world may speak in the middle of a line: "/T", "[S", or one of their
/// first bytes at the end of all.
std::size_t find_event(std::string_view bytes, std::size_t from) {
  if (from >= bytes.size()) return bytes.size();
  from = find_hit(from, bytes.size() - 1, [bytes](std::size_t at) {
    const auto first = load_bytes(bytes, at), second = load_bytes(bytes, at + 1);
    return (first == '\n') | ((first == '/') & (second == 'T')) | ((first == '[') & (second == 'S'));
  });
  const auto is_event = [bytes](std::size_t at) {
    const char next = at + 1 < bytes.size() ? bytes[at + 1] : '\0';
    if (bytes[at] == '/') return next == 'T' || at + 1 == bytes.size();
    return bytes[at] == '\n' || (bytes[at] == '[' && (next == 'S' || at + 1 == bytes.size()));
  };
  while (from < bytes.size() && !is_event(from)) ++from;
  return from;
}

/// Whether the secure world speaks in the middle of a line at `at`, which is a '/' or a '['.
Fit fit_inside(std::string_view bytes, std::size_t at) {
  if (bytes[at] == '/') return fit_op_tee(bytes.substr(at - 1));
  const auto thread = fit_word(bytes.substr(at), "[Sec Thread] ");
  return thread != Fit::no ? thread : fit_word(bytes.substr(at), "[Sec Error] ");
}

}  // namespace

void WorldsDecoder::restart() {
  in_secure_ = secure_heard_ = tf_a_heard_ = false;
  line_owner_ = owner_ = Owner::rest;
  at_line_begin_ = true;
}

/// What is not the secure world's, up to `to`.
void WorldsDecoder::outer(Scan& scan, std::size_t to) {
  if (line_owner_ == Owner::loader) return scan.text(bootloader_, to);
  if (line_owner_ == Owner::area) return scan.text(secure_, to);
  if (secure_heard_) return scan.text(nonsecure_, to);
  scan.pass(to);
}

void WorldsDecoder::begin_line(Line line) {
  if (line == Line::secure || line == Line::tf_a) {
    in_secure_ = secure_heard_ = true;
    tf_a_heard_ = tf_a_heard_ || line == Line::tf_a;
    return;
  }
  at_line_begin_ = false;
  if (line == Line::loader_begins) owner_ = Owner::loader;
  if (line == Line::area_begins) owner_ = Owner::area;
  if (line == Line::kernel) owner_ = Owner::rest;
  line_owner_ = owner_;
  secure_heard_ = secure_heard_ || owner_ == Owner::area;
  if (line == Line::loader_ends || line == Line::area_ends) owner_ = Owner::rest;
}

/// Value: whether the line's begin tells what it is; more bytes are needed where not.
bool WorldsDecoder::scan_line_begin(Scan& scan) {
  Line line = Line::plain;
  const auto text = scan.bytes().substr(scan.position());
  if (classify(text, tf_a_heard_, line) == Fit::more && !scan.last()) return false;
  const bool of_mcuboot =
      line == Line::secure && owner_ == Owner::loader && text.starts_with('[') && !text.starts_with("[Sec");
  begin_line(of_mcuboot ? Line::plain : line);
  return true;
}

void WorldsDecoder::scan_secure(Scan& scan) {
  const auto end = find_byte(scan.bytes(), scan.position(), '\n');
  in_secure_ = end == scan.bytes().size();
  scan.text(secure_, in_secure_ ? end : end + 1);
}

/// The rest of a line that is not the secure world's. Value: whether there is more to look at.
bool WorldsDecoder::scan_line(Scan& scan) {
  const auto bytes = scan.bytes();
  for (auto at = scan.position(); (at = find_event(bytes, at)) < bytes.size(); ++at) {
    if (bytes[at] == '\n') {
      outer(scan, at + 1);
      at_line_begin_ = true;
      return true;
    }
    const bool slash = bytes[at] == '/';
    if (slash && at == scan.position()) continue;
    const auto fit = fit_inside(bytes, at);
    if (fit == Fit::no || (fit == Fit::more && scan.last())) continue;
    outer(scan, slash ? at - 1 : at);
    if (fit == Fit::more) return false;
    in_secure_ = secure_heard_ = true;
    return true;
  }
  const bool open = !scan.last() && op_tee_levels.find(bytes.back()) != std::string_view::npos;
  outer(scan, std::max(scan.position(), bytes.size() - (open ? 1 : 0)));
  return false;
}

void WorldsDecoder::scan(Scan& scan) {
  bool more = true;
  while (more && scan.position() < scan.bytes().size()) {
    if (in_secure_)
      scan_secure(scan);
    else if (at_line_begin_)
      more = scan_line_begin(scan);
    else
      more = scan_line(scan);
  }
}

}  // namespace hilltop::boards::demux
