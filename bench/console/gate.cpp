// SPDX-License-Identifier: Apache-2.0
// Whether what is measured is right: the cleaner against its scalar reference, the matcher against PCRE2's find-all, at
// every size of chunks. Prints a line of JSON; ends with 1 when anything differs.
//   --corpus FILE --patterns FILE [--seed N]
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <iostream>
#include <random>

#include "bench/console/support.hpp"
#include "boards/console/match/clean.hpp"
#include "boards/console/match/matcher.hpp"

namespace hilltop::bench {
namespace {

using boards::CleanBlock;

constexpr std::size_t chunk_sizes[] = {1, 7, 64, 300, 4096, 65536, 0};  // 0: at random

struct Found {
  std::uint64_t line = 0;                         // of the whole stream
  std::uint32_t pattern = 0, begin = 0, end = 0;  // in the line
  auto operator<=>(const Found&) const = default;
};

/// The lines of `raw` by `AnyCleaner`, each with its raw offset, fed in chunks of `size`.
template <class AnyCleaner, class OnBlock>
void clean(std::string_view raw, std::size_t size, std::uint64_t seed, OnBlock on_block) {
  AnyCleaner cleaner;
  CleanBlock block;
  std::mt19937_64 random(seed);
  for (std::size_t at = 0; at < raw.size();) {
    const auto piece = raw.substr(at, size > 0 ? size : 1 + random() % 9000);
    block.clear();
    cleaner.feed(piece, block);
    at += piece.size();
    if (at >= raw.size()) cleaner.end(block, raw.size());
    on_block(block);
  }
}

template <class AnyCleaner>
std::vector<std::pair<std::string, std::uint64_t>> lines_of(std::string_view raw, std::size_t size,
                                                            std::uint64_t seed) {
  std::vector<std::pair<std::string, std::uint64_t>> out;
  clean<AnyCleaner>(raw, size, seed, [&](const CleanBlock& block) {
    for (std::size_t i = 0; i < block.lines().size(); ++i) out.emplace_back(block.line(i), block.lines()[i].raw);
  });
  return out;
}

std::vector<Found> matches_of(const boards::Matcher& matcher, std::string_view raw, std::size_t size,
                              std::uint64_t seed) {
  std::vector<Found> out;
  boards::Scanner scanner;
  boards::MatchWorkspace workspace;
  std::vector<boards::LineMatch> found;
  std::uint64_t line = 0;
  clean<boards::Cleaner>(raw, size, seed, [&](const CleanBlock& block) {
    found.clear();
    scanner.scan(matcher, block, workspace, found);
    for (const auto& m : found) {
      const auto begin = block.begin(m.line);
      out.push_back({line + m.line, m.pattern, m.begin - begin, m.end - begin});
    }
    line += block.lines().size();
  });
  std::ranges::sort(out);
  return out;
}

/// PCRE2's find-all, a pattern after the other on each line.
std::vector<Found> oracle(const std::vector<std::pair<std::string, std::string>>& patterns,
                          const std::vector<std::pair<std::string, std::uint64_t>>& lines) {
  std::vector<Found> out;
  for (std::uint32_t p = 0; p < patterns.size(); ++p) {
    const auto& text = patterns[p].second;
    int error = 0;
    PCRE2_SIZE where = 0;
    auto* code =
        pcre2_compile(reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), PCRE2_DOTALL, &error, &where, nullptr);
    if (code == nullptr) fail(text);
    pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);
    auto* match = pcre2_match_data_create_from_pattern(code, nullptr);
    const auto* range = pcre2_get_ovector_pointer(match);
    for (std::uint64_t line = 0; line < lines.size(); ++line) {
      const auto& subject = lines[line].first;
      for (PCRE2_SIZE at = 0; at <= subject.size();) {
        if (pcre2_match(code, reinterpret_cast<PCRE2_SPTR>(subject.data()), subject.size(), at, 0, match, nullptr) < 0)
          break;
        out.push_back({line, p, static_cast<std::uint32_t>(range[0]), static_cast<std::uint32_t>(range[1])});
        at = range[1] > range[0] ? range[1] : range[1] + 1;
      }
    }
    pcre2_match_data_free(match);
    pcre2_code_free(code);
  }
  std::ranges::sort(out);
  return out;
}

int run(const Arguments& arguments) {
  const auto raw = read_file(arguments.text("corpus"));
  const auto seed = arguments.number("seed", 1);
  auto patterns = read_patterns(arguments.text("patterns"));
  for (auto& prompt : board_prompts(arguments.number("prompts", 0))) patterns.push_back(std::move(prompt));
  std::vector<boards::PatternSpec> specs;
  for (const auto& [name, pattern] : patterns) specs.push_back({.pattern = pattern});
  const auto matcher = boards::Matcher::compile(specs);
  if (!matcher) {
    std::cerr << matcher.error().text << '\n';
    return 1;
  }
  const auto reference = lines_of<boards::ScalarCleaner>(raw, 4096, seed);
  const auto expected = oracle(patterns, reference);
  nlohmann::json out = {
      {"bytes", raw.size()}, {"lines", reference.size()}, {"matches", expected.size()}, {"patterns", patterns.size()}};
  bool same = !expected.empty();
  for (const auto size : chunk_sizes) {
    const bool lines = lines_of<boards::Cleaner>(raw, size, seed) == reference;
    const bool matches = matches_of(**matcher, raw, size, seed) == expected;
    if (!lines) out["cleaned text differs at chunk size"].push_back(size);
    if (!matches) out["matches differ at chunk size"].push_back(size);
    same = same && lines && matches;
  }
  out["same"] = same;
  say(out.dump());
  return same ? 0 : 1;
}

}  // namespace
}  // namespace hilltop::bench

int main(int argc, char** argv) { return hilltop::bench::run(hilltop::bench::Arguments(argc, argv)); }
