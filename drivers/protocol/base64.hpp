// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace hilltop::drivers {

/// With padding, without line ends. Source: RFC 4648, section 4.
[[nodiscard]] std::string base64_encoded(std::string_view bytes);
/// Nothing unless `text` is whole groups of four; padding may also end groups before the last one, as packets that are
/// encoded in pieces have it.
[[nodiscard]] std::optional<std::string> base64_decoded(std::string_view text);
/// Whether `c` may be in such a text, '=' included.
[[nodiscard]] bool is_base64(char c);

}  // namespace hilltop::drivers
