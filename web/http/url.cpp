// SPDX-License-Identifier: Apache-2.0
#include "web/http/url.hpp"

#include <algorithm>

namespace hilltop::web {
namespace {

Error bad_url(std::string_view text, std::string why) {
  return Error(Errc::bad_input, Blame::configuration, "'" + std::string(text) + "': " + std::move(why));
}

bool take(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

}  // namespace

std::string Url::authority() const {
  const auto name = host.contains(':') ? "[" + host + "]" : host;
  return port == (tls ? "443" : "80") ? name : name + ":" + port;
}

Result<Url> parse_url(std::string_view text) {
  std::string_view rest = text;
  Url url;
  if (take(rest, "https://") || take(rest, "wss://")) {
    url.tls = true;
  } else if (!take(rest, "http://") && !take(rest, "ws://")) {
    return bad_url(text, "a server's address begins with http:// or https://");
  }
  const auto slash = std::min(rest.find('/'), rest.size());
  auto authority = rest.substr(0, slash);
  url.prefix = std::string(rest.substr(slash));
  while (url.prefix.ends_with('/')) url.prefix.pop_back();
  if (take(authority, "[")) {
    const auto end = authority.find(']');
    if (end == std::string_view::npos) return bad_url(text, "']' is missing");
    url.host = std::string(authority.substr(0, end));
    authority.remove_prefix(end + 1);
  } else {
    url.host = std::string(authority.substr(0, authority.find(':')));
    authority.remove_prefix(url.host.size());
  }
  url.port = take(authority, ":") ? std::string(authority) : url.tls ? "443" : "80";
  if (url.host.empty()) return bad_url(text, "it names no host");
  const bool number = !url.port.empty() && url.port.size() <= 5 &&
                      std::ranges::all_of(url.port, [](char c) { return c >= '0' && c <= '9'; });
  if (!number) return bad_url(text, "'" + url.port + "' is no port");
  const auto odd = [](char c) {
    return static_cast<unsigned char>(c) <= 0x20 || c == '@' || c == '?' || c == '#' || c == 0x7f;
  };
  if (std::ranges::any_of(url.host + url.prefix, odd))
    return bad_url(text, "it has a character that does not belong there");
  return url;
}

}  // namespace hilltop::web
