// SPDX-License-Identifier: Apache-2.0
#include "boards/console/analysis.hpp"

#include <gtest/gtest.h>

namespace hilltop::boards {
namespace {

/// Everything that is told, as text.
class Told final : public AnalysisSink {
 public:
  explicit Told(const Analysis& analysis) : analysis_(analysis) {}
  void on_line(const AnalysisLine& line) override {
    say(std::to_string(line.offset) + " " + analysis_.channel_name(line.channel) + ": " + std::string(line.text));
  }
  void on_match(const AnalysisMatch& match) override {
    say("match " + std::to_string(match.pattern) + " [" + std::to_string(match.begin) + "," +
        std::to_string(match.end) + ") " + std::string(match.text));
  }
  void on_frame(const demux::Piece& frame) override {
    say("frame " + std::to_string(frame.at) + " " + analysis_.channel_name(frame.channel) + " " +
        std::to_string(frame.bytes.size()));
  }
  void on_gap(std::uint64_t begin, std::uint64_t end) override {
    say("gap " + std::to_string(begin) + " " + std::to_string(end));
  }
  std::vector<std::string> all;

 private:
  void say(std::string text) { all.push_back(std::move(text)); }
  const Analysis& analysis_;
};

Analysis make(std::string_view decoders, std::vector<std::string> patterns) {
  std::vector<PatternSpec> specs;
  for (auto& pattern : patterns) specs.push_back({.pattern = std::move(pattern)});
  auto stack = demux::decoders_from(decoders);
  EXPECT_TRUE(stack) << stack.error().text;
  auto demux = demux::Demux::make(*stack);
  EXPECT_TRUE(demux) << demux.error().text;
  auto matcher = Matcher::compile(std::move(specs));
  EXPECT_TRUE(matcher) << matcher.error().text;
  return Analysis(*std::move(demux), *matcher);
}

std::vector<std::string> told(std::string_view decoders, std::vector<std::string> patterns, std::string_view input,
                              std::size_t chunk) {
  auto analysis = make(decoders, std::move(patterns));
  Told out(analysis);
  AnalysisWorkspace workspace;
  for (std::size_t at = 0; at < input.size(); at += chunk) {
    const std::string bytes(input.substr(at, chunk));
    analysis.feed(bytes, at, out, workspace);
  }
  analysis.end(out, workspace);
  return out.all;
}

const std::string split_signal = "[    1.000000] boot\r\n<LAVA_SIG[    2.000000] usb\r\nNAL_X a>\r\n# ";

TEST(Analysis, AMatchThatAKernelMessageSplitIsFoundWithItsRawOffsets) {
  const std::vector<std::string> expected = {"0 kernel: [    1.000000] boot", "30 kernel: [    2.000000] usb",
                                             "21 shell: <LAVA_SIGNAL_X a>", "match 0 [21,58) <LAVA_SIGNAL_X a>",
                                             "60 shell: # "};
  EXPECT_EQ(told("kernel", {"<LAVA_SIGNAL_[^>]*>"}, split_signal, 1000), expected);
}

TEST(Analysis, WhatIsToldAndItsOrderDoNotDependOnTheChunks) {
  std::string input;
  for (int i = 0; i < 20; ++i)
    input += split_signal +
             "\x1b[1mcolour\x1b[0m \xff\r\r\n\x06\x09"
             "AAYBAgMEIzU=\n" +
             "I/TC: secure\nwor[    3.000000] k\nld\n" + std::string(static_cast<std::size_t>(i), '\x06') + "E/T";
  for (const char* decoders : {"kernel", "smp,worlds,kernel", "worlds,smp,kernel", "slip,cobs,zephyr", ""}) {
    const auto whole = told(decoders, {"LAVA\\w+", "world", "c\\w+r"}, input, input.size());
    for (const std::size_t chunk : {1, 2, 3, 7, 64, 300})
      EXPECT_EQ(told(decoders, {"LAVA\\w+", "world", "c\\w+r"}, input, chunk), whole) << decoders << " " << chunk;
  }
}

TEST(Analysis, AGapEndsLinesAndIsSaid) {
  auto analysis = make("kernel", {"ab"});
  Told out(analysis);
  AnalysisWorkspace workspace;
  analysis.feed("line\na", 10, out, workspace);
  analysis.feed("b\nmore\n", 100, out, workspace);
  EXPECT_EQ(out.all, (std::vector<std::string>{"10 shell: line", "15 shell: a", "gap 16 100", "100 shell: b",
                                               "102 shell: more"}));
}

TEST(Analysis, TheOpenLineOfAChannelIsItsPrompt) {
  auto analysis = make("kernel", {});
  Told out(analysis);
  AnalysisWorkspace workspace;
  analysis.feed("\x1b[1mlog[    1.000000] x\nin: ", 0, out, workspace);
  std::vector<std::string> open;
  for (demux::ChannelId id = 0; id < analysis.channel_count(); ++id) open.push_back(analysis.open_line(id));
  EXPECT_EQ(open, (std::vector<std::string>{"", "", "login: ", ""}));
}

TEST(Analysis, PatternsAreSwappedBetweenLines) {
  auto analysis = make("", {"a"});
  Told out(analysis);
  AnalysisWorkspace workspace;
  analysis.feed("ab\n", 0, out, workspace);
  analysis.set_matcher(*Matcher::compile({{.pattern = "x"}, {.pattern = "b"}}));
  analysis.feed("ab\n", 3, out, workspace);
  analysis.set_matcher(nullptr);
  analysis.feed("ab\n", 6, out, workspace);
  EXPECT_EQ(out.all,
            (std::vector<std::string>{"0 text: ab", "match 0 [0,1) a", "3 text: ab", "match 1 [4,5) b", "6 text: ab"}));
}

}  // namespace
}  // namespace hilltop::boards
