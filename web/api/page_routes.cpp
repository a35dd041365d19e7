// SPDX-License-Identifier: Apache-2.0
#include "web/api/route.hpp"
#include "web/page/page.hpp"

namespace hilltop::web {
namespace {

/// What the page may do: load its own script and style, and talk to its own server. Source: w3.org/TR/CSP3.
/// 'self' covers ws: and wss: of the same origin in current browsers.
constexpr std::string_view policy =
    "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

Response file(std::string_view type, std::string_view text) {
  Response response(200, std::string(type), std::string(text));
  response.headers.emplace_back("Content-Security-Policy", policy);
  return response;
}

Task<Response> html(ApiPtr, Call) { co_return file("text/html; charset=utf-8", page_html()); }
Task<Response> script(ApiPtr, Call) { co_return file("text/javascript; charset=utf-8", page_script()); }
Task<Response> style(ApiPtr, Call) { co_return file("text/css; charset=utf-8", page_style()); }

constexpr Route routes[] = {
    {.pattern = "/",
     .access = Access::open,
     .tag = "page",
     .summary = "The page.",
     .gives = {"text/html", ""},
     .handler = &html},
    {.pattern = "/page.js",
     .access = Access::open,
     .tag = "page",
     .summary = "Its script.",
     .gives = {"text/javascript", ""},
     .handler = &script},
    {.pattern = "/page.css",
     .access = Access::open,
     .tag = "page",
     .summary = "Its style.",
     .gives = {"text/css", ""},
     .handler = &style},
};

}  // namespace

std::span<const Route> page_routes() { return routes; }

}  // namespace hilltop::web
