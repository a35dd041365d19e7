// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "drivers/core/result.hpp"

/// As much of HTTP/1.1 as boot loaders need from a file server: GET and HEAD with ranges. Source: RFC 9110, RFC 9112.
namespace hilltop::drivers::http {

struct Request {
  std::string method;
  std::string path;  ///< percent-decoded, without the query; begins with '/'
  int minor_version = 1;
  std::vector<std::pair<std::string, std::string>> fields;  ///< names in lower case

  /// The field's value, or nullptr.
  [[nodiscard]] const std::string* find(std::string_view name) const;
  /// Whether the connection stays open after the answer.
  [[nodiscard]] bool keeps_open() const;
};

inline constexpr std::size_t head_bytes_most = 8192;
inline constexpr std::size_t fields_most = 64;

/// Cuts requests out of a connection's bytes.
class RequestReader {
 public:
  void feed(std::string_view bytes) { buffer_ += bytes; }
  /// The next request, nothing while it is not complete.
  /// Errors: protocol (dut), with the status to answer in status(); the connection is of no use then.
  Result<std::optional<Request>> next();
  /// 400, 413, 431, 501 or 505, after an error.
  [[nodiscard]] int status() const { return status_; }
  [[nodiscard]] std::size_t buffered() const { return buffer_.size(); }

 private:
  Error refuse(int status, std::string text);
  Result<Request> parse(std::string_view head);
  Result<> parse_field(std::string_view line, Request& request);
  Result<> parse_first_line(std::string_view line, Request& request);

  std::string buffer_;
  int status_ = 400;
};

/// Bytes first to last of a file, both included.
struct ByteRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  [[nodiscard]] std::uint64_t size() const { return last - first + 1; }
  bool operator==(const ByteRange&) const = default;
};
struct RangeAnswer {
  enum class Kind : std::uint8_t { whole, part, unsatisfiable } kind = Kind::whole;
  ByteRange range;
};
/// What a Range field asks of a file. One that is malformed, or asks for several pieces, gets the whole file, as
/// RFC 9110 14.2 allows.
[[nodiscard]] RangeAnswer range_of(std::string_view field, std::uint64_t file_bytes);

/// A status line and fields, up to the empty line.
[[nodiscard]] std::string response_head(int status, const std::vector<std::pair<std::string, std::string>>& fields);

}  // namespace hilltop::drivers::http
