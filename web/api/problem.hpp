// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "web/http/message.hpp"

namespace hilltop::web {

/// The HTTP status of an error (DESIGN.md 4.1): by its code where the caller can do something about it, else by its
/// blame.
[[nodiscard]] unsigned status_of(const Error& error) noexcept;

/// An `application/problem+json` answer. Complaints that the error's text holds as lines "FILE:LINE:COL: message
/// (suggestion)" are listed one by one, too. Source: RFC 9457.
[[nodiscard]] Response problem(const Error& error);
[[nodiscard]] Response problem(unsigned status, std::string detail);

/// The complaints of a Diagnostics::to_string() text.
[[nodiscard]] nlohmann::json complaints_from(std::string_view text);

[[nodiscard]] Response json_response(const nlohmann::json& value, unsigned status = 200);

}  // namespace hilltop::web
