// SPDX-License-Identifier: Apache-2.0
#include "drivers/protocol/http_request.hpp"

#include <gtest/gtest.h>

namespace hilltop::drivers::http {
namespace {

using namespace std::string_literals;

/// The status that a whole request is refused with; 0 when it is taken.
int status_of(const std::string& text) {
  RequestReader reader;
  reader.feed(text);
  return reader.next() ? 0 : reader.status();
}

TEST(HttpRequest, comes_in_pieces_and_several_at_once) {
  const auto text =
      "\r\nGET /a%20b/Image?x=1 HTTP/1.1\r\nHost: h\r\nRange:  bytes=0-1 \r\n\r\nHEAD / HTTP/1.0\r\n\r\n"s;
  RequestReader reader;
  std::vector<Request> requests;
  for (const char c : text) {
    reader.feed({&c, 1});
    auto next = reader.next();
    ASSERT_TRUE(next) << next.error().text;
    if (*next) requests.push_back(**next);
  }
  ASSERT_EQ(requests.size(), 2u);
  EXPECT_EQ(requests[0].method, "GET");
  EXPECT_EQ(requests[0].path, "/a b/Image");
  ASSERT_NE(requests[0].find("range"), nullptr);
  EXPECT_EQ(*requests[0].find("range"), "bytes=0-1");
  EXPECT_TRUE(requests[0].keeps_open());
  EXPECT_EQ(requests[1].method, "HEAD");
  EXPECT_FALSE(requests[1].keeps_open());
  EXPECT_EQ(reader.buffered(), 0u);
}

TEST(HttpRequest, absolute_targets_and_connection_options) {
  RequestReader reader;
  reader.feed("GET http://10.0.2.2/x HTTP/1.1\r\nConnection: Close\r\n\r\n");
  const auto request = reader.next();
  ASSERT_TRUE(request && *request);
  EXPECT_EQ((*request)->path, "/x");
  EXPECT_FALSE((*request)->keeps_open());
}

TEST(HttpRequest, odd_requests_are_refused_with_their_status) {
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\n\r\n"), 0);
  for (const auto& text :
       {"\r\n\r\n\r\n\r\nX\r\n\r\n"s, "GET /\r\n\r\n"s, "GET  HTTP/1.1\r\n\r\n"s, "G\1T / HTTP/1.1\r\n\r\n"s,
        "GET x HTTP/1.1\r\n\r\n"s, "GET /%zz HTTP/1.1\r\n\r\n"s, "GET /%00 HTTP/1.1\r\n\r\n"s,
        "GET /% HTTP/1.1\r\n\r\n"s, "GET / HTTP/1.1\r\nno colon\r\n\r\n"s, "GET / a HTTP/1.1\r\n\r\n"s,
        "GET / HTTP/1.1\r\n folded: x\r\n\r\n"s, "GET / HTTP/1.1\r\na: \0\r\n\r\n"s})
    EXPECT_EQ(status_of(text), 400) << text;
  EXPECT_EQ(status_of("GET / HTTP/2.0\r\n\r\n"), 505);
  EXPECT_EQ(status_of("GET / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"), 501);
  EXPECT_EQ(status_of("PUT / HTTP/1.1\r\nContent-Length: 4\r\n\r\nabcd"), 413);
  EXPECT_EQ(status_of("GET /" + std::string(9000, 'a')), 431);
  std::string fields = "GET / HTTP/1.1\r\n";
  for (int i = 0; i < 65; ++i) fields += "a: b\r\n";
  EXPECT_EQ(status_of(fields + "\r\n"), 431);
}

TEST(HttpRange, one_range_is_served) {
  using Kind = RangeAnswer::Kind;
  const auto expect = [](std::string_view field, std::uint64_t size, Kind kind, ByteRange range = {}) {
    const auto answer = range_of(field, size);
    EXPECT_EQ(answer.kind, kind) << field;
    if (kind == Kind::part) EXPECT_EQ(answer.range, range) << field;
  };
  expect("bytes=0-0", 10, Kind::part, {0, 0});
  expect("bytes=2-", 10, Kind::part, {2, 9});
  expect("Bytes=3-100", 10, Kind::part, {3, 9});
  expect("bytes=-4", 10, Kind::part, {6, 9});
  expect("bytes=-40", 10, Kind::part, {0, 9});
  expect("bytes=10-", 10, Kind::unsatisfiable);
  expect("bytes=-0", 10, Kind::unsatisfiable);
  expect("bytes=0-", 0, Kind::unsatisfiable);
  expect("bytes=18446744073709551615-", 10, Kind::unsatisfiable);
  for (const auto* whole : {"bytes=5-2", "bytes=0-1,3-4", "lines=0-1", "bytes=", "bytes=-", "bytes=a-b", "bytes=1-b",
                            "by", "bytes=18446744073709551616-"})
    expect(whole, 10, Kind::whole);
}

}  // namespace
}  // namespace hilltop::drivers::http
