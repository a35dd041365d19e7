// SPDX-License-Identifier: Apache-2.0
#include "drivers/core/clock.hpp"

#include <fmt/format.h>
#include <time.h>

#include <charconv>
#include <cstdio>

namespace hilltop {

UtcTime utc_now() noexcept {
  return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::system_clock::now());
}

std::string to_rfc3339(UtcTime time) {
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(time - day);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count(), clock.subseconds().count());
}

namespace {

/// Microseconds of ".5", ".012345"; digits past the sixth are cut.
std::optional<std::chrono::microseconds> fraction_from(std::string_view digits) {
  if (digits.empty()) return std::nullopt;
  std::int64_t micros = 0;
  for (std::size_t i = 0; i < 6; ++i) {
    const char c = i < digits.size() ? digits[i] : '0';
    if (c < '0' || c > '9') return std::nullopt;
    micros = micros * 10 + (c - '0');
  }
  return std::chrono::microseconds(micros);
}

}  // namespace

std::optional<UtcTime> from_rfc3339(std::string_view text) {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, used = 0;
  const std::string copy(text);
  if (std::sscanf(copy.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d%n", &year, &month, &day, &hour, &minute, &second, &used) != 6)
    return std::nullopt;
  auto rest = text.substr(static_cast<std::size_t>(used));
  if (rest.empty() || rest.back() != 'Z') return std::nullopt;
  rest.remove_suffix(1);
  std::chrono::microseconds micros{0};
  if (!rest.empty()) {
    if (rest.front() != '.') return std::nullopt;
    const auto fraction = fraction_from(rest.substr(1));
    if (!fraction) return std::nullopt;
    micros = *fraction;
  }
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  return UtcTime(std::chrono::sys_days(date)) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
         std::chrono::seconds(second) + micros;
}

std::string to_human(std::chrono::nanoseconds duration) {
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
  if (ms < 10'000 && ms % 1000 != 0) return fmt::format("{:.3g} s", static_cast<double>(ms) / 1000.0);
  const auto s = ms / 1000;
  if (s < 120) return fmt::format("{} s", s);
  if (s < 7200) return s % 60 == 0 ? fmt::format("{} min", s / 60) : fmt::format("{} min {} s", s / 60, s % 60);
  if (s < 172'800) return s / 60 % 60 == 0 ? fmt::format("{} h", s / 3600) : fmt::format("{} h {} min", s / 3600, s / 60 % 60);
  return fmt::format("{} d {} h", s / 86'400, s / 3600 % 24);
}

std::optional<std::chrono::seconds> duration_from(std::string_view text) {
  std::int64_t total = 0;
  if (text.empty()) return std::nullopt;
  while (!text.empty()) {
    std::int64_t n = 0;
    const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), n);
    const auto digits = static_cast<std::size_t>(end - text.data());
    if (ec != std::errc() || n < 0 || n > 1'000'000'000 || digits == text.size()) return std::nullopt;
    const char unit = text[digits];
    const std::int64_t seconds = unit == 's' ? 1 : unit == 'm' ? 60 : unit == 'h' ? 3600 : unit == 'd' ? 86'400 : 0;
    if (seconds == 0) return std::nullopt;
    total += n * seconds;
    text.remove_prefix(digits + 1);
  }
  return std::chrono::seconds(total);
}

}  // namespace hilltop
