// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace hilltop::bench {

/// A stamp stands at the start of each paced write: "#T", the monotonic time in ns (16 hex digits), a sequence number a
/// board (8), CR LF.
inline constexpr std::size_t stamp_bytes = 28;
/// Overwrites the first stamp_bytes at `out`.
void write_stamp(char* out, std::uint64_t time_ns, std::uint32_t sequence);

/// Finds a board's stamps in what a subscriber gets, at any chunk size.
class StampReader {
 public:
  /// Notes how long ago each stamp in `bytes` was written. Microseconds go to `latencies`.
  void feed(std::string_view bytes, std::uint64_t now_ns, std::vector<std::uint32_t>& latencies);
  /// Stamps that were left out between two that came; stamps that came out of order.
  [[nodiscard]] std::uint64_t missing() const { return missing_; }
  [[nodiscard]] std::uint64_t disordered() const { return disordered_; }
  [[nodiscard]] std::uint64_t last_time_ns() const { return last_time_ns_; }

 private:
  void take(std::string_view stamp, std::uint64_t now_ns, std::vector<std::uint32_t>& latencies);
  std::string rest_;  // the last bytes, where they may be the start of a stamp
  std::uint32_t next_ = 0;
  bool any_ = false;
  std::uint64_t missing_ = 0;
  std::uint64_t disordered_ = 0;
  std::uint64_t last_time_ns_ = 0;
};

/// {"count","p50_us","p99_us","p999_us","max_us"}
[[nodiscard]] nlohmann::json percentiles(std::vector<std::uint32_t> microseconds);

}  // namespace hilltop::bench
