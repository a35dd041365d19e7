// SPDX-License-Identifier: Apache-2.0
#include "drivers/protocol/bmap.hpp"

#include <gmock/gmock.h>

#include <algorithm>

#include "drivers/protocol/sha256.hpp"

namespace hilltop::drivers {
namespace {

using ::testing::HasSubstr;

std::string sha256(std::string_view text) {
  Sha256 digest;
  digest.take(text);
  return digest.hex();
}

TEST(Sha256Digest, IsThatOfTheStandardsExamples) {
  EXPECT_EQ(sha256(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(sha256(std::string(1'000'000, 'a')), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256Digest, DoesNotDependOnThePieces) {
  const std::string text(1000, 'x');
  for (std::size_t piece = 1; piece < 200; piece += 7) {
    Sha256 digest;
    for (std::size_t at = 0; at < text.size(); at += piece) digest.take(std::string_view(text).substr(at, piece));
    EXPECT_EQ(digest.hex(), sha256(text)) << piece;
  }
}

/// A bmap file with `ranges`, and its own checksum.
std::string bmap(const std::string& ranges, const std::string& type = "sha256", const std::string& version = "2.0") {
  std::string out = "<?xml version=\"1.0\" ?>\n<!-- a <Range> that is none -->\n<bmap version=\"" + version +
                    "\">\n <ImageSize> 1049576 </ImageSize>\n <BlockSize> 4096 </BlockSize>\n"
                    " <BlocksCount> 257 </BlocksCount>\n <ChecksumType> " +
                    type +
                    " </ChecksumType>\n"
                    " <BmapFileChecksum> " +
                    std::string(64, '0') + " </BmapFileChecksum>\n <BlockMap>\n" + ranges + " </BlockMap>\n</bmap>\n";
  const auto sum = sha256(out);
  out.replace(out.find(std::string(64, '0')), 64, sum);
  return out;
}

std::string range(const std::string& blocks) {
  return "<Range chksum=\"" + std::string(64, 'a') + "\"> " + blocks + " </Range>\n";
}

TEST(BmapFile, HasRangesWithChecksums) {
  const auto map = read_bmap(bmap(range("0-1") + range("7") + range("256")));
  ASSERT_TRUE(map) << map.error().text;
  EXPECT_EQ(map->image_bytes, 1'049'576u);
  ASSERT_EQ(map->ranges.size(), 3u);
  EXPECT_EQ(map->ranges[1].first, 7u);
  EXPECT_EQ(map->ranges[1].last, 7u);
  EXPECT_EQ(map->ranges[0].sha256, std::string(64, 'a'));
  EXPECT_EQ(map->mapped_bytes(), 3u * 4096 + 1000);
}

TEST(BmapFile, IsRefusedWithTheReason) {
  const auto why = [](std::string text) {
    const auto read = read_bmap(text);
    return read ? std::string() : read.error().text;
  };
  EXPECT_THAT(why("<html></html>"), HasSubstr("it is none"));
  EXPECT_THAT(why(bmap(range("3-2"))), HasSubstr("no range"));
  EXPECT_THAT(why(bmap(range("5-7") + range("6"))), HasSubstr("out of order"));
  EXPECT_THAT(why(bmap(range("257"))), HasSubstr("beyond the image"));
  EXPECT_THAT(why(bmap("<Range> 1 </Range>")), HasSubstr("no checksum"));
  EXPECT_THAT(why(bmap(range("1"), "md5")), HasSubstr("'md5'"));
  EXPECT_THAT(why(bmap(range("1"), "sha256", "3.0")), HasSubstr("version '3.0'"));
  auto damaged = bmap(range("1"));
  damaged.replace(damaged.find("4096"), 4, "8192");
  EXPECT_THAT(why(damaged), HasSubstr("damaged"));
  const auto whole = bmap(range("0-1"));
  for (std::size_t size = 0; size + 10 < whole.size(); size += 3)
    EXPECT_FALSE(read_bmap(std::string_view(whole).substr(0, size))) << size;
}

}  // namespace
}  // namespace hilltop::drivers
