// SPDX-License-Identifier: Apache-2.0
#include "web/http/message.hpp"

#include <algorithm>

namespace hilltop::web {
namespace {

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (lower(c) >= 'a' && lower(c) <= 'f') return lower(c) - 'a' + 10;
  return -1;
}

Error bad_request(std::string text) { return Error(Errc::bad_input, Blame::job, std::move(text)); }

bool has_control_character(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

Result<std::string> decode_segment(std::string_view segment) {
  HILLTOP_TRY(auto text, percent_decode(segment, false));
  if (text.empty() || text == "." || text == "..") return bad_request("the path has an empty, '.' or '..' segment");
  if (text.find('/') != std::string::npos || text.find('\\') != std::string::npos || has_control_character(text))
    return bad_request("a path segment has a '/', '\\' or a control character in it");
  return text;
}

Result<std::string> decode_path(std::string_view path) {
  if (!path.starts_with('/')) return bad_request("the target must be a path that starts with '/'");
  if (path == "/") return std::string("/");
  std::string out;
  for (path.remove_prefix(1);;) {
    const auto end = path.find('/');
    HILLTOP_TRY(auto segment, decode_segment(path.substr(0, end)));
    out += '/' + segment;
    if (end == std::string_view::npos) return out;
    path.remove_prefix(end + 1);
  }
}

Result<std::vector<std::pair<std::string, std::string>>> decode_query(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> out;
  while (!text.empty()) {
    const auto end = text.find('&');
    const auto item = text.substr(0, end);
    const auto equal = item.find('=');
    HILLTOP_TRY(auto name, percent_decode(item.substr(0, equal), true));
    std::string value;
    if (equal != std::string_view::npos) {
      HILLTOP_TRY(value, percent_decode(item.substr(equal + 1), true));
    }
    if (!name.empty()) out.emplace_back(std::move(name), std::move(value));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
  }
  return out;
}

}  // namespace

std::string_view to_string(Method method) noexcept {
  switch (method) {
    case Method::get:
      return "GET";
    case Method::post:
      return "POST";
    case Method::put:
      return "PUT";
    case Method::del:
      return "DELETE";
  }
  return "GET";
}

bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept {
  return std::ranges::equal(a, b, [](char x, char y) { return lower(x) == lower(y); });
}

std::string_view find_header(const Headers& headers, std::string_view name) noexcept {
  for (const auto& [key, value] : headers)
    if (equals_ignoring_case(key, name)) return value;
  return {};
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path, ignored);
}

std::optional<std::string> Request::query_value(std::string_view name) const {
  for (auto it = query.rbegin(); it != query.rend(); ++it)
    if (it->first == name) return it->second;
  return std::nullopt;
}

const std::string& Request::param(std::string_view name) const {
  static const std::string none;
  const auto it = params.find(name);
  return it == params.end() ? none : it->second;
}

Response::Response(unsigned s, std::string content_type, std::string text) : status(s), body(std::move(text)) {
  headers.emplace_back("Content-Type", std::move(content_type));
}

Result<std::string> percent_decode(std::string_view text, bool plus_is_space) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+' && plus_is_space) {
      out += ' ';
    } else if (text[i] != '%') {
      out += text[i];
    } else {
      const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
      const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
      if (high < 0 || low < 0) return bad_request("'%' must be followed by two hexadecimal digits");
      out += static_cast<char>(high * 16 + low);
      i += 2;
    }
  }
  if (out.find('\0') != std::string::npos) return bad_request("a NUL character is not allowed here");
  return out;
}

std::string percent_encode(std::string_view text) {
  static constexpr char digits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const bool plain =
        (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') || std::string_view("-._~").contains(c);
    if (plain) {
      out += c;
    } else {
      out += {'%', digits[static_cast<unsigned char>(c) >> 4], digits[static_cast<unsigned char>(c) & 15]};
    }
  }
  return out;
}

Result<Target> parse_target(std::string_view target) {
  const auto question = target.find('?');
  Target out;
  HILLTOP_TRY(out.path, decode_path(target.substr(0, question)));
  if (question != std::string_view::npos) {
    HILLTOP_TRY(out.query, decode_query(target.substr(question + 1)));
  }
  return out;
}

}  // namespace hilltop::web
