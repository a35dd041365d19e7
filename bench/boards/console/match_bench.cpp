// SPDX-License-Identifier: Apache-2.0
// Question: what does each stage of cleaning and matching cost, by kind of console and by kind of pattern? Baselines:
// memcpy of the same bytes in blocks of 64 KiB, the plain loop, and PCRE2-JIT on an alternation of the same patterns.
// (Hyperscan, the real corpus and the whole pipeline: bench/console.)
#include <benchmark/benchmark.h>

#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "boards/console/match/clean.hpp"
#include "boards/console/match/matcher.hpp"
#include "boards/console/match/pcre.hpp"

namespace hilltop::boards {
namespace {

constexpr std::size_t total_bytes = 8 << 20;
constexpr std::size_t read_bytes = 4096;

enum Kind : std::int64_t { plain, coloured, utf8, noisy };
constexpr const char* kind_names[] = {"plain", "coloured", "utf8", "noisy"};

/// Lines of about 60 bytes; one in nine matches a pattern.
std::string console(Kind kind) {
  std::mt19937 random(7);
  std::string out;
  while (out.size() < total_bytes) {
    const bool hit = random() % 9 == 0;
    if (kind == coloured) out += "\x1b[1;32m";
    out += "[    " + std::to_string(random() % 10) + "." + std::to_string(100'000 + random() % 900'000) + "] ";
    out += hit ? "WARNING: CPU: 1 PID: 77 at drivers/base/core.c:12" : "usb 1-1: new high-speed device number";
    if (kind == coloured) out += "\x1b[0m";
    if (kind == utf8) out += " für 5 µs ✓";
    if (kind == noisy && random() % 100 == 0) out += static_cast<char>(random() | 0x80);
    out += " " + std::to_string(random()) + "\r\n";
  }
  return out;
}

std::vector<PatternSpec> patterns(std::size_t count) {
  static constexpr const char* some[] = {"Kernel panic - not syncing",
                                         "WARNING: CPU: \\d+ PID: \\d+ at ",
                                         "\\bOops: ",
                                         "BUG: (?!KASAN)",
                                         "<LAVA_SIGNAL_(\\S+) ([^>]+)>",
                                         "^(?:=>|U-Boot>) "};
  std::vector<PatternSpec> out;
  for (const auto* pattern : some) out.push_back({.pattern = pattern});
  for (std::size_t i = out.size(); i < count; ++i)
    out.push_back({.pattern = "root@board-" + std::to_string(i) + ":~# "});
  return out;
}

std::vector<CleanBlock> blocks(Kind kind) {
  const auto bytes = console(kind);
  std::vector<CleanBlock> out;
  Cleaner cleaner;
  for (std::size_t at = 0; at < bytes.size(); at += read_bytes)
    cleaner.feed(std::string_view(bytes).substr(at, read_bytes), out.emplace_back());
  return out;
}

void report(benchmark::State& state, std::size_t bytes) {
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(bytes));
}

void copy(benchmark::State& state) {
  const auto from = console(plain);
  std::string to(from.size(), '\0');
  constexpr std::size_t block = 64 << 10;
  for (auto _ : state) {
    for (std::size_t at = 0; at + block <= from.size(); at += block)
      std::memcpy(to.data() + at, from.data() + at, block);
    benchmark::DoNotOptimize(to.data());
  }
  report(state, from.size());
}

template <class Any>
void clean(benchmark::State& state) {
  const auto bytes = console(static_cast<Kind>(state.range(0)));
  const auto chunk = static_cast<std::size_t>(state.range(1));
  state.SetLabel(kind_names[state.range(0)]);
  CleanBlock block;
  for (auto _ : state) {
    Any cleaner;
    for (std::size_t at = 0; at < bytes.size(); at += chunk) {
      block.clear();
      cleaner.feed(std::string_view(bytes).substr(at, chunk), block);
    }
    benchmark::DoNotOptimize(block.text().data());
  }
  report(state, bytes.size());
}

void scan(benchmark::State& state) {
  const auto all = blocks(plain);
  const auto matcher = Matcher::compile(patterns(static_cast<std::size_t>(state.range(0)))).value();
  Scanner scanner;
  MatchWorkspace workspace;
  std::vector<LineMatch> found;
  std::size_t bytes = 0;
  for (const auto& block : all) bytes += block.text().size();
  for (auto _ : state) {
    for (const auto& block : all) {
      found.clear();
      scanner.scan(*matcher, block, workspace, found);
    }
    benchmark::DoNotOptimize(found.data());
  }
  report(state, bytes);
}

void pcre2_alternation(benchmark::State& state) {
  const auto all = blocks(plain);
  std::string pattern;
  for (const auto& spec : patterns(static_cast<std::size_t>(state.range(0))))
    pattern += (pattern.empty() ? "" : "|") + spec.pattern;
  const auto compiled = pcre::compile(pattern, 0, PCRE2_JIT_COMPLETE).value();
  const pcre::MatchData data(pcre2_match_data_create(1, nullptr));
  std::size_t bytes = 0;
  for (const auto& block : all) bytes += block.text().size();
  for (auto _ : state) {
    for (const auto& block : all)
      for (std::size_t i = 0; i < block.lines().size(); ++i) {
        const auto line = block.line(i);
        benchmark::DoNotOptimize(pcre2_jit_match(compiled.code.get(), reinterpret_cast<PCRE2_SPTR>(line.data()),
                                                 line.size(), 0, 0, data.get(), nullptr));
      }
  }
  report(state, bytes);
}

void compile(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(Matcher::compile(patterns(static_cast<std::size_t>(state.range(0)))));
}

BENCHMARK(copy);
BENCHMARK(clean<Cleaner>)->ArgsProduct({{plain, coloured, utf8, noisy}, {300, 4096}});
BENCHMARK(clean<ScalarCleaner>)->Args({plain, 4096});
BENCHMARK(scan)->Arg(6)->Arg(100)->Arg(1000);
BENCHMARK(pcre2_alternation)->Arg(6);
BENCHMARK(compile)->Arg(44)->Arg(1000)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace hilltop::boards
