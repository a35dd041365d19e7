// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace hilltop::drivers::unit {

/// In hexadecimal digits, as HTTP's digest access wants them: not for keeping secrets.
[[nodiscard]] std::string md5_hex(std::string_view bytes);     ///< Source: RFC 1321.
[[nodiscard]] std::string sha256_hex(std::string_view bytes);  ///< Source: FIPS 180-4, 6.2.

}  // namespace hilltop::drivers::unit
