// SPDX-License-Identifier: Apache-2.0
#include "controller/worker/dictionary_book.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/controller/farm_fixture.hpp"

namespace hilltop::controller {
namespace {

using boards::demux::DecoderSpec;

std::vector<DecoderSpec> usual() { return boards::demux::decoders_from("smp,zephyr").value(); }

std::string shown(const std::vector<DictionaryBook::Stretch>& stretches) {
  std::string out;
  for (const auto& one : stretches) {
    out += std::to_string(one.from) + "-" + (one.to == UINT64_MAX ? "" : std::to_string(one.to)) + ":";
    for (const auto& decoder : one.decoders) out += " " + decoder.name;
    out += "\n";
  }
  return out;
}

class Book : public ::testing::Test {
 protected:
  void begin(DictionaryBook& book, std::uint64_t at) {
    const auto place = book.place_for("b");
    ASSERT_TRUE(place) << place.error().text;
    test::write_text(*place, "{}");
    places_.push_back(*place);
    ASSERT_TRUE(book.begin("b", *place, "", {{"main", at}}));
  }
  test::TempDir dir_;
  std::vector<std::filesystem::path> places_;
};

TEST_F(Book, KnowsWhichDatabaseCountedWhere) {
  DictionaryBook book(dir_.path());
  EXPECT_EQ(shown(book.stretches("b", "main", usual())), "0-: smp zephyr\n");
  EXPECT_FALSE(book.current("b"));
  begin(book, 100);
  ASSERT_TRUE(book.current("b"));
  EXPECT_EQ(book.current("b")->database, places_[0]);
  EXPECT_EQ(shown(book.stretches("b", "main", usual())), "0-100: smp zephyr\n100-: smp dictlog zephyr\n");
  ASSERT_TRUE(book.end("b", {{"main", 150}}));
  ASSERT_TRUE(book.end("b", {{"main", 999}})) << "over already";
  EXPECT_FALSE(book.current("b"));
  begin(book, 150);
  begin(book, 200);
  EXPECT_EQ(shown(book.stretches("b", "main", usual())),
            "0-100: smp zephyr\n100-150: smp dictlog zephyr\n150-200: smp dictlog zephyr\n200-: smp dictlog zephyr\n");
  EXPECT_EQ(shown(book.stretches("b", "other", usual())), "0-: smp zephyr\n");
}

TEST_F(Book, IsKeptOverARestart) {
  {
    DictionaryBook book(dir_.path());
    begin(book, 7);
    ASSERT_TRUE(book.end("b", {{"main", 9}}));
  }
  DictionaryBook again(dir_.path());
  EXPECT_EQ(shown(again.stretches("b", "main", usual())), "0-7: smp zephyr\n7-9: smp dictlog zephyr\n9-: smp zephyr\n");
  EXPECT_EQ(again.stretches("b", "main", usual())[1].decoders[1].database, places_[0]);
  begin(again, 9);
  EXPECT_NE(places_[0], places_[1]);
}

TEST_F(Book, KeepsTheNewest) {
  DictionaryBook book(dir_.path());
  for (std::uint64_t at = 1; at <= 20; ++at) begin(book, at * 10);
  EXPECT_FALSE(std::filesystem::exists(places_[3]));
  EXPECT_TRUE(std::filesystem::exists(places_[4]));
  EXPECT_EQ(book.stretches("b", "main", {}).size(), 17U);
}

TEST_F(Book, ADamagedOneIsEmpty) {
  for (const char* text : {"", "{", "[1, {}]", R"([{"file": "1.json", "from": 3, "to": {}}])",
                           R"([{"file": 4, "from": {"main": "x"}, "to": {}}])"}) {
    test::write_text(dir_.path() / "b" / "book.json", text);
    DictionaryBook book(dir_.path());
    EXPECT_EQ(shown(book.stretches("b", "main", usual())), "0-: smp zephyr\n") << text;
  }
}

}  // namespace
}  // namespace hilltop::controller
