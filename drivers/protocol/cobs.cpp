// SPDX-License-Identifier: Apache-2.0
#include "drivers/protocol/cobs.hpp"

#include <cstdint>

namespace hilltop::drivers::cobs {
namespace {

constexpr std::size_t longest_run = 254;
constexpr std::uint8_t full_code = 0xff;  // a run of 254 bytes without a zero behind it

}  // namespace

std::string encoded(std::string_view bytes) {
  std::string out(1, '\0');
  std::size_t code_at = 0;
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    if (bytes[at] != '\0') out += bytes[at];
    const auto run = out.size() - code_at - 1;
    const bool full = run == longest_run && bytes[at] != '\0';
    if (bytes[at] != '\0' && !full) continue;
    out[code_at] = static_cast<char>(run + 1);
    if (full && at + 1 == bytes.size()) return out;
    code_at = out.size();
    out += '\0';
  }
  out[code_at] = static_cast<char>(out.size() - code_at);
  return out;
}

std::optional<std::string> decoded(std::string_view before_zero) {
  if (before_zero.empty()) return std::nullopt;
  std::string out;
  out.reserve(before_zero.size());
  for (std::size_t at = 0; at < before_zero.size();) {
    const auto code = static_cast<std::uint8_t>(before_zero[at]);
    if (code == 0 || at + code > before_zero.size()) return std::nullopt;
    const auto run = before_zero.substr(at + 1, code - 1U);
    if (run.find('\0') != std::string_view::npos) return std::nullopt;
    out += run;
    at += code;
    if (code != full_code && at < before_zero.size()) out += '\0';
  }
  return out;
}

}  // namespace hilltop::drivers::cobs
