// SPDX-License-Identifier: Apache-2.0
#include "boards/console/demux/dictionary_decoder.hpp"

#include "boards/console/demux/find.hpp"

namespace hilltop::boards::demux {
namespace {

namespace dictionary_log = drivers::dictionary_log;
using Fit = dictionary_log::Record::Fit;

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/// The bytes that `text` begins with, in hexadecimal, at most `most` of them.
std::string bytes_of_hex(std::string_view text, std::size_t most) {
  std::string out;
  for (std::size_t at = 0; at + 1 < text.size() && out.size() < most; at += 2) {
    const int high = hex_digit(text[at]), low = hex_digit(text[at + 1]);
    if (high < 0 || low < 0) break;
    out += static_cast<char>(high << 4 | low);
  }
  return out;
}

}  // namespace

DictionaryDecoder::Found DictionaryDecoder::try_binary(Scan& scan) {
  const auto record = dictionary_log::parse_record(*database_, scan.bytes().substr(scan.position()));
  if (record.fit == Fit::more && !scan.last()) return Found::more;
  if (record.fit != Fit::yes) return Found::no;
  scan.whole(dictlog_, Piece::Kind::text, scan.position() + record.size, record.line, scan.raw_at(scan.position()));
  return Found::yes;
}

DictionaryDecoder::Found DictionaryDecoder::try_hex(Scan& scan) {
  const auto rest = scan.bytes().substr(scan.position());
  constexpr std::size_t longest_header = 32;
  auto bytes = bytes_of_hex(rest, longest_header);
  auto record = dictionary_log::parse_record(*database_, bytes);
  if (record.fit == Fit::more && record.size > bytes.size() && bytes.size() == longest_header) {
    bytes = bytes_of_hex(rest, record.size);
    record = dictionary_log::parse_record(*database_, bytes);
  }
  const bool to_the_end = rest.size() <= 2 * bytes.size() + 1 && (rest.size() % 2 == 0 || hex_digit(rest.back()) >= 0);
  if (record.fit == Fit::more && to_the_end && !scan.last()) return Found::more;
  if (record.fit != Fit::yes) return Found::no;
  scan.whole(dictlog_, Piece::Kind::text, scan.position() + 2 * record.size, record.line, scan.raw_at(scan.position()));
  return Found::yes;
}

DictionaryDecoder::Found DictionaryDecoder::try_mark(Scan& scan) {
  const auto mark = dictionary_log::hex_mark;
  const auto rest = scan.bytes().substr(scan.position());
  if (rest.starts_with(mark)) {
    in_hex_ = true;
    scan.whole(dictlog_, Piece::Kind::part, scan.position() + mark.size(), {}, scan.raw_at(scan.position()));
    return Found::yes;
  }
  return rest.size() < mark.size() && mark.starts_with(rest) && !scan.last() ? Found::more : Found::no;
}

DictionaryDecoder::Found DictionaryDecoder::try_at(Scan& scan) {
  if (const char c = scan.bytes()[scan.position()]; c == '#') return try_mark(scan);
  return in_hex_ ? try_hex(scan) : try_binary(scan);
}

void DictionaryDecoder::scan(Scan& scan) {
  const auto bytes = scan.bytes();
  while (scan.position() < bytes.size()) {
    const auto from = scan.position();
    if (mode_ == Mode::binary)
      scan.pass(find_any(bytes, from, '\0', '\1'));
    else if (!in_hex_)
      scan.pass(mode_ == Mode::hex ? find_byte(bytes, from, '#') : find_any(bytes, from, '\0', '\1', '#'));
    if (scan.position() == bytes.size()) return;
    const auto found = try_at(scan);
    if (found == Found::more) return;
    if (found == Found::no) scan.pass(scan.position() + 1);
  }
}

}  // namespace hilltop::boards::demux
