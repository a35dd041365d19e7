// SPDX-License-Identifier: Apache-2.0
#include "boards/console/demux/demux.hpp"

#include <gtest/gtest.h>

#include "drivers/protocol/smp.hpp"
#include "tests/boards/console/demux/invariance.hpp"

namespace hilltop::boards::demux {
namespace {

TEST(Demux, WithoutDecodersAllIsTextAndNothingIsCopied) {
  Demux demux;
  struct Same final : PieceSink {
    void on_piece(const Piece& piece) override { where = piece.bytes.data(); }
    const char* where = nullptr;
  } same;
  const std::string bytes = "hello\n";
  demux.feed(bytes, 0, same);
  EXPECT_EQ(same.where, bytes.data());
}

TEST(Demux, KernelLinesLeaveAsOneSpanOfWhatWasFed) {
  auto demux = Demux::make({{.name = "kernel"}});
  struct Spans final : PieceSink {
    void on_piece(const Piece& piece) override { all.push_back(piece.bytes); }
    std::vector<std::string_view> all;
  } spans;
  std::string log;
  for (int i = 0; i < 100; ++i) log += "[    1.000000] line\r\n";
  demux->feed(log, 0, spans);
  ASSERT_EQ(spans.all.size(), 1U);
  EXPECT_EQ(spans.all[0].data(), log.data());
  EXPECT_EQ(spans.all[0].size(), log.size());
}

TEST(Demux, AGapEndsWhatIsOpenAndIsSaid) {
  auto demux = Demux::make({{.name = "smp"}, {.name = "kernel"}});
  Recorder recorder(*demux);
  demux->feed("[    1.000000] half a li", 0, recorder);
  demux->feed("shell\n\x06\x09QUJD", 100, recorder);
  demux->feed("behind\n", 200, recorder);
  EXPECT_EQ(stream(recorder.channels(), "kernel"), "[    1.000000] half a li");
  EXPECT_EQ(stream(recorder.channels(), "shell"), "shell\n\x06\x09QUJDbehind\n");
  const auto& gaps = recorder.channels().at("text");
  ASSERT_EQ(gaps.size(), 2U);
  EXPECT_EQ(gaps[0].kind, Piece::Kind::gap);
  EXPECT_EQ(gaps[0].begin, 24U);
  EXPECT_EQ(gaps[0].end, 100U);
  demux->end(recorder);
  EXPECT_EQ(recorder.partition_of(0, 207), "");
}

TEST(Demux, WhatIsFedAgainIsNotHeardTwice) {
  auto demux = Demux::make({{.name = "kernel"}});
  Recorder recorder(*demux);
  demux->feed("abcdef", 0, recorder);
  demux->feed("efgh", 4, recorder);
  demux->feed("gh", 6, recorder);
  EXPECT_EQ(stream(recorder.channels(), "shell"), "abcdefgh");
}

TEST(Demux, TheOrderOfDecodersIsFree) {
  const std::string packet = "\x01\x02";
  const auto line = drivers::smp::lines_of(packet).front();
  const auto input = "sh[    1.000000] a\n" + line + "ell\n" + line;
  for (const char* order : {"smp,kernel,slip", "slip,smp,kernel"}) {
    const auto out = demuxed(order, input);
    EXPECT_EQ(stream(out, "shell"), "shell\n") << order;
    EXPECT_EQ(frames(out, "smp").size(), 2U) << order;
  }
  std::vector<DecoderSpec> specs = {{.name = "kernel"}, {.name = "smp", .from = {"shell"}}};
  EXPECT_EQ(frames(demuxed(specs, input), "smp").size(), 2U);
}

TEST(Demux, AnUnknownDecoderIsRefusedWithTheNearestOne) {
  const auto wrong = decoders_from("kernel,smpp");
  ASSERT_FALSE(wrong);
  EXPECT_EQ(wrong.error().text, "'smpp' is no decoder: did you mean 'smp'?");
  EXPECT_FALSE(Demux::make({{.name = "kernal"}}));
  EXPECT_FALSE(Demux::make({{.name = "cmux", .mode = "fast"}}));
  EXPECT_FALSE(Demux::make({{.name = "dictlog"}}));
  EXPECT_FALSE(Demux::make({{.name = "dictlog", .database = "/proc/none.json"}}));
}

TEST(DecoderSpec, IsReadFromYamlWithPlacesForComplaints) {
  Diagnostics diagnostics;
  const auto good = read_yaml(
      "[kernel, {cmux: {mode: basic, max_frame: 64}}, {zephyr: {from: [mux1, mux2]}}, {smp: }, "
      "{dictlog: {database: logs/db.json}}, {slip: {from: mux3}}]",
      "types/a.yaml", diagnostics);
  const auto specs = read_decoders(good, diagnostics);
  EXPECT_FALSE(diagnostics.has_errors()) << diagnostics.to_string();
  ASSERT_EQ(specs.size(), 6U);
  EXPECT_EQ(specs[1], (DecoderSpec{.name = "cmux", .max_frame = 64, .mode = "basic"}));
  EXPECT_EQ(specs[2].from, (std::vector<std::string>{"mux1", "mux2"}));
  EXPECT_EQ(specs[4].database, "types/logs/db.json");
  EXPECT_EQ(specs[5].from, std::vector<std::string>{"mux3"});
}

TEST(DecoderSpec, EachMistakeIsToldWithItsPlace) {
  const std::vector<std::pair<std::string, std::string>> mistakes = {
      {"[kernl]", "t.yaml:1:2: decoders: 'kernl' is no decoder (did you mean 'kernel'?)"},
      {"[{cmux: {mod: basic}}]", "did you mean 'mode'?"},
      {"[{cmux: {mode: fast}}]", "fast"},
      {"[{kernel: {max_frame: 3}}]", "max_frame"},
      {"[{slip: {max_frame: 0}}]", "max_frame"},
      {"[{slip: 3}]", "slip"},
      {"[dictlog]", "'database' is missing"},
      {"kernel", "a list was expected"},
      {"[[kernel]]", "a decoder's name"},
  };
  for (const auto& [text, expected] : mistakes) {
    Diagnostics diagnostics;
    (void)read_decoders(read_yaml(text, "t.yaml", diagnostics), diagnostics);
    EXPECT_TRUE(diagnostics.has_errors()) << text;
    EXPECT_TRUE(diagnostics.to_string().contains(expected)) << text << "\n" << diagnostics.to_string();
  }
}

}  // namespace
}  // namespace hilltop::boards::demux
