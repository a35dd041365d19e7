// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "drivers/core/task.hpp"

/// Requests and responses as plain structs: handlers know nothing of the library that moves them.
namespace hilltop::web {

enum class Method : std::uint8_t { get, post, put, del };
[[nodiscard]] std::string_view to_string(Method method) noexcept;  ///< "GET", ...

using Headers = std::vector<std::pair<std::string, std::string>>;
/// The first value of `name` (any case), or "".
[[nodiscard]] std::string_view find_header(const Headers& headers, std::string_view name) noexcept;

/// A file that came with a multipart request: on disk until `holder` is dropped.
struct Upload {
  std::string field, file_name;  ///< file_name has no directory part
  std::filesystem::path path;
  std::uint64_t bytes = 0;
};
/// A folder that is deleted, with all in it, with its last holder.
struct TemporaryFolder {
  explicit TemporaryFolder(std::filesystem::path p) : path(std::move(p)) {}
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::filesystem::path path;
};

struct Request {
  Method method = Method::get;
  std::string path;                                        ///< decoded; starts with '/'
  std::vector<std::pair<std::string, std::string>> query;  ///< decoded, in order
  std::map<std::string, std::string, std::less<>> params;  ///< of the route's pattern, decoded
  Headers headers;
  std::string body;
  std::vector<Upload> uploads;
  std::shared_ptr<TemporaryFolder> uploads_folder;
  std::string peer;  ///< "127.0.0.1:41234"

  [[nodiscard]] std::string_view header(std::string_view name) const { return find_header(headers, name); }
  /// The last value of a query parameter; nothing when it is absent.
  [[nodiscard]] std::optional<std::string> query_value(std::string_view name) const;
  [[nodiscard]] const std::string& param(std::string_view name) const;
};

/// A body made while it is sent. next() gives the next piece; "" ends it. An error ends the connection, so that the
/// client sees that the body is not whole.
class BodySource {
 public:
  virtual ~BodySource() = default;
  virtual Task<std::string> next(Deadline deadline) = 0;
};

struct FileRange {
  std::filesystem::path path;
  std::uint64_t offset = 0;
  std::uint64_t length = UINT64_MAX;  ///< cut to what the file has when it is opened
};

struct Response {
  unsigned status = 200;
  Headers headers;
  std::variant<std::string, FileRange, std::shared_ptr<BodySource>> body;

  Response() = default;
  Response(unsigned s, std::string content_type, std::string text);
  [[nodiscard]] std::string_view header(std::string_view name) const { return find_header(headers, name); }
};

/// A request's target, taken apart.
struct Target {
  std::string path;
  std::vector<std::pair<std::string, std::string>> query;
};
/// Splits and decodes "/a%20b?x=1". Errors: bad_input (job) for a bad escape, a NUL or other control character, an
/// empty segment, "." or "..", or a path that does not start with '/'. An escaped '/' within a segment is refused, too:
/// it would change the meaning of the path.
[[nodiscard]] Result<Target> parse_target(std::string_view target);

/// "%41+" -> "A+" (or "A " with `plus_is_space`). Errors: bad_input (job).
[[nodiscard]] Result<std::string> percent_decode(std::string_view text, bool plus_is_space);
/// Escapes all but the unreserved characters of RFC 3986 2.3.
[[nodiscard]] std::string percent_encode(std::string_view text);

[[nodiscard]] bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept;

}  // namespace hilltop::web
