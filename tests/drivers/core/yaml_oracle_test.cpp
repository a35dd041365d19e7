// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "drivers/core/node.hpp"
#include "drivers/core/process.hpp"
#include "tests/drivers/core/run_task.hpp"

namespace hilltop {
namespace {

// PyYAML's safe loader (over libyaml, as LAVA loads it), with timestamps left as text and what JSON cannot say as null. Texts come as a JSON list in
// argv; the answer is a JSON list: the value, or {"refused": why}.
constexpr const char* oracle = R"py(
import json, math, sys, yaml
class Loader(yaml.CSafeLoader): pass
Loader.add_constructor('tag:yaml.org,2002:timestamp', yaml.SafeLoader.construct_yaml_str)
def key(k):
    return 'true' if k is True else 'false' if k is False else 'null' if k is None else str(k)
def plain(v):
    if isinstance(v, dict): return {key(k): plain(x) for k, x in v.items()}
    if isinstance(v, list): return [plain(x) for x in v]
    if isinstance(v, float) and not math.isfinite(v): return None
    if not isinstance(v, (str, int, float, type(None))): raise TypeError(type(v))
    return v
out = []
for text in json.loads(sys.argv[1]):
    try: out.append({'value': plain(yaml.load(text, Loader))})
    except Exception as e: out.append({'refused': str(e)})
print(json.dumps(out))
)py";

std::vector<std::string> texts() {
  std::vector<std::string> out;
  // Scalars: each one alone, in a list, as a key, and in quotes.
  for (const std::string scalar : {"yes",
                                   "Yes",
                                   "YES",
                                   "yEs",
                                   "y",
                                   "n",
                                   "no",
                                   "No",
                                   "on",
                                   "off",
                                   "Off",
                                   "OFF",
                                   "true",
                                   "True",
                                   "TRUE",
                                   "tRUE",
                                   "false",
                                   "~",
                                   "null",
                                   "Null",
                                   "NULL",
                                   "nULL",
                                   "0",
                                   "-0",
                                   "+0",
                                   "7",
                                   "-7",
                                   "+7",
                                   "1_000",
                                   "_1",
                                   "1_",
                                   "0_7",
                                   "017",
                                   "-017",
                                   "08",
                                   "0o17",
                                   "0x1F",
                                   "-0x1f",
                                   "0X1F",
                                   "0x",
                                   "0xG",
                                   "0b101",
                                   "-0b1_1",
                                   "0b2",
                                   "1:30",
                                   "1:60",
                                   "-1:30:05",
                                   "0:30",
                                   "1:3:",
                                   "1:30.5",
                                   "-20:30.15",
                                   "1.5",
                                   "-1.5",
                                   "+1.5",
                                   "1.",
                                   ".5",
                                   "-.5",
                                   "+.5",
                                   "1e3",
                                   "1.0e3",
                                   "1.0e+3",
                                   "1.0E-3",
                                   "1_0.2_5",
                                   ".inf",
                                   "-.Inf",
                                   "+.INF",
                                   ".iNF",
                                   ".nan",
                                   ".NaN",
                                   "-.nan",
                                   "1.2.3",
                                   "2001-12-14",
                                   "2001-12-14t21:59:43.10-05:00",
                                   "2001-12-14 21:59:43.10 -5",
                                   "12-34",
                                   "a b",
                                   "a:b",
                                   "http://x/y",
                                   "192.168.1.1",
                                   "9223372036854775807",
                                   "-9223372036854775808",
                                   "word",
                                   "'quoted'",
                                   "\"a\\tb\\x41\\u00e9\"",
                                   "''",
                                   "é",
                                   "C:\\dir",
                                   "1 2",
                                   "0.0",
                                   "00",
                                   "0_",
                                   "1__2",
                                   "-",
                                   "--",
                                   "...x",
                                   "1e400",
                                   "1.0e+400",
                                   "1.0e-400"}) {
    out.push_back(scalar);
    out.push_back("- " + scalar);
    out.push_back("[" + scalar + ", x]");
    out.push_back("k: " + scalar + "\n");
    out.push_back(scalar + ": v\n");
    out.push_back("\"" + scalar + "\"");
    out.push_back("!!str " + scalar);
  }
  for (const char* text : {
           "",
           "\n",
           "# only a comment\n",
           "---\n",
           "---\na: 1\n...\n",
           "--- a\n--- b\n",
           "a: 1\n---\nb: 2\n",
           "%YAML 1.1\n---\na: 1\n",
           "a: 1\nb:\n  - 1\n  - 2\n",
           "a:\n- 1\n- x: 2\n  y: 3\n",
           "{a: 1, b: [1, 2, {c: d}]}",
           "[]",
           "{}",
           "[a, b, ]",
           "{a, b: }",
           "a: |\n  one\n  two\n\nb: >\n  one\n  two\n",
           "a: |-\n  x\n",
           "a: |+\n  x\n\n",
           "a: >-\n  x\n  y\n\n  z\n",
           "a: |2\n    x\n",
           "a: 'it''s'\n",
           "a: one\n  two\n  three\n",
           "? a\n: b\n",
           "? [a]\n: b\n",
           "? {a: b}\n: c\n",
           "[a]: b\n",
           "{a: b}: c\n",
           "base: &b {x: 1, y: 2}\nd:\n  <<: *b\n  y: 3\n",
           "base: &b {x: 1, y: 2}\nd:\n  y: 3\n  <<: *b\n",
           "a: &a {x: 1, y: 1}\nb: &b {x: 2, z: 2}\nc:\n  <<: [*a, *b]\n  w: 0\n",
           "a: &a {x: 1, y: 1}\nb: &b {x: 2, z: 2}\nc:\n  <<: *a\n  <<: *b\n",
           "a: &a {x: 1}\nb: &b {<<: *a, y: 2}\nc: {<<: *b, z: 3}\n",
           "c: {<<: {x: 1}, y: 2}\n",
           "c: {<<: [], y: 2}\n",
           "c: {<<: {}, y: 2}\n",
           "c: {<<: 1}\n",
           "c: {<<: [1]}\n",
           "c: {<<: ~}\n",
           "c: {'<<': 1}\n",
           "c: <<\n",
           "- <<\n",
           "<<\n",
           "=\n",
           "=: 1\n",
           "a: =\n",
           "- =\n",
           "a: 1\na: 2\n",
           "a: 1\nb: 2\na: 3\n",
           "1: a\n0x1: b\n",
           "1: a\n1.0: b\n",
           "1: a\ntrue: b\n",
           "yes: a\non: b\n",
           "~: a\nnull: b\n",
           "a: &x 1\nb: *x\n",
           "a: &x [1, 2]\nb: *x\nc: *x\n",
           "a: *x\n",
           "&x [*x]\n",
           "a: &x 1\nb: &x 2\n",
           "&k a: 1\n*k : 2\n",
           "!!int '5'\n",
           "!!int \"0x1F\"\n",
           "!!int x\n",
           "!!float 1\n",
           "!!float '1e3'\n",
           "!!float x\n",
           "!!bool 'yes'\n",
           "!!bool maybe\n",
           "!!null x\n",
           "!!seq [1]\n",
           "!!map {a: 1}\n",
           "!!seq {a: 1}\n",
           "!!str [1]\n",
           "!local x\n",
           "!!python/object:os.system x\n",
           "! 12\n",
           "! '12'\n",
           "!<tag:yaml.org,2002:int> 3\n",
           "%TAG !e! tag:example.com,2000:\n---\n!e!x y\n",
           "!!timestamp 2001-12-14\n",
           "\ta: 1\n",
           "a:\n\t- b\n",
           "a: b: c\n",
           "a: 'x\n",
           "a: \"x\n",
           "a: [1, 2\n",
           "a: {b: 1\n",
           "a: @b\n",
           "a: `b`\n",
           "a: %b\n",
           "a: \"\\q\"\n",
           "a:\n  b: 1\n c: 2\n",
           "a: 1\n  b: 2\n",
           "- a\nb: 1\n",
           "a: - b\n",
           "a: &\n",
           "a: *\n",
           "a: !<\n",
           "a: | x\n",
           "a #b\n",
           "a: b #c\n",
           "a: b#c\n",
           "{a: b, c}",
           "{a:b}",
           "[a:b]",
           "{\"a\":b}",
           "{a: }",
           "a:\n  \n  b: 1\n",
           "a: >\n\n  x\n",
           "x: \"a\n  b\"\n",
           "key with spaces: 1\n",
           "a:\r\n  b: 1\r\n",
           "? a\n? b\n",
           "- - 1\n  - 2\n- - 3\n",
           "-\n  a: 1\n-\n  b: 2\n",
           "a: ''\n",
           "a:\n",
           "a: \n- 1\n",
           "actions:\n- deploy:\n    to: tmpfs\n    timeout: {minutes: 3}\n    images:\n      kernel: {url: "
           "'file:///x', image_arg: '-kernel {kernel}'}\n",
       })
    out.emplace_back(text);
  return out;
}

TEST(YamlOracle, ReadsWhatPyYamlReadsAndRefusesWhatPyYamlRefuses) {
  const auto all = texts();
  asio::io_context context;
  std::string last;
  Process::OutputHandler keep = [&](std::string_view piece) { last += piece; };
  Command command({"/usr/bin/python3", "-c", oracle, nlohmann::json(all).dump()});
  const auto said =
      test::run_task(context, run_tool_checked(std::move(command), Deadline::after(60s), std::move(keep)));
  ASSERT_TRUE(said) << said.error().text;
  const auto answers = nlohmann::json::parse(last, nullptr, false);
  ASSERT_TRUE(answers.is_array()) << last;
  ASSERT_EQ(answers.size(), all.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    Diagnostics diagnostics;
    const auto node = read_yaml(all[i], "t.yaml", diagnostics);
    if (answers[i].contains("refused")) {
      EXPECT_TRUE(diagnostics.has_errors())
          << all[i] << "\nis " << node.to_json().dump() << "\nPyYAML: " << answers[i].dump();
      EXPECT_FALSE(node) << all[i];
    } else {
      EXPECT_FALSE(diagnostics.has_errors()) << all[i] << "\n"
                                             << diagnostics.to_string() << "\nPyYAML: " << answers[i].dump();
      EXPECT_EQ(node.to_json().dump(), answers[i]["value"].dump()) << all[i];
    }
  }
}

}  // namespace
}  // namespace hilltop
