// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "boards/console/match/line_splitter.hpp"

namespace {

using Lines = std::vector<std::pair<std::string, std::uint64_t>>;

Lines split(std::string_view text, std::size_t chunk, std::size_t limit) {
  Lines out;
  hilltop::boards::LineSplitter splitter(limit);
  for (std::size_t at = 0; at < text.size(); at += chunk)
    splitter.feed(text.substr(at, chunk), [&](std::string_view line, std::uint64_t offset) {
      if (line.size() > limit || text.substr(offset, line.size()) != line) std::abort();
      out.emplace_back(line, offset);
    });
  out.emplace_back(splitter.rest(), text.size());
  return out;
}

}  // namespace

/// The same lines at any chunk size, each where its offset says. The first two bytes choose chunk size and limit.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 3) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::size_t limit = 1 + data[1];
  const auto whole = split(text, text.size(), limit);
  if (split(text, 1 + data[0], limit) != whole || split(text, 1, limit) != whole) std::abort();
  return 0;
}
