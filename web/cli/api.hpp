// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "web/cli/config.hpp"
#include "web/http/client.hpp"

namespace hilltop::cli {

using Json = nlohmann::ordered_json;  // keys stay in the server's order when printed

/// The text and code of a reply that says no: the problem's detail, and its complaints a line each
/// ("FILE:LINE:COL: message (suggestion)"). Blame is never `infrastructure` with a code that means "out of reach".
/// Source: RFC 9457 3.1.
[[nodiscard]] Error problem_from(const web::HttpReply& reply);

/// "%2F" for what may not stand in one segment of a path or in a query's value. Source: RFC 3986 2.3.
[[nodiscard]] std::string escaped(std::string_view text);

/// "?a=b&c=d" of those with a value; "" when there is none.
[[nodiscard]] std::string query_of(const std::vector<std::pair<std::string, std::string>>& values);

/// hilltop's REST interface (web/api/ENDPOINTS.md) as this program uses it: one call, one answer or an Error that can
/// be shown as it is. Paths are below /api/v1. Errors of all: see exit_code.hpp; out of reach says what to do. Thread:
/// one.
class Api {
 public:
  explicit Api(Target target);

  Result<Json> get(const std::string& path, Deadline deadline = usual());
  Result<std::string> get_text(const std::string& path, Deadline deadline = usual());
  /// The whole answer, for those who need its headers.
  Result<web::HttpReply> get_reply(const std::string& path, Deadline deadline = usual());
  Result<Json> send(std::string_view method, const std::string& path, const Json& body, Deadline deadline = usual());
  Result<Json> send_text(std::string_view method, const std::string& path, const std::string& type, std::string body,
                         Deadline deadline = usual());
  Result<> download(const std::string& path, const std::function<bool(std::string_view)>& sink, Deadline deadline);
  Result<Json> upload(const std::string& path, const std::vector<web::FilePart>& parts,
                      const std::function<void(std::uint64_t, std::uint64_t)>& progress, Deadline deadline);
  Result<std::unique_ptr<web::WsClient>> socket(const std::string& path, Deadline deadline);
  /// All items of a paged list, at most `limit`. `path` may have a query.
  Result<std::vector<Json>> list(const std::string& path, std::size_t limit);

  [[nodiscard]] const Target& target() const { return target_; }
  [[nodiscard]] static Deadline usual() { return Deadline::after(30s); }

 private:
  Result<web::HttpReply> request(std::string_view method, const std::string& path, const web::HeaderList& headers,
                                 std::string body, Deadline deadline);
  Result<web::HttpClient*> client();
  [[nodiscard]] Error explained(Error error) const;

  Target target_;
  std::unique_ptr<web::HttpClient> client_;
};

}  // namespace hilltop::cli
