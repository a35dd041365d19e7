// SPDX-License-Identifier: Apache-2.0
// Random patterns on random consoles: python3's re says what all matches in each line are.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <fstream>
#include <sstream>

#include "boards/console/match/matcher.hpp"
#include "drivers/core/process.hpp"
#include "tests/boards/console/match/random_console.hpp"
#include "tests/boards/console/match/random_pattern.hpp"
#include "tests/boards/temporary_folder.hpp"

namespace hilltop::boards {
namespace {

// One case a line in (a hexadecimal pattern, then the lines), one line out: "line:begin-end" of each match; "error"
// when the pattern is none; "slow" when it takes Python more than half a second of CPU: its re has no limits.
constexpr std::string_view oracle = R"(
import re, signal, sys, warnings
warnings.simplefilter('ignore')
def too_slow(*_):
    raise TimeoutError
signal.signal(signal.SIGVTALRM, too_slow)
for case in open(sys.argv[1]):
    pattern, *lines = [bytes.fromhex(word[1:]) for word in case.split()]
    try:
        compiled = re.compile(pattern, re.DOTALL)
    except (re.error, OverflowError):
        print('error')
        continue
    signal.setitimer(signal.ITIMER_VIRTUAL, 0.5)
    try:
        found = ' '.join('%d:%d-%d' % (i, m.start(), m.end()) for i, line in enumerate(lines) for m in compiled.finditer(line))
    except TimeoutError:
        found = 'slow'
    signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    print(found)
)";

std::string hex(std::string_view bytes) {
  std::string out = "x";  // so that an empty one is a word too
  for (const char c : bytes) out += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return out;
}

bool has_empty(const std::string& matches) {
  std::istringstream words(matches);
  for (std::string word; words >> word;)
    if (word.substr(word.find(':') + 1, word.find('-') - word.find(':') - 1) == word.substr(word.find('-') + 1))
      return true;
  return false;
}

Task<> keep(Task<ToolOutput> task, std::optional<Result<ToolOutput>>* out) {
  out->emplace(co_await std::move(task));
  co_return ok();
}

std::string python(const std::filesystem::path& cases) {
  asio::io_context io;
  std::string said;
  std::optional<Result<ToolOutput>> ended;
  TaskScope scope(io.get_executor(), "python");
  scope.spawn("run", keep(run_tool_checked(Command({"/usr/bin/python3", "-c", std::string(oracle), cases}),
                                           Deadline::after(60s), [&](std::string_view text) { said += text; }),
                          &ended));
  while (!ended && io.run_one() > 0) {
  }
  EXPECT_TRUE(ended && *ended);
  return said;
}

std::string ours(const Matcher& matcher, const CleanBlock& block) {
  Scanner scanner;
  MatchWorkspace workspace;
  std::vector<LineMatch> found;
  scanner.scan(matcher, block, workspace, found);
  std::string out;
  for (const auto& match : found) {
    if (match.gave_up) return "gave up";
    const auto begin = block.begin(match.line);
    out += fmt::format("{}{}:{}-{}", out.empty() ? "" : " ", match.line, match.begin - begin, match.end - begin);
  }
  return out;
}

TEST(MatcherPythonOracle, finds_all_that_python_finds_in_each_line) {
  constexpr int count = 3'000;
  const test::TemporaryFolder folder;
  RandomPattern generate(77);
  RandomConsole console(78, 20);
  std::vector<std::string> patterns;
  std::vector<CleanBlock> blocks;
  std::ofstream file(folder.path() / "cases");
  for (int i = 0; i < count; ++i) {
    patterns.push_back(generate.pattern());
    CleanBlock block;
    Cleaner cleaner;
    cleaner.feed(console.bytes(150), block);
    file << hex(patterns.back());
    for (std::size_t line = 0; line < block.lines().size(); ++line) file << ' ' << hex(block.line(line));
    file << '\n';
    blocks.push_back(std::move(block));
  }
  file.close();
  std::istringstream said(python(folder.path() / "cases"));
  int compared = 0;
  int matched = 0;
  int empty_turns = 0;
  for (int i = 0; i < count; ++i) {
    std::string expected;
    ASSERT_TRUE(std::getline(said, expected));
    if (expected == "slow") continue;
    const auto matcher = Matcher::compile({{.pattern = patterns[static_cast<std::size_t>(i)]}});
    if (expected == "error" || !matcher) {
      EXPECT_TRUE(expected == "error" || matcher) << patterns[static_cast<std::size_t>(i)];
      continue;
    }
    const auto got = ours(**matcher, blocks[static_cast<std::size_t>(i)]);
    if (got == "gave up") continue;
    ++compared;
    matched += expected.empty() ? 0 : 1;
    if (got == expected) continue;
    // A group that may match nothing, repeated: PCRE2 and Python try its turns in another order.
    if (has_empty(expected))
      ++empty_turns;
    else
      EXPECT_EQ(got, expected) << patterns[static_cast<std::size_t>(i)];
  }
  EXPECT_LE(empty_turns, count / 500);
  EXPECT_GT(compared, count * 8 / 10);
  EXPECT_GT(matched, count / 4);
}

}  // namespace
}  // namespace hilltop::boards
