// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "boards/console/match/pattern_set.hpp"
#include "boards/console/match/python_pattern.hpp"
#include "drivers/core/deadline.hpp"

namespace hilltop::boards {
namespace {

using testing::HasSubstr;

struct Span {
  std::size_t pattern, begin, end;
  bool operator==(const Span&) const = default;
};

std::optional<Span> find(std::vector<std::string> patterns, std::string_view text) {
  const auto set = PatternSet::compile(std::move(patterns));
  EXPECT_TRUE(set) << set.error().text;
  const auto hit = set->search(text);
  EXPECT_TRUE(hit) << hit.error().text;
  if (!*hit) return std::nullopt;
  return Span{(*hit)->pattern, (*hit)->begin, (*hit)->end};
}

std::string refusal(std::string pattern) {
  const auto set = PatternSet::compile({std::move(pattern)});
  if (set) return "accepted";
  EXPECT_EQ(set.error().code, Errc::bad_input);
  EXPECT_EQ(set.error().blame, Blame::job);
  return set.error().text;
}

TEST(PatternSet, position_wins_then_list_order) {
  EXPECT_EQ(find({"b", "a"}, "xab"), (Span{1, 1, 2}));
  EXPECT_EQ(find({"ab", "a"}, "xab"), (Span{0, 1, 3}));
  EXPECT_EQ(find({"a", "ab"}, "xab"), (Span{0, 1, 2}));
  EXPECT_EQ(find({"nothing", "here"}, "xab"), std::nullopt);
  EXPECT_EQ(find({""}, ""), (Span{0, 0, 0}));
  EXPECT_EQ(find({}, "abc"), std::nullopt);
}

TEST(PatternSet, a_dot_crosses_lines) { EXPECT_EQ(find({"begin.*end"}, "begin\r\nx\r\nend"), (Span{0, 0, 13})); }

TEST(PatternSet, groups_have_pythons_names_of_any_length) {
  const std::string name(60, 'n');
  const auto set = PatternSet::compile({"(?P<" + name + ">\\d+)(?P<unit>ms)?(?P<same>(?P=" + name + "))"}).value();
  const auto hit = set.search("x 77").value();
  ASSERT_TRUE(hit);
  EXPECT_EQ(hit->groups, (std::map<std::string, std::string>{{name, "7"}, {"same", "7"}}));
}

TEST(PatternSet, pythons_own_syntax_is_understood) {
  EXPECT_EQ(find({"end\\Z"}, "end\n"), std::nullopt);
  EXPECT_EQ(find({"end$"}, "end\n"), (Span{0, 0, 3}));
  EXPECT_EQ(find({"a{,2}b"}, "aaab"), (Span{0, 1, 4}));
  EXPECT_EQ(find({"a{x}"}, "a{x}"), (Span{0, 0, 4}));
  EXPECT_EQ(find({"[[:alpha:]]"}, "a"), std::nullopt);
  EXPECT_EQ(find({"[[:alpha:]]"}, "a]"), (Span{0, 0, 2}));
  EXPECT_EQ(find({"\\v"}, "\n\v"), (Span{0, 1, 2}));
  EXPECT_EQ(find({"\\0\\012\\101"}, std::string("\0\nA", 3)), (Span{0, 0, 3}));
  EXPECT_EQ(find({"(?i)PANIC"}, "kernel panic"), (Span{0, 7, 12}));
  EXPECT_EQ(find({"(?x) a b # comment with ( in it\n c"}, "abc"), (Span{0, 0, 3}));
  EXPECT_EQ(find({"(?a)\\w+"}, "ü_"), (Span{0, 2, 3}));
  EXPECT_EQ(find({"(?:(a)|b)(?(1)x|y)"}, "ay by ax"), (Span{0, 3, 5}));
  EXPECT_EQ(find({"(?#a comment)x"}, "x"), (Span{0, 0, 1}));
  EXPECT_EQ(find({"[]a]+"}, "b]a"), (Span{0, 1, 3}));
}

TEST(PatternSet, text_beyond_ascii_is_utf8) {
  EXPECT_EQ(find({"ü+!"}, "üü!"), (Span{0, 0, 5}));
  EXPECT_EQ(find({"\\u00fc"}, "aü"), (Span{0, 1, 3}));
  EXPECT_EQ(find({"\\U0001F600"}, "😀"), (Span{0, 0, 4}));
  EXPECT_EQ(find({"[aü]+"}, "xaüa"), (Span{0, 1, 5}));
  EXPECT_EQ(find({"\\xff"}, "\xff"), (Span{0, 0, 1}));
  EXPECT_EQ(find({"\\[\\u2713\\] ok"}, "[✓] ok"), (Span{0, 0, 8}));
}

TEST(PatternSet, what_python_does_not_know_is_refused_with_its_place) {
  EXPECT_THAT(refusal("a(?<name>b)"), HasSubstr("an extension that Python's re does not have at position 1"));
  EXPECT_THAT(refusal("ab\\K"), HasSubstr("\\K means nothing in a Python pattern at position 2"));
  EXPECT_THAT(refusal("(*UTF)a"), HasSubstr("nothing to repeat"));
  for (const auto* hidden : {"(?P<a>?:)x", "(?P<a>*ACCEPT)x", "((?#c)?:)x", "((?#c)*ACCEPT)x", "(?:+)"})
    EXPECT_THAT(refusal(hidden), HasSubstr("nothing to repeat")) << hidden;
  EXPECT_THAT(refusal("(a"), HasSubstr("missing )"));
  EXPECT_THAT(refusal("a)"), HasSubstr("unbalanced )"));
  EXPECT_THAT(refusal("[a"), HasSubstr("missing ]"));
  EXPECT_THAT(refusal("a\\"), HasSubstr("a backslash at the end"));
  EXPECT_THAT(refusal("a(?i)b"), HasSubstr("flags that are not at the start"));
  EXPECT_THAT(refusal("(?P<n>a)(?P<n>b)"), HasSubstr("'n' is there twice"));
  EXPECT_THAT(refusal("(?P<1>a)"), HasSubstr("no name for a group"));
  EXPECT_THAT(refusal("\\2(a)"), HasSubstr("no group 2"));
  EXPECT_THAT(refusal("[^ü]"), HasSubstr("beyond ASCII"));
  EXPECT_THAT(refusal("[a-ü]"), HasSubstr("beyond ASCII"));
  EXPECT_THAT(refusal("\\x1"), HasSubstr("2 hexadecimal digits"));
  EXPECT_THAT(refusal("*a"), HasSubstr("quantifier"));
}

TEST(PatternSet, a_pattern_made_to_backtrack_ends_in_bounded_time) {
  const auto begun = Deadline::after(30s);
  for (const std::string pattern : {"(a+)+$", "(a|aa)+$", ".*a.*a.*a.*b", "(.*)*(.*)*x"}) {
    const auto set = PatternSet::compile({pattern}).value();
    const auto got = set.search(std::string(60'000, 'a') + "!");
    if (!got) {
      EXPECT_EQ(got.error().code, Errc::bad_input) << pattern;
      EXPECT_THAT(got.error().text, HasSubstr("gave up"));
    }
  }
  EXPECT_FALSE(begun.passed());
}

TEST(PatternSet, a_growing_text_gives_the_same_hit_as_a_whole_one) {
  const auto set = PatternSet::compile({"<SIGNAL (?P<n>\\w+)>", "(?<!x)PASS$", "a.*?z\\b", "^login: "}).value();
  const std::string text = "begin aaa SIG <SIG <SIGNAL\n <SIGNAL foo> more az. xPASS PASS";
  PatternSet::Progress progress;
  for (std::size_t length = 0; length <= text.size(); ++length) {
    const auto part = std::string_view(text).substr(0, length);
    const auto whole = set.search(part).value();
    const auto grown = set.search(part, progress).value();
    ASSERT_EQ(whole.has_value(), grown.has_value()) << part;
    if (!whole) continue;
    EXPECT_EQ(whole->pattern, grown->pattern);
    EXPECT_EQ(whole->begin, grown->begin);
    EXPECT_EQ(whole->end, grown->end);
    EXPECT_EQ(whole->groups, grown->groups);
    return;
  }
  FAIL() << "found nothing";
}

}  // namespace
}  // namespace hilltop::boards
