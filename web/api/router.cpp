// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "web/api/route.hpp"

namespace hilltop::web {
namespace {

std::string_view next_segment(std::string_view& rest) {
  rest.remove_prefix(1);  // '/'
  const auto end = std::min(rest.find('/'), rest.size());
  const auto segment = rest.substr(0, end);
  rest.remove_prefix(end);
  return segment;
}

/// The parameters of `path` under `pattern`; nothing when it does not fit.
std::optional<std::map<std::string, std::string, std::less<>>> fit(std::string_view pattern, std::string_view path) {
  std::map<std::string, std::string, std::less<>> params;
  while (!pattern.empty() && !path.empty()) {
    const auto wanted = next_segment(pattern);
    const auto have = next_segment(path);
    if (wanted.starts_with('{')) {
      params.emplace(wanted.substr(1, wanted.size() - 2), have);
    } else if (wanted != have) {
      return std::nullopt;
    }
  }
  if (!pattern.empty() || !path.empty()) return std::nullopt;
  return params;
}

}  // namespace

std::string_view to_string(Access access) noexcept {
  constexpr std::array<std::string_view, 5> names = {"none", "viewer", "submitter", "technician", "admin"};
  return names[static_cast<std::size_t>(access)];
}

bool allows(Access access, controller::Role role) noexcept {
  return static_cast<int>(role) + 1 >= static_cast<int>(access);
}

const std::vector<const Route*>& all_routes() {
  static const auto routes = [] {
    std::vector<const Route*> out;
    for (const auto table : {page_routes(), meta_routes(), board_routes(), console_routes(), archive_routes(),
                             job_routes(), lease_routes(), event_routes(), lab_routes(), hardware_routes(), token_routes()})
      for (const auto& route : table) out.push_back(&route);
    return out;
  }();
  return routes;
}

Match find_route(std::optional<Method> method, std::string_view path) {
  Match match;
  for (const auto* route : all_routes()) {
    auto params = fit(route->pattern, path);
    if (!params) continue;
    const auto name = to_string(route->method);
    if (match.allow.find(name) == std::string::npos)
      match.allow += (match.allow.empty() ? "" : ", ") + std::string(name);
    if (!method || route->method != *method) continue;
    if (match.route != nullptr && params->size() >= match.params.size()) continue;
    match.route = route;
    match.params = *std::move(params);
  }
  return match;
}

}  // namespace hilltop::web
