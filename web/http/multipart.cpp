// SPDX-License-Identifier: Apache-2.0
#include "web/http/multipart.hpp"

#include <algorithm>

#include "web/http/message.hpp"

namespace hilltop::web {
namespace {

Error bad_multipart(std::string text) {
  return Error(Errc::bad_input, Blame::job, "multipart body: " + std::move(text));
}

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// The value of `name` in `x; name="value"; other=value`, unquoted; "" where it is absent.
std::string parameter(std::string_view text, std::string_view name) {
  for (std::size_t at = text.find(';'); at != std::string_view::npos;) {
    text = trim(text.substr(at + 1));
    const auto equal = text.find('=');
    if (equal == std::string_view::npos) return {};
    const auto key = trim(text.substr(0, equal));
    text = trim(text.substr(equal + 1));
    std::string value;
    if (text.starts_with('"')) {
      std::size_t i = 1;
      for (; i < text.size() && text[i] != '"'; ++i) {
        if (text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == '"' || text[i + 1] == '\\')) ++i;
        value += text[i];
      }
      text = text.substr(std::min(i + 1, text.size()));
    } else {
      value = std::string(trim(text.substr(0, text.find(';'))));
    }
    if (equals_ignoring_case(key, name)) return value;
    at = text.find(';');
  }
  return {};
}

std::string base_name(const std::string& path) {
  const auto slash = path.find_last_of("/\\");
  auto name = slash == std::string::npos ? path : path.substr(slash + 1);
  std::erase_if(name, [](char c) { return static_cast<unsigned char>(c) < 0x20; });
  return name == "." || name == ".." ? std::string() : name;
}

}  // namespace

Result<std::string> multipart_boundary(std::string_view content_type) {
  if (!equals_ignoring_case(trim(content_type.substr(0, content_type.find(';'))), "multipart/form-data"))
    return bad_multipart("the content type must be multipart/form-data");
  auto boundary = parameter(content_type, "boundary");
  if (boundary.empty() || boundary.size() > 70) return bad_multipart("the boundary must have 1 to 70 characters");
  return boundary;
}

Result<> MultipartReader::feed(std::string_view bytes) {
  pending_ += bytes;
  for (;;) {
    HILLTOP_TRY(const bool more, step());
    if (!more) return ok();
  }
}

Result<> MultipartReader::finish() const {
  if (at_ != At::epilogue) return bad_multipart("it ends before its last boundary");
  return ok();
}

Result<bool> MultipartReader::step() {
  switch (at_) {
    case At::preamble:
      return step_preamble();
    case At::after_delimiter:
      return step_after_delimiter();
    case At::header:
      return step_header();
    case At::data:
      return step_data();
    case At::epilogue:
      pending_.clear();
      return false;
  }
  return false;
}

Result<bool> MultipartReader::step_preamble() {
  const auto found = pending_.find(delimiter_);
  if (found == std::string::npos) {
    if (pending_.size() > header_limit) return bad_multipart("its boundary is not found");
    return false;
  }
  pending_.erase(0, found + delimiter_.size());
  at_ = At::after_delimiter;
  return true;
}

Result<bool> MultipartReader::step_after_delimiter() {
  if (pending_.size() < 2) return false;
  if (pending_.starts_with("--")) {
    at_ = At::epilogue;
    return true;
  }
  const auto end = pending_.find("\r\n");  // transport padding may stand before it
  if (end == std::string::npos) {
    if (pending_.size() > 256) return bad_multipart("a boundary's line does not end");
    return false;
  }
  if (!trim(std::string_view(pending_).substr(0, end)).empty()) return bad_multipart("text follows a boundary");
  pending_.erase(0, end);  // keeps CRLF, so that a part without header lines ends at once
  at_ = At::header;
  return true;
}

Result<bool> MultipartReader::step_header() {
  const auto end = pending_.find("\r\n\r\n");
  if (end == std::string::npos) {
    if (pending_.size() > header_limit) return bad_multipart("a part's header is too long");
    return false;
  }
  if (++parts_ > part_limit) return bad_multipart("it has too many parts");
  std::string_view lines = std::string_view(pending_).substr(0, end);
  std::string disposition;
  while (!lines.empty()) {
    const auto eol = lines.find("\r\n");
    const auto line = lines.substr(0, eol);
    const auto colon = line.find(':');
    if (colon != std::string_view::npos && equals_ignoring_case(line.substr(0, colon), "Content-Disposition"))
      disposition = std::string(line.substr(colon + 1));
    lines = eol == std::string_view::npos ? std::string_view() : lines.substr(eol + 2);
  }
  const auto field = parameter(disposition, "name");
  if (field.empty()) return bad_multipart("a part has no name");
  HILLTOP_CHECK(sink_.begin(field, base_name(parameter(disposition, "filename"))));
  pending_.erase(0, end + 4);
  at_ = At::data;
  return true;
}

Result<bool> MultipartReader::step_data() {
  const auto found = pending_.find(delimiter_);
  const auto keep = delimiter_.size() - 1;
  const auto ready = found != std::string::npos ? found : pending_.size() > keep ? pending_.size() - keep : 0;
  if (ready > 0) HILLTOP_CHECK(sink_.data(std::string_view(pending_).substr(0, ready)));
  if (found == std::string::npos) {
    pending_.erase(0, ready);
    return false;
  }
  HILLTOP_CHECK(sink_.end());
  pending_.erase(0, found + delimiter_.size());
  at_ = At::after_delimiter;
  return true;
}

}  // namespace hilltop::web
