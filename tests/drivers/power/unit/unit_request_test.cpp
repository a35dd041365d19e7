// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "drivers/power/unit/http_message.hpp"
#include "drivers/power/unit/unit_pattern.hpp"
#include "drivers/power/unit/unit_request.hpp"

namespace hilltop::drivers::unit {
namespace {

std::string rendered(std::string_view text, const Variables& variables, Escape escape = Escape::none) {
  const auto parsed = Template::parse(text);
  if (!parsed) return "parse: " + parsed.error().text;
  auto out = parsed->render(variables, escape);
  return out ? *out : "render: " + out.error().text;
}

TEST(UnitTemplate, Computes) {
  const Variables v{{"outlet", "3"}, {"outlets", "8"}, {"name", "a b"}};
  EXPECT_EQ(rendered("${outlet}", v), "3");
  EXPECT_EQ(rendered("x${outlet-1}y${2*outlet+1|02}", v), "x2y07");
  EXPECT_EQ(rendered("${outlet+100|02x}|${outlet*60|X}|${outlet/2}|${outlet%2}", v), "67|B4|1|1");
  EXPECT_EQ(rendered("${outlet|mask}${outlet|masku1}", v), "00100000uu1uuuuu");
  EXPECT_EQ(rendered("${outlet|bit}${outlet+30|base36}${outlet+62|byte}", v), "08XA");
  EXPECT_EQ(rendered("${name|url}${name|base64}", v), "a%20bYSBi");
  EXPECT_EQ(rendered("$ {x} $$", v), "$ {x} $$");
}

TEST(UnitTemplate, RefusesWhatItCannot) {
  const Variables v{{"outlet", "9"}, {"outlets", "8"}, {"name", "a b"}};
  EXPECT_TRUE(rendered("${nobody}", v).contains("'nobody' is not known"));
  EXPECT_TRUE(rendered("${name+1}", v).contains("no number"));
  EXPECT_TRUE(rendered("${outlet|mask}", v).contains("none of 8"));
  EXPECT_TRUE(rendered("${outlet-10}", v).contains("negative"));
  EXPECT_TRUE(rendered("${outlet/0}", v).contains("zero"));
  EXPECT_TRUE(rendered("${outlet|nonsense}", v).contains("no format"));
  EXPECT_TRUE(rendered("${outlet", v).contains("missing"));
  EXPECT_TRUE(rendered("${}", v).contains("neither a name"));
}

TEST(UnitTemplate, TextFromAnAddressStaysText) {
  const Variables v{{"p", "a&b=\"c\"/.*"}};
  EXPECT_EQ(rendered("/x?p=${p}", v, Escape::url), "/x?p=a%26b%3D%22c%22%2F.%2A");
  EXPECT_EQ(rendered("{\"p\": \"${p}\"}", v, Escape::json), R"({"p": "a&b=\"c\"/.*"})");
  const auto pattern = Pattern::compile(rendered("^${p}$", v, Escape::pattern));
  ASSERT_TRUE(pattern);
  EXPECT_TRUE(pattern->find("a&b=\"c\"/.*"));
  EXPECT_FALSE(pattern->find("a&b=\"c\"/xyz"));
}

TEST(UnitPattern, TakesAnyByteAndLongTexts) {
  const auto pattern = Pattern::compile("(a|b)*x([0-9]+)?");
  ASSERT_TRUE(pattern);
  std::string text("\0\xff", 2);
  text += std::string(5'000, 'a') + "x";
  EXPECT_TRUE(pattern->find(text));
  EXPECT_FALSE(pattern->find(std::string(5'000, 'a')));
  EXPECT_FALSE(Pattern::compile("(").has_value());
}

// RFC 7616, 3.9.1.
TEST(HttpDigest, IsAsInTheStandardsExample) {
  HttpReply reply;
  const std::string tail =
      R"(nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS")";
  const std::string head = R"(Digest realm="http-auth@example.org", qop="auth, auth-int", )";
  reply.headers.emplace("www-authenticate", head + "algorithm=MD5, " + tail);
  const HttpCredentials who{"Mufasa", "Circle of Life", ""};
  const std::string cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
  const auto md5 = digest_answer(reply, who, "GET", "/dir/index.html", cnonce);
  ASSERT_TRUE(md5);
  EXPECT_TRUE(md5->contains("response=\"8ca523f5e9506fed4657c9700eebdbec\"")) << *md5;
  reply.headers.emplace("www-authenticate", head + "algorithm=SHA-256, " + tail);
  const auto sha = digest_answer(reply, who, "GET", "/dir/index.html", cnonce);
  ASSERT_TRUE(sha);
  EXPECT_TRUE(sha->contains("response=\"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1\"")) << *sha;
}

std::string read_http(std::string_view wire, std::size_t piece) {
  HttpReader reader;
  for (std::size_t at = 0; at < wire.size(); at += piece)
    if (auto added = reader.add(wire.substr(at, piece)); !added) return "error: " + added.error().text;
  if (auto ended = reader.end(); !ended) return "error: " + ended.error().text;
  auto reply = reader.take();
  return std::to_string(reply.status) + " " + reply.body;
}

TEST(HttpReader, TakesAnswersInAnyPieces) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "200 hello"},
      {"HTTP/1.0 401 \n\nuntil the end", "401 until the end"},
      {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", "204 "},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nT: u\r\n\r\n",
       "200 abc0123456789"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhell", "error: it hung up in the middle of its reply"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nab", "error: it hung up in the middle of its reply"},
      {"", "error: it hung up without a word"},
      {"SSH-2.0-x\r\n", "error: it does not speak HTTP: 'SSH-2.0-x'"},
      {"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "error: its reply has a length of '-1'"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", "error: its reply has a length of '99999999999'"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "error: a chunk of its reply has a size of 'zz'"},
  };
  for (const auto& [wire, wanted] : cases)
    for (const std::size_t piece : {1U, 2U, 7U, 1000U}) EXPECT_EQ(read_http(wire, piece), wanted) << wire;
}

TEST(UnitReading, FindsAStateOrSaysWhatItSaw) {
  Reading reading;
  reading.on = {"1", "ON"};
  reading.off = {"0", "off"};
  reading.pending = {"wait"};
  const Variables v{{"outlet", "2"}, {"outlets", "8"}};
  const auto says = [&](const std::string& reply) {
    const auto out = read_reply(reading, reply, v);
    return out ? std::string(to_string(*out)) : out.error().text;
  };
  EXPECT_EQ(says("on"), "on");
  EXPECT_EQ(says("OFF"), "off");
  EXPECT_EQ(says("wait"), "unknown");
  EXPECT_EQ(says("may\nbe"), "it says 'may be', which is neither on nor off");
  reading.json = *Template::parse("/a/${outlet-1}/s");
  EXPECT_EQ(says(R"({"a": [{}, {"s": 1}]})"), "on");
  EXPECT_EQ(says(R"({"a": [{}]})"), R"(its reply has no /a/1/s: '{"a": [{}]}')");
  EXPECT_EQ(says("{"), "its reply is no JSON: '{'");
  reading.json.reset();
  reading.is_hex = true;
  reading.bit = *Template::parse("${outlet-1}");
  EXPECT_EQ(says("\x02"), "on");
  EXPECT_EQ(says("\x01"), "off");
  EXPECT_EQ(says(""), "'' is no number");
}

}  // namespace
}  // namespace hilltop::drivers::unit
