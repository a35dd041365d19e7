// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <iostream>

#include "bench/console/stages.hpp"
#include "boards/console/analysis.hpp"
#include "boards/console/match/clean.hpp"
#include "boards/console/match/matcher.hpp"
#include "drivers/core/clock.hpp"

namespace hilltop::bench {
namespace {

using boards::CleanBlock;
using boards::Cleaner;
using boards::LineMatch;
using boards::Matcher;
using boards::MatchWorkspace;
using boards::ScalarCleaner;
using boards::Scanner;

constexpr std::size_t read_bytes = 4096;  // a busy console alone
constexpr std::size_t small_bytes = 300;  // 3 Mbaud, 1 ms
constexpr std::size_t many_consoles = 512;
constexpr std::size_t ring_bytes = 1 << 20;

template <class AnyCleaner>
Stage clean_stage(std::string name, std::string_view raw) {
  return {std::move(name), raw.size(), [raw] {
            AnyCleaner cleaner;
            CleanBlock block;
            std::uint64_t lines = 0;
            for (std::size_t at = 0; at < raw.size(); at += read_bytes) {
              block.clear();
              cleaner.feed(raw.substr(at, read_bytes), block);
              lines += block.lines().size();
            }
            return lines;
          }};
}

Stage match_stage(std::string name, std::shared_ptr<const Matcher> matcher,
                  std::shared_ptr<const std::vector<CleanBlock>> blocks, std::uint64_t bytes) {
  return {std::move(name), bytes, [matcher, blocks] {
            Scanner scanner;
            MatchWorkspace workspace;
            std::vector<LineMatch> found;
            std::uint64_t matches = 0;
            for (const auto& block : *blocks) {
              found.clear();
              scanner.scan(*matcher, block, workspace, found);
              matches += found.size();
            }
            return matches;
          }};
}

struct Count final : boards::AnalysisSink {
  void on_match(const boards::AnalysisMatch&) override { ++matches; }
  [[nodiscard]] bool wants_lines() const override { return false; }
  std::uint64_t matches = 0;
};

/// What a shard and the analysis do to every read: the time, into the ring, channels, cleaned, cut into lines, matched.
Stage pipeline_stage(std::string name, std::shared_ptr<const Matcher> matcher, std::string_view raw,
                     std::size_t consoles, std::size_t piece) {
  const auto rounds = raw.size() / (consoles * piece);
  return {std::move(name), rounds * consoles * piece, [matcher, raw, consoles, piece, rounds] {
            std::vector<boards::Analysis> all;
            for (std::size_t i = 0; i < consoles; ++i) all.emplace_back(boards::demux::Demux(), matcher);
            std::string ring(ring_bytes + piece, '\0');
            std::size_t ring_at = 0;
            boards::AnalysisWorkspace workspace;
            Count count;
            UtcTime last;
            for (std::size_t round = 0; round < rounds; ++round) {
              for (std::size_t i = 0; i < consoles; ++i) {
                last = std::max(last, utc_now());
                const auto read = raw.substr(raw.size() / consoles * i + round * piece, piece);
                ring_at = (ring_at + read.copy(ring.data() + ring_at, piece)) % ring_bytes;
                all[i].feed(read, round * piece, count, workspace);
              }
            }
            return count.matches + (last == UtcTime() ? 1 : 0);
          }};
}

std::shared_ptr<const Matcher> compile(const Patterns& patterns) {
  std::vector<boards::PatternSpec> specs;
  for (const auto& [name, pattern] : patterns) specs.push_back({.pattern = pattern});
  auto matcher = Matcher::compile(std::move(specs));
  if (!matcher) {
    std::cerr << matcher.error().text << '\n';
    std::exit(1);
  }
  for (const auto& slow : (*matcher)->slow())
    std::cerr << "slow: " << patterns[slow.pattern].first << ": " << slow.why << '\n';
  return *std::move(matcher);
}

std::shared_ptr<std::vector<CleanBlock>> cleaned_blocks(std::string_view raw) {
  auto blocks = std::make_shared<std::vector<CleanBlock>>();
  Cleaner cleaner;
  for (std::size_t at = 0; at < raw.size(); at += read_bytes)
    cleaner.feed(raw.substr(at, read_bytes), blocks->emplace_back());
  return blocks;
}

}  // namespace

std::string cleaned_text(std::string_view raw) {
  std::string out;
  for (const auto& block : *cleaned_blocks(raw)) out += block.text();
  return out;
}

std::string mostly_utf8(std::string_view raw) {
  std::string out;
  out.reserve(raw.size() * 3);
  bool in_sequence = false;  // a terminal's: it stays one
  for (const char c : raw) {
    if (c == '\x1b') in_sequence = true;
    if (c < 'a' || c > 'z' || in_sequence) {
      out += c;
    } else {
      const auto code = 0x4E00U + static_cast<unsigned>(c - 'a') * 331U;  // CJK unified ideographs
      out += static_cast<char>(0xE0U | code >> 12U);
      out += static_cast<char>(0x80U | (code >> 6U & 0x3FU));
      out += static_cast<char>(0x80U | (code & 0x3FU));
    }
    if (in_sequence && c >= '@' && c != '[') in_sequence = false;
  }
  return out;
}

std::vector<Stage> our_stages(const Input& input) {
  const auto few = compile(input.few);
  const auto many = compile(input.many);
  const auto blocks = cleaned_blocks(input.raw);
  return {clean_stage<Cleaner>("clean", input.raw),
          clean_stage<ScalarCleaner>("clean-scalar", std::string_view(input.raw).substr(0, 8 << 20)),
          clean_stage<Cleaner>("clean-utf8", input.utf8),
          match_stage("match-44", few, blocks, input.cleaned.size()),
          match_stage("match-1000", many, blocks, input.cleaned.size()),
          pipeline_stage("pipeline-1", few, input.raw, 1, read_bytes),
          pipeline_stage("pipeline-512", few, input.raw, many_consoles, small_bytes)};
}

}  // namespace hilltop::bench
