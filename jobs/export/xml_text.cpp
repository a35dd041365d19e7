// SPDX-License-Identifier: Apache-2.0
#include "jobs/export/xml_text.hpp"

#include <algorithm>

namespace hilltop::jobs {
namespace {

/// Text for an attribute or element. What XML 1.0 does not allow (section 2.2: most control characters) is replaced.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\n':
        out += "&#10;";
        break;
      case '\t':
        out += "&#9;";
        break;
      default:
        out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
    }
  }
  return out;
}

/// Bytes that are no UTF-8 make a document that no parser reads.
std::string valid_utf8(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t n = lead < 0x80                   ? 1
                          : lead >= 0xc2 && lead < 0xe0 ? 2
                          : lead >= 0xe0 && lead < 0xf0 ? 3
                          : lead >= 0xf0 && lead < 0xf5 ? 4
                                                        : 0;
    const auto rest = text.substr(i + (n > 0 ? 1 : 0), n > 0 ? n - 1 : 0);
    const bool whole = n > 0 && i + n <= text.size() &&
                       std::ranges::all_of(rest, [](char c) { return (static_cast<unsigned char>(c) & 0xc0) == 0x80; });
    const auto second = n > 1 && whole ? static_cast<unsigned char>(text[i + 1]) : 0x90;
    const bool lawful = whole && !(lead == 0xe0 && second < 0xa0) && !(lead == 0xed && second > 0x9f) &&
                        !(lead == 0xf0 && second < 0x90) && !(lead == 0xf4 && second > 0x8f);
    if (lawful)
      out += text.substr(i, n);
    else
      out += '?';
    i += lawful ? n : 1;
  }
  return out;
}

}  // namespace

std::string xml_text(std::string_view text) { return escaped(valid_utf8(text)); }

}  // namespace hilltop::jobs
