// SPDX-License-Identifier: Apache-2.0
#include "drivers/protocol/digest.hpp"

#include <gtest/gtest.h>

namespace hilltop::drivers {
namespace {

// Source: RFC 1321, A.5; the examples of FIPS 180-4.
TEST(DigestTest, IsThatOfTheStandardsExamples) {
  EXPECT_EQ(digest_of(DigestKind::md5, ""), "d41d8cd98f00b204e9800998ecf8427e");
  EXPECT_EQ(digest_of(DigestKind::md5, "message digest"), "f96b697d7cb7938d525a2f31aaf161d0");
  EXPECT_EQ(digest_of(DigestKind::sha256, ""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(digest_of(DigestKind::sha256, "abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_TRUE(digest_of(DigestKind::sha512, "abc").starts_with("ddaf35a193617abacc417349ae204131"));
}

TEST(DigestTest, DoesNotDependOnThePieces) {
  const std::string text(1000, 'x');
  for (std::size_t piece = 1; piece < 200; piece += 7) {
    Digest digest;
    for (std::size_t at = 0; at < text.size(); at += piece) digest.feed(std::string_view(text).substr(at, piece));
    EXPECT_EQ(digest.hex(), digest_of(DigestKind::sha256, text)) << piece;
  }
}

}  // namespace
}  // namespace hilltop::drivers
