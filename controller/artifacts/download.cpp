// SPDX-License-Identifier: Apache-2.0
#include "controller/artifacts/download.hpp"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <thread>

namespace hilltop::controller {
namespace {

constexpr int most_redirects = 5;
constexpr int attempts = 3;
constexpr auto between_attempts = 500ms;
constexpr long connect_ms = 15'000;
constexpr long silence_s = 30;  // less than 1 byte a second for so long: given up

using Handle = std::unique_ptr<CURL, void (*)(CURL*)>;

/// What one request needs in libcurl's callbacks.
struct Transfer {
  const Download* what = nullptr;
  CURL* handle = nullptr;
  bool private_allowed = false;
  bool refused_private = false;
  std::optional<Error> failed;
};

bool in_network(std::uint32_t address, const char* network, int bits) {
  in_addr parsed{};
  inet_pton(AF_INET, network, &parsed);
  return (address >> (32 - bits)) == (ntohl(parsed.s_addr) >> (32 - bits));
}

bool is_private_v4(std::uint32_t address) {
  struct Network {
    const char* base;
    int bits;
  };
  // IANA IPv4 Special-Purpose Address Registry: all that is not globally reachable; and multicast.
  static constexpr std::array<Network, 14> networks = {{{"0.0.0.0", 8},
                                                        {"10.0.0.0", 8},
                                                        {"100.64.0.0", 10},
                                                        {"127.0.0.0", 8},
                                                        {"169.254.0.0", 16},
                                                        {"172.16.0.0", 12},
                                                        {"192.0.0.0", 24},
                                                        {"192.0.2.0", 24},
                                                        {"192.168.0.0", 16},
                                                        {"198.18.0.0", 15},
                                                        {"198.51.100.0", 24},
                                                        {"203.0.113.0", 24},
                                                        {"224.0.0.0", 4},
                                                        {"240.0.0.0", 4}}};
  return std::ranges::any_of(networks, [&](const auto& n) { return in_network(address, n.base, n.bits); });
}

bool is_private_v6(const in6_addr& address) {
  std::uint32_t v4 = 0;
  std::memcpy(&v4, address.s6_addr + 12, sizeof v4);
  if (IN6_IS_ADDR_V4MAPPED(&address)) return is_private_v4(ntohl(v4));
  // Only 2000::/3 is global unicast. Source: IANA IPv6 address space. Within it: 2001::/23 and 2001:db8::/32 are
  // special, and 2002::/16 (6to4) carries an IPv4 address that may be private.
  if ((address.s6_addr[0] & 0xe0) != 0x20) return true;
  const auto first = static_cast<unsigned>(address.s6_addr[0] << 8 | address.s6_addr[1]);
  const auto second = static_cast<unsigned>(address.s6_addr[2] << 8 | address.s6_addr[3]);
  return first == 0x2002 || (first == 0x2001 && (second < 0x200 || second == 0xdb8));
}

std::size_t on_write(char* data, std::size_t, std::size_t size, void* user) {
  auto& transfer = *static_cast<Transfer*>(user);
  long status = 0;
  curl_easy_getinfo(transfer.handle, CURLINFO_RESPONSE_CODE, &status);
  if (status != 200) return size;  // the text of an error, or of a redirect
  auto taken = transfer.what->on_bytes({data, size});
  if (taken) return size;
  transfer.failed = std::move(taken).error();
  return CURL_WRITEFUNC_ERROR;
}

int on_progress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  const auto& stop = static_cast<Transfer*>(user)->what->stop;
  return stop && stop->load() ? 1 : 0;
}

/// The address is looked at where it is used: what a name meant a moment ago does not count.
curl_socket_t on_open_socket(void* user, curlsocktype, curl_sockaddr* address) {
  auto& transfer = *static_cast<Transfer*>(user);
  if (!transfer.private_allowed && is_private_address(&address->addr)) {
    transfer.refused_private = true;
    return CURL_SOCKET_BAD;
  }
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

std::string part_of(const std::string& url, CURLUPart part) {
  std::unique_ptr<CURLU, void (*)(CURLU*)> parsed(curl_url(), &curl_url_cleanup);
  if (curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK) return {};
  char* text = nullptr;
  if (curl_url_get(parsed.get(), part, &text, 0) != CURLUE_OK) return {};
  std::string out = text;
  curl_free(text);
  return out;
}

Error denied(std::string text) { return {Errc::denied, Blame::job, std::move(text)}; }
Error lab(Errc code, std::string text) { return {code, Blame::infrastructure, std::move(text)}; }

/// Checks a URL before anything is sent. Value: whether its host may have a private address.
Result<bool> check_url(const Download& what, const std::string& url) {
  const auto scheme = part_of(url, CURLUPART_SCHEME);
  if (scheme != "http" && scheme != "https")
    return denied(fmt::format("{}: only http, https and file are fetched", url));
  if (what.allowed_hosts.empty()) return false;
  const auto host = part_of(url, CURLUPART_HOST);
  if (std::ranges::find(what.allowed_hosts, host) != what.allowed_hosts.end()) return true;
  return denied(fmt::format("{}: the lab does not fetch from {} (artifacts: allow_hosts of the lab file)", url, host));
}

struct HeaderList {
  curl_slist* list = nullptr;
  ~HeaderList() { curl_slist_free_all(list); }
};

void configure(CURL* handle, Transfer& transfer, const std::string& url, const HeaderList& headers, char* why) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(transfer.what->deadline.left()).count();
  curl_easy_setopt(handle, CURLOPT_URL, url.c_str());
  curl_easy_setopt(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(handle, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(handle, CURLOPT_ERRORBUFFER, why);
  curl_easy_setopt(handle, CURLOPT_USERAGENT, "hilltop");
  curl_easy_setopt(handle, CURLOPT_CONNECTTIMEOUT_MS, connect_ms);
  if (!transfer.what->deadline.is_never()) curl_easy_setopt(handle, CURLOPT_TIMEOUT_MS, std::max<long>(left, 1));
  curl_easy_setopt(handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
  curl_easy_setopt(handle, CURLOPT_LOW_SPEED_TIME, silence_s);
  curl_easy_setopt(handle, CURLOPT_HTTPHEADER, headers.list);
  curl_easy_setopt(handle, CURLOPT_WRITEFUNCTION, &on_write);
  curl_easy_setopt(handle, CURLOPT_WRITEDATA, &transfer);
  curl_easy_setopt(handle, CURLOPT_NOPROGRESS, 0L);
  curl_easy_setopt(handle, CURLOPT_XFERINFOFUNCTION, &on_progress);
  curl_easy_setopt(handle, CURLOPT_XFERINFODATA, &transfer);
  curl_easy_setopt(handle, CURLOPT_OPENSOCKETFUNCTION, &on_open_socket);
  curl_easy_setopt(handle, CURLOPT_OPENSOCKETDATA, &transfer);
  curl_easy_setopt(handle, CURLOPT_PROXY, "");  // a proxy would reach addresses that are refused here
}

Error error_of(CURLcode code, const Transfer& transfer, const std::string& url, const char* why) {
  if (transfer.failed) return *transfer.failed;
  if (transfer.refused_private)
    return denied(fmt::format(
        "{}: the host has a private address, and the lab file does not name it (artifacts: allow_hosts)", url));
  const auto text = fmt::format("{}: {}", url, *why != '\0' ? why : curl_easy_strerror(code));
  if (code == CURLE_ABORTED_BY_CALLBACK) return canceled_error("download");
  if (code == CURLE_OPERATION_TIMEDOUT) return lab(Errc::timeout, text);
  if (code == CURLE_PARTIAL_FILE) return lab(Errc::mismatch, text);
  return lab(Errc::unavailable, text);
}

Result<> check_status(long status, const std::string& url) {
  if (status == 200) return ok();
  auto text = fmt::format("{}: the server answers {}", url, status);
  if (status == 404 || status == 410) return Error(Errc::not_found, Blame::job, std::move(text));
  return lab(Errc::unavailable, text);
}

/// One request. Value: where it redirects to, or "" when the file has come.
Result<std::string> request(const Download& what, const std::string& url, bool with_headers) {
  HILLTOP_TRY(const auto private_allowed, check_url(what, url));
  Handle handle(curl_easy_init(), &curl_easy_cleanup);
  HeaderList headers;
  if (with_headers)
    for (const auto& [name, value] : what.headers)
      headers.list = curl_slist_append(headers.list, fmt::format("{}: {}", name, value).c_str());
  Transfer transfer{&what, handle.get(), private_allowed, false, {}};
  std::array<char, CURL_ERROR_SIZE> why{};
  configure(handle.get(), transfer, url, headers, why.data());
  if (const auto code = curl_easy_perform(handle.get()); code != CURLE_OK)
    return error_of(code, transfer, url, why.data());
  char* next = nullptr;
  curl_easy_getinfo(handle.get(), CURLINFO_REDIRECT_URL, &next);
  if (next != nullptr) return std::string(next);
  long status = 0;
  curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &status);
  HILLTOP_CHECK(check_status(status, url));
  return std::string();
}

Result<> follow(const Download& what) {
  const auto home = part_of(what.url, CURLUPART_HOST);
  auto url = what.url;
  for (int hop = 0; hop <= most_redirects; ++hop) {
    HILLTOP_TRY(auto next, request(what, url, part_of(url, CURLUPART_HOST) == home));
    if (next.empty()) return ok();
    url = std::move(next);
  }
  return lab(Errc::unavailable, fmt::format("{}: more than {} redirects", what.url, most_redirects));
}

}  // namespace

bool is_private_address(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    sockaddr_in v4{};
    std::memcpy(&v4, address, sizeof v4);
    return is_private_v4(ntohl(v4.sin_addr.s_addr));
  }
  if (address->sa_family != AF_INET6) return true;
  sockaddr_in6 v6{};
  std::memcpy(&v6, address, sizeof v6);
  return is_private_v6(v6.sin6_addr);
}

Result<> download(const Download& what) {
  for (int attempt = 1;; ++attempt) {
    HILLTOP_CHECK(what.on_restart());
    auto done = follow(what);
    const bool again = !done && done.error().blame == Blame::infrastructure;
    if (!again || attempt == attempts || what.deadline.left() <= between_attempts) return done;
    std::this_thread::sleep_for(between_attempts);
  }
}

}  // namespace hilltop::controller
