// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <span>

#include "web/api/route.hpp"

namespace hilltop::web {

/// Reads the JSON object of a body, and its members with their types. Members that nobody knows are refused.
/// Errors of all: bad_input (job) that name the member.
class JsonBody {
 public:
  static Result<JsonBody> read(const std::string& text, std::initializer_list<std::string_view> known);
  [[nodiscard]] Result<std::string> text(std::string_view name) const;  ///< must be there and not empty
  [[nodiscard]] Result<std::string> text_or(std::string_view name, std::string fallback) const;
  [[nodiscard]] Result<std::int64_t> integer_or(std::string_view name, std::int64_t fallback, std::int64_t least,
                                                std::int64_t most) const;
  [[nodiscard]] Result<std::vector<std::string>> texts(std::string_view name) const;

 private:
  nlohmann::json object_;
};

/// A query parameter as a number. Errors: bad_input (job).
[[nodiscard]] Result<std::uint64_t> integer_query(const Request& request, std::string_view name, std::uint64_t fallback,
                                                  std::uint64_t most = UINT64_MAX);
/// A query parameter that is a time, "2026-11-20T09:45:00Z", or says how long ago: "10m". 1970 without it. Errors:
/// bad_input (job).
[[nodiscard]] Result<UtcTime> time_query(const Request& request, std::string_view name);
/// A path parameter as a number. Errors: not_found (job): no thing has such an id.
[[nodiscard]] Result<std::uint64_t> id_param(const Request& request, std::string_view noun);

/// One page of a short list that is sorted by `key`: `?limit=` and `?cursor=` (the last key of the page before).
template <class T, class Key>
Result<nlohmann::json> page_of(const Request& request, const std::vector<T>& items, Key key) {
  HILLTOP_TRY(const auto limit, integer_query(request, "limit", 1000, 1000));
  const auto cursor = request.query_value("cursor").value_or("");
  bool skipping = !cursor.empty();
  auto out = nlohmann::json::array();
  std::string last, next;
  for (const auto& item : items) {
    if (skipping) {
      skipping = key(item) != cursor;
      continue;
    }
    if (out.size() >= limit) {
      next = last;
      break;
    }
    last = key(item);
    out.push_back(to_json(item));
  }
  if (skipping) return Error(Errc::bad_input, Blame::job, "cursor: no item '" + cursor + "' in this list");
  return nlohmann::json{{"items", std::move(out)}, {"next", next}};
}

}  // namespace hilltop::web
