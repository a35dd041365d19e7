// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

/// SLIP: frames between END bytes. Source: RFC 1055, "A Nonstandard for Transmission of IP Datagrams over Serial
/// Lines".
namespace hilltop::drivers::slip {

inline constexpr char end = '\xc0';
inline constexpr char escape = '\xdb';
inline constexpr char escaped_end = '\xdc';
inline constexpr char escaped_escape = '\xdd';

/// END, the escaped bytes, END.
[[nodiscard]] std::string encoded(std::string_view bytes);
/// What stands between two ENDs. Nothing where an escape is followed by something else than the two that there are.
[[nodiscard]] std::optional<std::string> decoded(std::string_view between_ends);

}  // namespace hilltop::drivers::slip
