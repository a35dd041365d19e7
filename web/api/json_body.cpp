// SPDX-License-Identifier: Apache-2.0
#include "web/api/json_body.hpp"

#include <algorithm>
#include <charconv>

#include "drivers/core/node.hpp"

namespace hilltop::web {
namespace {

Error bad(std::string text) { return Error(Errc::bad_input, Blame::job, std::move(text)); }

template <class T>
std::optional<T> number_from(std::string_view text) {
  T value{};
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

}  // namespace

Result<JsonBody> JsonBody::read(const std::string& text, std::initializer_list<std::string_view> known) {
  JsonBody body;
  body.object_ = text.empty() ? nlohmann::json::object() : nlohmann::json::parse(text, nullptr, false);
  if (body.object_.is_discarded()) return bad("the body is no JSON");
  if (!body.object_.is_object()) return bad("the body must be a JSON object");
  for (const auto& [name, value] : body.object_.items()) {
    if (std::ranges::find(known, name) != known.end()) continue;
    const auto hint = suggest(name, std::vector<std::string>(known.begin(), known.end()));
    return bad("'" + name + "' is not known here" + (hint.empty() ? "" : ": " + hint));
  }
  return body;
}

Result<std::string> JsonBody::text(std::string_view name) const {
  HILLTOP_TRY(auto value, text_or(name, ""));
  if (value.empty()) return bad("'" + std::string(name) + "' is missing");
  return value;
}

Result<std::string> JsonBody::text_or(std::string_view name, std::string fallback) const {
  const auto it = object_.find(name);
  if (it == object_.end() || it->is_null()) return fallback;
  if (!it->is_string()) return bad("'" + std::string(name) + "' must be text");
  return it->get<std::string>();
}

Result<std::int64_t> JsonBody::integer_or(std::string_view name, std::int64_t fallback, std::int64_t least,
                                          std::int64_t most) const {
  const auto it = object_.find(name);
  if (it == object_.end() || it->is_null()) return fallback;
  const bool too_big = it->is_number_unsigned() && it->get<std::uint64_t>() > INT64_MAX;
  if (!it->is_number_integer() || too_big || it->get<std::int64_t>() < least || it->get<std::int64_t>() > most)
    return bad("'" + std::string(name) + "' must be a whole number from " + std::to_string(least) + " to " +
               std::to_string(most));
  return it->get<std::int64_t>();
}

Result<std::vector<std::string>> JsonBody::texts(std::string_view name) const {
  std::vector<std::string> out;
  const auto it = object_.find(name);
  if (it == object_.end() || it->is_null()) return out;
  if (!it->is_array()) return bad("'" + std::string(name) + "' must be a list of texts");
  for (const auto& item : *it) {
    if (!item.is_string()) return bad("'" + std::string(name) + "' must be a list of texts");
    out.push_back(item.get<std::string>());
  }
  return out;
}

Result<std::uint64_t> integer_query(const Request& request, std::string_view name, std::uint64_t fallback,
                                    std::uint64_t most) {
  const auto text = request.query_value(name);
  if (!text) return fallback;
  const auto value = number_from<std::uint64_t>(*text);
  if (!value || *value > most)
    return bad(std::string(name) + " must be a whole number" +
               (most == UINT64_MAX ? "" : " up to " + std::to_string(most)));
  return *value;
}

Result<UtcTime> time_query(const Request& request, std::string_view name) {
  const auto text = request.query_value(name).value_or("");
  if (text.empty()) return UtcTime();
  if (const auto time = from_rfc3339(text)) return *time;
  if (const auto ago = duration_from(text)) return utc_now() - *ago;
  return Error(Errc::bad_input, Blame::job,
               std::string(name) + " takes a time such as 2026-11-20T09:45:00Z, or how long ago: 10m, 2h");
}

Result<std::uint64_t> id_param(const Request& request, std::string_view noun) {
  const auto value = number_from<std::uint64_t>(request.param("id"));
  if (!value)
    return Error(Errc::not_found, Blame::job, "there is no " + std::string(noun) + " '" + request.param("id") + "'");
  return *value;
}

}  // namespace hilltop::web
