// SPDX-License-Identifier: Apache-2.0
#include "web/api/problem.hpp"

#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>

namespace hilltop::web {
namespace {

using nlohmann::json;

std::string_view title_of(unsigned status) {
  switch (status) {
    case 400:
      return "The request does not make sense";
    case 401:
      return "A valid token is needed";
    case 403:
      return "Not allowed";
    case 404:
      return "There is no such thing";
    case 405:
      return "The method is not allowed here";
    case 408:
      return "The request took too long";
    case 409:
      return "Somebody else holds it";
    case 413:
      return "The body is too large";
    case 415:
      return "The body has the wrong type";
    case 422:
      return "It cannot be done here";
    case 426:
      return "A WebSocket is needed";
    case 431:
      return "The header is too large";
    case 500:
      return "A defect of hilltop";
    case 503:
      return "The lab cannot do it now";
    case 507:
      return "There is no room for the upload";
    default:
      return "The request failed";
  }
}

/// "12:5" somewhere between colons: where a place ends and what it says.
struct PlaceText {
  std::string file;
  unsigned line = 0, column = 0;
  std::string_view rest;
};

std::optional<PlaceText> place_in(std::string_view text) {
  for (auto at = text.find(':'); at != std::string_view::npos; at = text.find(':', at + 1)) {
    PlaceText place;
    const char* const end = text.data() + text.size();
    const auto line = std::from_chars(text.data() + at + 1, end, place.line);
    if (line.ec != std::errc() || line.ptr == end || *line.ptr != ':') continue;
    const auto column = std::from_chars(line.ptr + 1, end, place.column);
    if (column.ec != std::errc() || end - column.ptr < 2 || column.ptr[0] != ':' || column.ptr[1] != ' ') continue;
    place.file = std::string(text.substr(0, at));
    place.rest = std::string_view(column.ptr + 2, end);
    return place;
  }
  return std::nullopt;
}

/// Takes "(...)" off the end of a message.
std::string take_suggestion(std::string& message) {
  if (!message.ends_with(')')) return {};
  int depth = 0;
  for (auto i = message.size(); i-- > 0;) {
    if (message[i] == ')') ++depth;
    if (message[i] != '(' || --depth > 0) continue;
    if (i < 2 || message[i - 1] != ' ') return {};
    auto suggestion = message.substr(i + 1, message.size() - i - 2);
    message.resize(i - 1);
    return suggestion;
  }
  return {};
}

json body_of(unsigned status, std::string_view detail, std::string_view code, std::string_view blame) {
  return {{"type", code.empty() ? "about:blank" : "urn:hilltop:error:" + std::string(code)},
          {"title", title_of(status)},
          {"status", status},
          {"detail", detail},
          {"code", code},
          {"blame", blame}};
}

Response problem_response(unsigned status, const json& body) {
  Response response(status, "application/problem+json", body.dump(-1, ' ', false, json::error_handler_t::replace));
  if (status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"hilltop\"");
  return response;
}

}  // namespace

unsigned status_of(const Error& error) noexcept {
  switch (error.code) {
    case Errc::denied:
      return 403;
    case Errc::not_found:
      return error.blame == Blame::infrastructure ? 503 : 404;
    case Errc::busy:
      return 409;
    case Errc::unsupported:
      return 422;
    case Errc::bad_input:
      return error.blame == Blame::bug ? 500 : error.blame == Blame::configuration ? 422 : 400;
    case Errc::internal:
      return 500;
    default:
      break;
  }
  switch (error.blame) {
    case Blame::bug:
      return 500;
    case Blame::job:
      return 400;
    case Blame::configuration:
      return 422;
    default:
      return 503;
  }
}

json complaints_from(std::string_view text) {
  auto out = json::array();
  while (!text.empty()) {
    const auto end = text.find('\n');
    const auto line = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    auto place = place_in(line);
    if (!place) continue;
    const bool warning = place->rest.starts_with("warning: ");
    std::string message(place->rest.substr(warning ? 9 : 0));
    auto suggestion = take_suggestion(message);
    out.push_back({{"file", place->file},
                   {"line", place->line},
                   {"column", place->column},
                   {"message", std::move(message)},
                   {"suggestion", std::move(suggestion)},
                   {"severity", warning ? "warning" : "error"}});
  }
  return out;
}

Response problem(const Error& error) {
  const auto status = status_of(error);
  auto body = body_of(status, error.text, to_string(error.code), to_string(error.blame));
  if (error.code == Errc::bad_input)
    if (auto complaints = complaints_from(error.text); !complaints.empty()) body["complaints"] = std::move(complaints);
  return problem_response(status, body);
}

Response problem(unsigned status, std::string detail) {
  const auto blame = status >= 500 ? Blame::infrastructure : Blame::job;
  std::string_view code = to_string(Errc::bad_input);
  if (status == 401 || status == 403) code = to_string(Errc::denied);
  if (status == 404) code = to_string(Errc::not_found);
  if (status == 405 || status == 501) code = to_string(Errc::unsupported);
  if (status == 408) code = to_string(Errc::timeout);
  if (status >= 502) code = to_string(Errc::unavailable);
  return problem_response(status, body_of(status, detail, code, to_string(blame)));
}

Response json_response(const json& value, unsigned status) {
  return Response(status, "application/json", value.dump(-1, ' ', false, json::error_handler_t::replace));
}

}  // namespace hilltop::web
