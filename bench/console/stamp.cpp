// SPDX-License-Identifier: Apache-2.0
#include "bench/console/stamp.hpp"

#include <algorithm>
#include <charconv>
#include <cstring>

namespace hilltop::bench {
namespace {

constexpr char digits[] = "0123456789abcdef";

template <class T>
bool parse_hex(std::string_view text, T& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out, 16);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

void write_stamp(char* out, std::uint64_t time_ns, std::uint32_t sequence) {
  *out++ = '#';
  *out++ = 'T';
  for (int shift = 60; shift >= 0; shift -= 4) *out++ = digits[time_ns >> shift & 15];
  for (int shift = 28; shift >= 0; shift -= 4) *out++ = digits[sequence >> shift & 15];
  *out++ = '\r';
  *out++ = '\n';
}

void StampReader::feed(std::string_view bytes, std::uint64_t now_ns, std::vector<std::uint32_t>& latencies) {
  std::string joined;
  if (!rest_.empty()) {
    joined = rest_;
    joined += bytes;
    bytes = joined;
    rest_.clear();
  }
  std::size_t at = 0;
  while ((at = bytes.find('#', at)) != std::string_view::npos) {
    if (bytes.size() - at < stamp_bytes) {
      if (bytes.size() - at == 1 || bytes[at + 1] == 'T') {
        rest_ = bytes.substr(at);
        return;
      }
      ++at;
    } else if (bytes[at + 1] == 'T' && bytes[at + stamp_bytes - 1] == '\n') {
      take(bytes.substr(at, stamp_bytes), now_ns, latencies);
      at += stamp_bytes;
    } else {
      ++at;
    }
  }
}

void StampReader::take(std::string_view stamp, std::uint64_t now_ns, std::vector<std::uint32_t>& latencies) {
  std::uint64_t time = 0;
  std::uint32_t sequence = 0;
  if (!parse_hex(stamp.substr(2, 16), time) || !parse_hex(stamp.substr(18, 8), sequence)) return;
  if (any_ && sequence > next_) missing_ += sequence - next_;
  if (any_ && sequence < next_) ++disordered_;
  any_ = true;
  next_ = sequence + 1;
  last_time_ns_ = time;
  latencies.push_back(static_cast<std::uint32_t>(now_ns > time ? (now_ns - time) / 1000 : 0));
}

nlohmann::json percentiles(std::vector<std::uint32_t> us) {
  std::ranges::sort(us);
  const auto at = [&](double part) {
    return us.empty() ? 0U
                      : us[std::min(us.size() - 1, static_cast<std::size_t>(part * static_cast<double>(us.size())))];
  };
  return {{"count", us.size()},
          {"p50_us", at(0.5)},
          {"p99_us", at(0.99)},
          {"p999_us", at(0.999)},
          {"max_us", us.empty() ? 0U : us.back()}};
}

}  // namespace hilltop::bench
