// SPDX-License-Identifier: Apache-2.0
#include "drivers/protocol/bmap.hpp"

#include <gmock/gmock.h>

#include <algorithm>

#include "drivers/protocol/digest.hpp"

namespace hilltop::drivers {
namespace {

using ::testing::HasSubstr;

std::string sha256(std::string_view text) {
  Digest digest;
  digest.feed(text);
  return digest.hex();
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
