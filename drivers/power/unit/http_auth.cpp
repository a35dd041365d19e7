// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <vector>

#include "drivers/power/unit/http_message.hpp"
#include "drivers/protocol/base64.hpp"
#include "drivers/protocol/digest.hpp"

namespace hilltop::drivers::unit {
namespace {

using Values = std::map<std::string, std::string>;

std::string small(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

/// name=value or name="value", separated by commas. Source: RFC 9110, 11.2.
Values values_of(std::string_view text) {
  Values out;
  while (!text.empty()) {
    while (!text.empty() && (text.front() == ' ' || text.front() == ',')) text.remove_prefix(1);
    const auto equals = text.find('=');
    if (equals == text.npos) break;
    const auto name = small(std::string(text.substr(0, equals)));
    text.remove_prefix(equals + 1);
    std::string value;
    if (text.starts_with('"')) {
      std::size_t at = 1;
      for (; at < text.size() && text[at] != '"'; ++at) {
        if (text[at] == '\\' && at + 1 < text.size()) ++at;
        value += text[at];
      }
      text.remove_prefix(std::min(at + 1, text.size()));
    } else {
      value = text.substr(0, text.find_first_of(", "));
      text.remove_prefix(value.size());
    }
    out[name] = std::move(value);
  }
  return out;
}

/// The digest challenges, the stronger first.
std::vector<Values> challenges_of(const HttpReply& reply) {
  std::vector<Values> out;
  const auto [begin, end] = reply.headers.equal_range("www-authenticate");
  for (auto header = begin; header != end; ++header) {
    const auto at = small(header->second).find("digest ");
    if (at == std::string::npos) continue;
    auto values = values_of(std::string_view(header->second).substr(at + 7));
    const auto algorithm = small(values["algorithm"]);
    if (algorithm == "sha-256")
      out.insert(out.begin(), std::move(values));
    else if (algorithm.empty() || algorithm == "md5")
      out.push_back(std::move(values));
  }
  return out;
}

std::string in_quotes(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

bool offers_auth(const std::string& qop) {
  const auto all = "," + qop + ",";
  return all.contains(",auth,") || all.contains(" auth,") || all.contains(",auth ");
}

}  // namespace

std::string basic_answer(const HttpCredentials& who) {
  return "Basic " + base64_encoded(who.user + ":" + who.password);
}

std::optional<std::string> digest_answer(const HttpReply& reply, const HttpCredentials& who, std::string_view method,
                                         std::string_view path, const std::string& cnonce) {
  const auto challenges = challenges_of(reply);
  if (challenges.empty()) return std::nullopt;
  auto challenge = challenges.front();
  const auto algorithm = challenge["algorithm"];
  const auto kind = small(algorithm) == "sha-256" ? DigestKind::sha256 : DigestKind::md5;
  const auto hash = [kind](std::string_view text) { return digest_of(kind, text); };
  const auto realm = challenge["realm"];
  const auto nonce = challenge["nonce"];
  const auto qop = challenge["qop"];
  const std::string uri(path);
  const auto secret = hash(who.user + ":" + realm + ":" + who.password);
  const auto asked = hash(std::string(method) + ":" + uri);
  const bool protects = !qop.empty();
  if (protects && !offers_auth(qop)) return std::nullopt;
  const std::string count = "00000001";  // the nonce is used once
  const auto answer = protects ? hash(secret + ":" + nonce + ":" + count + ":" + cnonce + ":auth:" + asked)
                               : hash(secret + ":" + nonce + ":" + asked);  // RFC 2069's, which small servers speak
  auto out = "Digest username=" + in_quotes(who.user) + ", realm=" + in_quotes(realm) + ", nonce=" + in_quotes(nonce) +
             ", uri=" + in_quotes(uri) + ", response=\"" + answer + "\"";
  if (!algorithm.empty()) out += ", algorithm=" + algorithm;
  if (challenge.contains("opaque")) out += ", opaque=" + in_quotes(challenge["opaque"]);
  if (protects) out += ", qop=auth, nc=" + count + ", cnonce=\"" + cnonce + "\"";
  return out;
}

}  // namespace hilltop::drivers::unit
