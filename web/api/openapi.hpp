// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string_view>

namespace hilltop::web {

/// The OpenAPI 3.1 document of all_routes(). WebSockets are listed as GET with status 101.
[[nodiscard]] nlohmann::json openapi_document(std::string_view version);

/// components.schemas: every name that a Content of a route uses.
[[nodiscard]] nlohmann::json schemas();

}  // namespace hilltop::web
