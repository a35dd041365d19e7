// SPDX-License-Identifier: Apache-2.0
// HTTP/1.1, a connection for each request: small servers close it anyway, or should. Source: RFC 9110, RFC 9112;
// cookies: RFC 6265, 5.4 (name and value only, for as long as the session).
#include <fmt/format.h>

#include <random>

#include "drivers/power/unit/http_message.hpp"
#include "drivers/power/unit/unit_session.hpp"
#include "drivers/power/unit/wire.hpp"

namespace hilltop::drivers::unit {
namespace {

struct Http {
  AddressPtr address;
  HttpCredentials who;
  std::map<std::string, std::string> cookies;
};
using HttpPtr = std::shared_ptr<Http>;

std::string text_of(const Http& http, const Request& request, const std::string& authorization) {
  const auto& address = *http.address;
  auto out = request.method + " " + request.path + " HTTP/1.1\r\n";
  const bool usual = address.port == (address.model->tls ? 443 : 80);
  const auto host = address.host.contains(':') ? "[" + address.host + "]" : address.host;
  out += "Host: " + host + (usual ? "" : ":" + std::to_string(address.port)) + "\r\n";
  out += "User-Agent: hilltop\r\nAccept: */*\r\nConnection: close\r\n";
  for (const auto& [name, value] : request.headers) out += name + ": " + value + "\r\n";
  if (!authorization.empty()) out += "Authorization: " + authorization + "\r\n";
  std::string cookies;
  for (const auto& [name, value] : http.cookies) cookies += (cookies.empty() ? "" : "; ") + name + "=" + value;
  if (!cookies.empty()) out += "Cookie: " + cookies + "\r\n";
  if (!request.content_type.empty()) out += "Content-Type: " + request.content_type + "\r\n";
  if (!request.send.empty() || request.method != "GET")
    out += "Content-Length: " + std::to_string(request.send.size()) + "\r\n";
  return out + "\r\n" + request.send;
}

Task<HttpReply> ask(HttpPtr http, std::string text, Deadline deadline) {
  const auto& address = *http->address;
  StreamAddress to{address.host, address.port};
  HILLTOP_CO_TRY(auto wire, co_await open_tcp(std::move(to), deadline));
  if (address.model->tls) {
    TlsOptions options{address.host, address.certificate, address.any_certificate};
    HILLTOP_CO_TRY(wire, co_await start_tls(std::move(wire), std::move(options), deadline));
  }
  HILLTOP_CO_CHECK(co_await wire->write(std::move(text), deadline));
  HttpReader reader;
  while (!reader.done()) {
    HILLTOP_CO_TRY(const auto bytes, co_await wire->read(deadline));
    HILLTOP_CO_CHECK(bytes.empty() ? reader.end() : reader.add(bytes));
  }
  co_return reader.take();
}

void keep_cookies(Http& http, const HttpReply& reply) {
  const auto [begin, end] = reply.headers.equal_range("set-cookie");
  for (auto header = begin; header != end; ++header) {
    const auto pair = header->second.substr(0, header->second.find(';'));
    const auto equals = pair.find('=');
    if (equals != std::string::npos) http.cookies[pair.substr(0, equals)] = pair.substr(equals + 1);
  }
}

std::string random_text() {
  std::random_device random;
  return fmt::format("{:08x}{:08x}", random(), random());
}

Result<std::string> body_of(HttpReply reply) {
  const auto status = reply.status;
  if (status >= 200 && status < 400) return std::move(reply.body);  // a redirection is how many a form answers
  const auto said = reply.body.empty() ? std::string() : ": '" + shown(reply.body) + "'";
  if (status == 401 || status == 403)
    return Error(Errc::denied, Blame::infrastructure,
                 fmt::format("it refuses user and password (HTTP {}){}", status, said));
  if (status == 503 || status == 429)
    return Error(Errc::busy, Blame::infrastructure, fmt::format("it is busy (HTTP {}){}", status, said));
  return Error(Errc::protocol, Blame::infrastructure, fmt::format("it answers HTTP {}{}", status, said));
}

Task<std::string> exchange_http(HttpPtr http, Request request, Deadline deadline) {
  const auto& auth = http->address->model->auth;
  std::string authorization;
  if (auth == "basic") authorization = basic_answer(http->who);
  if (auth == "bearer") authorization = "Bearer " + http->who.token;
  auto asked = co_await ask(http, text_of(*http, request, authorization), deadline);
  if (!asked && asked.error().code == Errc::timeout) asked.error().text = "it does not answer " + request.title;
  HILLTOP_CO_TRY(auto reply, std::move(asked));
  if (reply.status == 401 && auth == "digest") {
    const auto answer = digest_answer(reply, http->who, request.method, request.path, random_text());
    if (!answer)
      co_return Error(
          Errc::denied, Blame::infrastructure,
          "it wants a kind of authentication that is not known: '" + shown(reply.header("www-authenticate")) + "'");
    HILLTOP_CO_TRY(reply, co_await ask(http, text_of(*http, request, *answer), deadline));
  }
  keep_cookies(*http, reply);
  co_return body_of(std::move(reply));
}

class HttpSession final : public UnitSession {
 public:
  explicit HttpSession(HttpPtr http) : http_(std::move(http)) {}
  Task<std::string> exchange(Request request, Deadline deadline) override {
    return exchange_http(http_, std::move(request), deadline);
  }

 private:
  HttpPtr http_;
};

std::string value_in(const Variables& variables, std::string_view name) {
  const auto found = variables.find(name);
  return found == variables.end() ? std::string() : found->second;
}

}  // namespace

Task<SessionPtr> open_http(Env, AddressPtr address, Variables variables, Deadline) {
  auto http = std::make_shared<Http>();
  http->address = std::move(address);
  http->who = {value_in(variables, "user"), value_in(variables, "password"), value_in(variables, "token")};
  co_return SessionPtr(std::make_shared<HttpSession>(std::move(http)));
}

}  // namespace hilltop::drivers::unit
