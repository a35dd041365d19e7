// SPDX-License-Identifier: Apache-2.0
#include "web/http/url.hpp"

#include <gtest/gtest.h>

namespace hilltop::web {
namespace {

TEST(ParseUrl, TakesItsPartsApart) {
  const auto plain = parse_url("http://lab.example:8080/farm/");
  ASSERT_TRUE(plain.has_value());
  EXPECT_FALSE(plain->tls);
  EXPECT_EQ(plain->host, "lab.example");
  EXPECT_EQ(plain->port, "8080");
  EXPECT_EQ(plain->prefix, "/farm");
  EXPECT_EQ(plain->authority(), "lab.example:8080");
  const auto tls = parse_url("https://[::1]");
  ASSERT_TRUE(tls.has_value());
  EXPECT_TRUE(tls->tls);
  EXPECT_EQ(tls->authority(), "[::1]");
  EXPECT_EQ(tls->port, "443");
}

TEST(ParseUrl, RefusesWhatIsNone) {
  for (const auto* bad :
       {"", "lab", "ftp://lab", "http://", "http://:80", "http://lab:", "http://lab:x", "http://lab:123456",
        "http://[::1", "http://user@lab", "http://la b", "http://lab/\r\nX: y", "http://lab/?q"})
    EXPECT_FALSE(parse_url(bad).has_value()) << bad;
}

}  // namespace
}  // namespace hilltop::web
