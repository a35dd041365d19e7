// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hilltop {

/// Wall-clock time, in microseconds since 1970 UTC: what is stored and shown.
using UtcTime = std::chrono::time_point<std::chrono::system_clock, std::chrono::microseconds>;

[[nodiscard]] UtcTime utc_now() noexcept;

/// RFC 3339 in UTC with microseconds: "2026-11-20T09:45:53.012345Z". Source: RFC 3339 5.6.
[[nodiscard]] std::string to_rfc3339(UtcTime time);

/// The inverse, for what to_rfc3339 writes and the same without a fraction; nothing for other text.
[[nodiscard]] std::optional<UtcTime> from_rfc3339(std::string_view text);

/// "90 s", "5 min", "2 h 10 min", "0.3 s": for people.
[[nodiscard]] std::string to_human(std::chrono::nanoseconds duration);

/// "30s", "15m", "2h", "1d", "1h30m" as people type durations; nothing for other text.
[[nodiscard]] std::optional<std::chrono::seconds> duration_from(std::string_view text);

}  // namespace hilltop
