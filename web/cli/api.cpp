// SPDX-License-Identifier: Apache-2.0
#include "web/cli/api.hpp"

#include <algorithm>

#include "web/cli/exit_code.hpp"

namespace hilltop::cli {
namespace {

web::ClientOptions options_of(const Target& target) {
  web::ClientOptions options;
  options.ca_file = target.ca_file;
  if (!target.token.empty()) options.headers.emplace_back("Authorization", "Bearer " + target.token);
  return options;
}

std::string path_below(const std::string& path) { return "/api/v1" + path; }

Errc code_of_status(unsigned status) {
  switch (status) {
    case 401:
    case 403:
      return Errc::denied;
    case 404:
      return Errc::not_found;
    case 409:
    case 423:
      return Errc::busy;
    case 501:
      return Errc::unsupported;
    default:
      return status >= 500 ? Errc::io : Errc::bad_input;
  }
}

/// A string member; "" where it is absent or no string. Foreign replies must not throw.
std::string text_of(const Json& object, const char* key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

std::string complaint_line(const Json& complaint) {
  std::string line = text_of(complaint, "file");
  for (const char* key : {"line", "column"}) {
    const auto number = complaint.is_object() ? complaint.value(key, Json()) : Json();
    if (number.is_number_integer() && number.get<long>() > 0)
      line += (line.empty() ? "" : ":") + std::to_string(number.get<long>());
  }
  if (!line.empty()) line += ": ";
  if (text_of(complaint, "severity") == "warning") line += "warning: ";
  line += text_of(complaint, "message");
  if (const auto suggestion = text_of(complaint, "suggestion"); !suggestion.empty()) line += " (" + suggestion + ")";
  return line;
}

/// The detail, then those complaints that it does not hold already.
std::string problem_text(const Json& problem) {
  std::string text = text_of(problem, "detail");
  if (text.empty()) text = text_of(problem, "title");
  const auto complaints = problem.value("complaints", Json::array());
  for (const auto& complaint : complaints) {
    if (text.find(text_of(complaint, "message")) != std::string::npos) continue;
    text += (text.empty() ? "" : "\n") + complaint_line(complaint);
  }
  return text;
}

}  // namespace

Error problem_from(const web::HttpReply& reply) {
  const auto problem = Json::parse(reply.body, nullptr, false);
  Errc code = code_of_status(reply.status);
  if (!problem.is_object()) {
    // Not our server's words: a proxy that has nothing behind it counts as out of reach.
    if (reply.status == 502 || reply.status == 503 || reply.status == 504)
      return Error(Errc::unavailable, Blame::infrastructure,
                   "the server answers with HTTP status " + std::to_string(reply.status));
    return Error(code, Blame::job, "the server refused with HTTP status " + std::to_string(reply.status));
  }
  std::string text = problem_text(problem);
  if (text.empty()) text = "the server refused with HTTP status " + std::to_string(reply.status);
  if (reply.status == 401) text += " (hilltop login, or --token)";
  const auto blame = text_of(problem, "blame");
  return Error(code, blame.empty() ? Blame::job : blame_from(blame), text);
}

std::string escaped(std::string_view text) {
  constexpr std::string_view hex = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
                       byte == '-' || byte == '.' || byte == '_' || byte == '~';
    if (plain)
      out += c;
    else
      out += {'%', hex[byte >> 4U], hex[byte & 0xfU]};
  }
  return out;
}

std::string query_of(const std::vector<std::pair<std::string, std::string>>& values) {
  std::string query;
  for (const auto& [key, value] : values) {
    if (!value.empty()) query += (query.empty() ? "?" : "&") + key + "=" + escaped(value);
  }
  return query;
}

Api::Api(Target target) : target_(std::move(target)) {}

Error Api::explained(Error error) const {
  if (!is_unreachable(error)) return error;
  std::string text = "no server at " + target_.server + " (" + target_.origin + "): " + error.text +
                     "\nis hilltopd running? start it with deploy/quickstart, or name it with --server";
  return Error(error.code, error.blame, std::move(text));
}

Result<web::HttpClient*> Api::client() {
  if (!client_) {
    auto made = web::HttpClient::make(target_.server, options_of(target_));
    if (!made) return std::move(made).error().within(target_.origin);
    client_ = *std::move(made);
  }
  return client_.get();
}

Result<web::HttpReply> Api::request(std::string_view method, const std::string& path, const web::HeaderList& headers,
                                    std::string body, Deadline deadline) {
  HILLTOP_TRY(auto* http, client());
  auto reply = http->request(method, path_below(path), headers, std::move(body), deadline);
  if (!reply) return explained(std::move(reply).error());
  if (!reply->success()) {
    auto problem = problem_from(*reply);
    return is_unreachable(problem) ? explained(std::move(problem)) : problem;
  }
  return reply;
}

namespace {

Result<Json> parsed(const web::HttpReply& reply) {
  if (reply.body.empty()) return Json::object();
  auto json = Json::parse(reply.body, nullptr, false);
  if (json.is_discarded())
    return Error(Errc::protocol, Blame::configuration, "the answer is no JSON: is that a hilltop server?");
  return json;
}

}  // namespace

Result<Json> Api::get(const std::string& path, Deadline deadline) {
  HILLTOP_TRY(const auto reply, request("GET", path, {{"Accept", "application/json"}}, {}, deadline));
  return parsed(reply);
}

Result<std::string> Api::get_text(const std::string& path, Deadline deadline) {
  HILLTOP_TRY(auto reply, request("GET", path, {}, {}, deadline));
  return std::move(reply.body);
}

Result<web::HttpReply> Api::get_reply(const std::string& path, Deadline deadline) {
  return request("GET", path, {}, {}, deadline);
}

Result<Json> Api::send(std::string_view method, const std::string& path, const Json& body, Deadline deadline) {
  return send_text(method, path, "application/json", body.is_null() ? "" : body.dump(), deadline);
}

Result<Json> Api::send_text(std::string_view method, const std::string& path, const std::string& type, std::string body,
                            Deadline deadline) {
  web::HeaderList headers;
  if (!body.empty()) headers.emplace_back("Content-Type", type);
  HILLTOP_TRY(const auto reply, request(method, path, headers, std::move(body), deadline));
  return parsed(reply);
}

Result<> Api::download(const std::string& path, const std::function<bool(std::string_view)>& sink, Deadline deadline) {
  HILLTOP_TRY(auto* http, client());
  auto reply = http->download(path_below(path), sink, deadline);
  if (!reply) return explained(std::move(reply).error());
  if (!reply->success()) return explained(problem_from(*reply));
  return ok();
}

Result<Json> Api::upload(const std::string& path, const std::vector<web::FilePart>& parts,
                         const std::function<void(std::uint64_t, std::uint64_t)>& progress, Deadline deadline) {
  HILLTOP_TRY(auto* http, client());
  auto reply = http->upload(path_below(path), parts, progress, deadline);
  if (!reply) return explained(std::move(reply).error());
  if (!reply->success()) return explained(problem_from(*reply));
  return parsed(*reply);
}

Result<std::unique_ptr<web::WsClient>> Api::socket(const std::string& path, Deadline deadline) {
  auto made = web::WsClient::connect(target_.server, path_below(path), options_of(target_), deadline);
  if (!made) return explained(std::move(made).error());
  return made;
}

Result<std::vector<Json>> Api::list(const std::string& path, std::size_t limit) {
  std::vector<Json> items;
  std::string cursor;
  do {
    const auto page = std::to_string(std::min<std::size_t>(limit - items.size(), 1000));
    const auto more = query_of({{"limit", page}, {"cursor", cursor}}).substr(1);
    HILLTOP_TRY(auto answer, get(path + (path.find('?') == std::string::npos ? "?" : "&") + more));
    if (!answer.is_object() || !answer["items"].is_array())
      return Error(Errc::protocol, Blame::configuration, "the answer is no list: is that a hilltop server?");
    for (auto& item : answer["items"]) items.push_back(std::move(item));
    const auto next = text_of(answer, "next");
    if (next == cursor) break;  // a server that turns in circles ends the list
    cursor = next;
  } while (!cursor.empty() && items.size() < limit);
  if (items.size() > limit) items.resize(limit);
  return items;
}

}  // namespace hilltop::cli
