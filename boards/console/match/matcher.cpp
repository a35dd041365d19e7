// SPDX-License-Identifier: Apache-2.0
#include "boards/console/match/matcher.hpp"

#include <algorithm>
#include <atomic>

#include "boards/console/match/matcher_state.hpp"

namespace hilltop::boards {
namespace {

// A candidate every so many bytes is as slow as no filter at all.
constexpr double too_frequent = 1.0 / 300;

std::uint64_t next_serial() {
  static std::atomic<std::uint64_t> last = 0;
  return ++last;
}

// Within a line nothing is a \n: such factors cannot be found.
std::vector<Factor> without_newlines(const std::vector<Factor>& factors) {
  std::vector<Factor> out;
  for (auto factor : factors) {
    bool possible = true;
    for (auto& place : factor.bytes) {
      place.remove('\n');
      possible = possible && place.size() > 0;
    }
    if (possible) out.push_back(std::move(factor));
  }
  return out;
}

bool has_empty(const std::vector<Factor>& factors) {
  return std::ranges::any_of(factors, [](const Factor& factor) { return factor.bytes.empty(); });
}

/// Decides how the pattern is matched. Returns why it is slow, or nothing.
std::string choose(CompiledPattern& out, const Factors& known) {
  if (known.min_bytes == 0) return "it can match an empty text";
  if (known.any.empty() || has_empty(known.any)) return "no literal is in all of its matches";
  if (known.per_byte > too_frequent) return "its literals are too short or too frequent";
  out.factors = out.spec.window > 1 ? known.any : without_newlines(known.any);
  const bool fixed = std::ranges::all_of(out.factors, [](const Factor& f) { return f.offset != Factor::anywhere; });
  out.how = fixed ? HowToMatch::anchored : HowToMatch::search;
  if (out.factors.empty()) out.how = HowToMatch::never;
  if (known.is_all && !out.factors.empty() && out.spec.window == 1 && LiteralFilter::is_exact(out.factors[0])) {
    out.how = HowToMatch::literal;
    out.literal_bytes = static_cast<std::uint32_t>(out.factors[0].bytes.size());
  }
  return "";
}

Result<CompiledPattern> compile_pattern(PatternSpec spec, std::string& slow) {
  CompiledPattern out;
  if (spec.window < 1 || spec.window > Matcher::max_window)
    return pcre::bad_pattern(spec.pattern, "a window has 1 to " + std::to_string(Matcher::max_window) + " lines");
  out.spec = std::move(spec);
  HILLTOP_TRY(auto anywhere, pcre::compile(out.spec.pattern, PCRE2_USE_OFFSET_LIMIT, PCRE2_JIT_COMPLETE));
  slow = choose(out,
                required_factors(anywhere.pcre, {.lines = out.spec.window > 1, .after_stamps = out.spec.after_stamps}));
  out.jit = anywhere.jit;
  out.anywhere = std::move(anywhere.code);
  if (out.how != HowToMatch::anchored) return out;
  HILLTOP_TRY(auto anchored,
              pcre::compile_translated(out.spec.pattern, std::move(anywhere.pcre), PCRE2_ANCHORED, PCRE2_JIT_COMPLETE));
  out.jit = out.jit && anchored.jit;
  out.anchored = std::move(anchored.code);
  return out;
}

}  // namespace

Result<std::shared_ptr<const Matcher>> Matcher::compile(std::vector<PatternSpec> patterns) {
  auto out = std::make_unique<Compiled>();
  out->serial = next_serial();
  std::vector<Factor> factors;
  for (std::uint32_t i = 0; i < patterns.size(); ++i) {
    std::string slow;
    HILLTOP_TRY(auto one, compile_pattern(std::move(patterns[i]), slow));
    if (!slow.empty()) out->slow.push_back({i, slow});
    for (const auto& factor : one.factors) {
      out->uses.push_back({i, factor.offset});
      factors.push_back(factor);
    }
    if (one.spec.window > 1)
      out->windowed.push_back(i);
    else if (one.how == HowToMatch::always)
      out->every_line.push_back(i);
    out->longest_window = std::max(out->longest_window, one.spec.window);
    out->patterns.push_back(std::move(one));
  }
  out->filter = LiteralFilter(factors);
  return std::make_shared<const Matcher>(std::unique_ptr<const Compiled>(std::move(out)));
}

Matcher::Matcher(std::unique_ptr<const Compiled> compiled) : compiled_(std::move(compiled)) {}
Matcher::~Matcher() = default;
std::size_t Matcher::size() const { return compiled_->patterns.size(); }
const PatternSpec& Matcher::pattern(std::size_t index) const { return compiled_->patterns.at(index).spec; }
const std::vector<Matcher::Slow>& Matcher::slow() const { return compiled_->slow; }

std::vector<std::string> Matcher::literals(std::size_t pattern) const {
  std::vector<std::string> out;
  for (const auto& factor : compiled_->patterns.at(pattern).factors) out.push_back(factor.printable());
  return out;
}

Scanner::Scanner() = default;
Scanner::Scanner(Scanner&&) noexcept = default;
Scanner& Scanner::operator=(Scanner&&) noexcept = default;
Scanner::~Scanner() = default;

void Scanner::scan(const Matcher& matcher, const CleanBlock& block, MatchWorkspace& workspace,
                   std::vector<LineMatch>& out) {
  if (block.empty()) return;
  const auto& compiled = matcher.compiled();
  if (compiled.windowed.empty()) {
    windows_.reset();
  } else if (!windows_ || windows_->matcher != compiled.serial) {
    windows_ = std::make_unique<Windows>();
    windows_->matcher = compiled.serial;
    windows_->cursors.resize(compiled.windowed.size());
  }
  BlockScan(compiled, block, workspace.state(), windows_.get(), out).run();
}

void Scanner::restart() { windows_.reset(); }

}  // namespace hilltop::boards
