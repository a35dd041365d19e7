// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace hilltop::controller {

/// Bytes as text that JSON can carry, with padding. Source: RFC 4648 section 4.
[[nodiscard]] std::string to_base64(std::string_view bytes);
/// The inverse; nothing for text that to_base64 does not write.
[[nodiscard]] std::optional<std::string> from_base64(std::string_view text);

}  // namespace hilltop::controller
