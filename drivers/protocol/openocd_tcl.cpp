// SPDX-License-Identifier: Apache-2.0
#include "drivers/protocol/openocd_tcl.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace hilltop::drivers::openocd {
namespace {

constexpr char end_of_message = '\x1a';
constexpr std::size_t longest_answer = 16u << 20;

Error bad_answer(std::string_view text) {
  return Error(Errc::protocol, Blame::infrastructure,
               "OpenOCD's answer makes no sense: " + std::string(text.substr(0, 80)));
}

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '/' ||
         c == '.' || c == '-' || c == ':' || c == '+' || c == ',' || c == '=' || static_cast<signed char>(c) < 0;
}

std::optional<std::uint64_t> number(std::string_view text) {
  int base = 10;
  if (text.starts_with("0x")) {
    text.remove_prefix(2);
    base = 16;
  }
  std::uint64_t out = 0;
  const auto read = std::from_chars(text.begin(), text.end(), out, base);
  if (read.ec != std::errc() || read.ptr != text.end()) return std::nullopt;
  return out;
}

/// The word behind `key` in a Tcl dictionary of plain words.
std::string_view value_of(std::string_view dictionary, std::string_view key) {
  const auto wanted = std::string(key) + ' ';
  auto at = dictionary.find(wanted);
  while (at != std::string_view::npos && at != 0 && dictionary[at - 1] != ' ') at = dictionary.find(wanted, at + 1);
  if (at == std::string_view::npos) return {};
  const auto value = dictionary.substr(at + wanted.size());
  return value.substr(0, value.find(' '));
}

}  // namespace

std::string tcl_word(std::string_view text) {
  if (text.empty()) return "{}";
  std::string out;
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
      continue;
    }
    if (!is_plain(c)) out += '\\';
    out += c;
  }
  return out;
}

std::string request(std::string_view command) {
  return "format \"%d\\n%s\" [catch " + tcl_word(command) + " hilltop_said] $hilltop_said" + end_of_message;
}

Result<Answer> parse_answer(std::string_view reply) {
  const auto end = reply.find('\n');
  if (end == std::string_view::npos) return bad_answer(reply);
  int code = 0;
  const auto read = std::from_chars(reply.begin(), reply.begin() + end, code);
  if (read.ec != std::errc() || read.ptr != reply.begin() + end) return bad_answer(reply);
  auto text = reply.substr(end + 1);
  while (text.ends_with('\n')) text.remove_suffix(1);
  return Answer{code == 0, std::string(text)};
}

Result<std::vector<std::string>> ReplyReader::feed(std::string_view bytes) {
  std::vector<std::string> out;
  for (auto end = bytes.find(end_of_message); end != std::string_view::npos; end = bytes.find(end_of_message)) {
    out.push_back(rest_ + std::string(bytes.substr(0, end)));
    rest_.clear();
    bytes.remove_prefix(end + 1);
  }
  rest_ += bytes;
  if (rest_.size() > longest_answer) return bad_answer("it does not end");
  return out;
}

std::vector<MemoryRange> flash_banks(std::string_view answer) {
  std::vector<MemoryRange> out;
  for (auto begin = answer.find('{'); begin != std::string_view::npos; begin = answer.find('{', begin + 1)) {
    const auto bank = answer.substr(begin + 1, answer.find('}', begin) - begin - 1);
    const auto base = number(value_of(bank, "base"));
    const auto size = number(value_of(bank, "size"));
    if (base && size) out.push_back({std::string(value_of(bank, "name")), *base, *size, MemoryRange::Kind::flash});
  }
  return out;
}

std::vector<std::string> write_memory(std::uint64_t address, std::string_view bytes) {
  constexpr std::size_t most_words = 256;  // in one command
  std::vector<std::string> out;
  while (!bytes.empty()) {
    const auto to_word = std::min<std::size_t>((4 - address % 4) % 4, bytes.size());
    const bool words = to_word == 0 && bytes.size() >= 4;
    const auto size = words ? std::min(bytes.size() / 4, most_words) * 4 : (to_word == 0 ? bytes.size() : to_word);
    std::string list;
    for (std::size_t at = 0; at < size; at += words ? 4 : 1) {
      std::uint32_t value = 0;
      for (std::size_t i = words ? 4 : 1; i-- > 0;) value = value << 8 | static_cast<std::uint8_t>(bytes[at + i]);
      list += fmt::format("{}{:#x}", list.empty() ? "" : " ", value);
    }
    out.push_back(fmt::format("write_memory {:#x} {} {{{}}}", address, words ? 32 : 8, list));
    address += size;
    bytes.remove_prefix(size);
  }
  return out;
}

std::optional<std::string> memory_bytes(std::string_view answer, unsigned bytes_each, std::size_t count) {
  std::string out;
  while (!answer.empty()) {
    const auto word = answer.substr(0, answer.find(' '));
    answer.remove_prefix(std::min(word.size() + 1, answer.size()));
    const auto value = number(word);
    if (!value) return std::nullopt;
    for (unsigned i = 0; i < bytes_each; ++i) out += static_cast<char>(*value >> (8 * i));
  }
  if (out.size() != bytes_each * count) return std::nullopt;
  return out;
}

std::optional<std::uint16_t> listening_port(std::string_view log, std::string_view service) {
  constexpr std::string_view before = "Listening on port ";
  const auto after = " for " + std::string(service) + " connections";
  const auto end = log.rfind(after);
  if (end == std::string_view::npos) return std::nullopt;
  const auto begin = log.rfind(before, end);
  if (begin == std::string_view::npos) return std::nullopt;
  const auto port = number(log.substr(begin + before.size(), end - begin - before.size()));
  if (!port || *port == 0 || *port > 65535) return std::nullopt;
  return static_cast<std::uint16_t>(*port);
}

}  // namespace hilltop::drivers::openocd
