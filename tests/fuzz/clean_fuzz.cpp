// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdlib>
#include <string>
#include <tuple>
#include <vector>

#include "boards/console/match/clean.hpp"

namespace {

using namespace hilltop::boards;

using Line = std::tuple<std::string, std::uint64_t, std::vector<std::uint64_t>>;

template <class Any>
std::pair<std::vector<Line>, std::uint64_t> clean(std::string_view bytes, std::size_t chunk) {
  Any cleaner(1'000);
  CleanBlock block;
  for (std::size_t at = 0; at < bytes.size(); at += chunk) cleaner.feed(bytes.substr(at, chunk), block);
  cleaner.end(block, 1'000 + bytes.size());
  std::vector<Line> out;
  for (std::size_t i = 0; i < block.lines().size(); ++i) {
    std::vector<std::uint64_t> raw;
    for (auto at = block.begin(i); at < block.lines()[i].end; ++at) raw.push_back(block.raw_at(i, at));
    out.emplace_back(std::string(block.line(i)), block.lines()[i].raw, std::move(raw));
  }
  return {std::move(out), cleaner.nuls()};
}

}  // namespace

/// The vector loop gives what the plain loop gives, lines and how many NULs went, at any size of chunks, and every byte
/// of ASCII stands where its offset says. The first byte chooses the size.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto whole = clean<ScalarCleaner>(text, text.size());
  if (clean<Cleaner>(text, 1 + data[0]) != whole || clean<Cleaner>(text, text.size()) != whole) std::abort();
  for (const auto& [line, raw, offsets] : whole.first)
    for (std::size_t i = 0; i < line.size(); ++i)
      if (line[i] >= 0 && text[offsets[i] - 1'000] != line[i]) std::abort();
  return 0;
}
