// SPDX-License-Identifier: Apache-2.0
#include "drivers/protocol/http_request.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace hilltop::drivers::http {
namespace {

bool is_token_char(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         std::string_view("!#$%&'*+-.^_`|~").contains(c);
}

std::string in_lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::optional<std::string> percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    unsigned char value = 0;
    if (i + 2 >= text.size()) return std::nullopt;
    const auto [end, ec] = std::from_chars(text.data() + i + 1, text.data() + i + 3, value, 16);
    if (ec != std::errc() || end != text.data() + i + 3 || value == 0) return std::nullopt;
    out += static_cast<char>(value);
    i += 2;
  }
  return out;
}

std::optional<std::uint64_t> number_from(std::string_view text) {
  std::uint64_t out = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (text.empty() || ec != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return out;
}

std::string_view reason_of(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 206:
      return "Partial Content";
    case 304:
      return "Not Modified";
    case 400:
      return "Bad Request";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 413:
      return "Content Too Large";
    case 416:
      return "Range Not Satisfiable";
    case 431:
      return "Request Header Fields Too Large";
    case 501:
      return "Not Implemented";
    case 503:
      return "Service Unavailable";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Internal Server Error";
  }
}

}  // namespace

const std::string* Request::find(std::string_view name) const {
  const auto found = std::ranges::find(fields, name, [](const auto& field) { return std::string_view(field.first); });
  return found == fields.end() ? nullptr : &found->second;
}

bool Request::keeps_open() const {
  const auto* connection = find("connection");
  const auto value = connection == nullptr ? std::string() : in_lower_case(*connection);
  return minor_version >= 1 ? !value.contains("close") : value.contains("keep-alive");
}

Error RequestReader::refuse(int status, std::string text) {
  status_ = status;
  return {Errc::protocol, Blame::dut, "HTTP: " + std::move(text)};
}

Result<std::optional<Request>> RequestReader::next() {
  while (buffer_.starts_with("\r\n")) buffer_.erase(0, 2);  // RFC 9112 2.2: empty lines before a request
  const auto end = buffer_.find("\r\n\r\n");
  if (std::min(end, buffer_.size()) > head_bytes_most) return refuse(431, "the request is too long");
  if (end == std::string::npos) return std::optional<Request>();
  auto request = parse(std::string_view(buffer_).substr(0, end));
  buffer_.erase(0, end + 4);
  if (!request) return std::move(request).error();
  return std::optional<Request>(std::move(*request));
}

Result<Request> RequestReader::parse(std::string_view head) {
  Request out;
  bool first = true;
  while (first || !head.empty()) {
    const auto length = std::min(head.find("\r\n"), head.size());
    const auto line = head.substr(0, length);
    head.remove_prefix(std::min(length + 2, head.size()));
    HILLTOP_CHECK(first ? parse_first_line(line, out) : parse_field(line, out));
    first = false;
  }
  if (out.find("transfer-encoding") != nullptr) return refuse(501, "a request with a body");
  if (const auto* length = out.find("content-length"); length != nullptr && *length != "0")
    return refuse(413, "a request with a body");
  return out;
}

Result<> RequestReader::parse_first_line(std::string_view line, Request& request) {
  const auto method_end = line.find(' ');
  const auto target_end = line.rfind(' ');
  if (method_end == std::string_view::npos || target_end == method_end) return refuse(400, "no request line");
  request.method = line.substr(0, method_end);
  if (request.method.empty() || !std::ranges::all_of(request.method, is_token_char)) return refuse(400, "no method");
  const auto version = line.substr(target_end + 1);
  if (version.size() != 8 || !version.starts_with("HTTP/")) return refuse(400, "no HTTP version");
  if (version != "HTTP/1.0" && version != "HTTP/1.1") return refuse(505, "HTTP version is not 1.0 or 1.1");
  request.minor_version = version.back() - '0';

  auto target = line.substr(method_end + 1, target_end - method_end - 1);
  if (target.starts_with("http://")) {  // RFC 9112 3.2.2: a server takes the absolute form, too
    target.remove_prefix(7);
    target.remove_prefix(std::min(target.find('/'), target.size()));
  }
  if (!target.starts_with('/')) return refuse(400, "the target is no path");
  const bool plain = std::ranges::all_of(target, [](char c) { return c > ' ' && c != 0x7f; });
  auto path = percent_decoded(target.substr(0, target.find_first_of("?#")));
  if (!plain || !path) return refuse(400, "the target is not well-formed");
  request.path = std::move(*path);
  return ok();
}

Result<> RequestReader::parse_field(std::string_view line, Request& request) {
  const auto colon = line.find(':');
  if (colon == 0 || colon == std::string_view::npos || !std::ranges::all_of(line.substr(0, colon), is_token_char))
    return refuse(400, "a malformed field");
  if (request.fields.size() == fields_most) return refuse(431, "too many fields");
  const auto value = trimmed(line.substr(colon + 1));
  if (value.find_first_of(std::string_view("\0\r\n", 3)) != std::string_view::npos)
    return refuse(400, "a malformed field");
  request.fields.emplace_back(in_lower_case(line.substr(0, colon)), value);
  return ok();
}

RangeAnswer range_of(std::string_view field, std::uint64_t file_bytes) {
  using Kind = RangeAnswer::Kind;
  if (!in_lower_case(field.substr(0, 6)).starts_with("bytes=")) return {};
  field.remove_prefix(6);
  const auto dash = field.find('-');
  if (dash == std::string_view::npos || field.contains(',')) return {};
  const auto first = number_from(trimmed(field.substr(0, dash)));
  const auto last_text = trimmed(field.substr(dash + 1));
  const auto last = number_from(last_text);
  if (trimmed(field.substr(0, dash)).empty()) {  // "-500": the last 500 bytes
    if (!last) return {};
    if (*last == 0 || file_bytes == 0) return {Kind::unsatisfiable, {}};
    return {Kind::part, {file_bytes - std::min(*last, file_bytes), file_bytes - 1}};
  }
  if (!first || (!last && !last_text.empty()) || (last && *last < *first)) return {};
  if (*first >= file_bytes) return {Kind::unsatisfiable, {}};
  return {Kind::part, {*first, std::min(last.value_or(file_bytes - 1), file_bytes - 1)}};
}

std::string response_head(int status, const std::vector<std::pair<std::string, std::string>>& fields) {
  auto out = fmt::format("HTTP/1.1 {} {}\r\n", status, reason_of(status));
  for (const auto& [name, value] : fields) out += fmt::format("{}: {}\r\n", name, value);
  return out + "\r\n";
}

}  // namespace hilltop::drivers::http
