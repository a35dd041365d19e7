// SPDX-License-Identifier: Apache-2.0
#include "jobs/action/images_apart.hpp"

#include <gmock/gmock.h>

#include "tests/support/pipeline_bench.hpp"

namespace hilltop::jobs {
namespace {

using drivers::ImageFormat;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr auto hex_at_100 = ":0401000001020304F1\n:00000001FF\n";  // 0x100 to 0x103
constexpr auto srec_at_102 = "S1050102AABB92\nS9030000FC\n";       // 0x102 and 0x103
constexpr auto srec_at_104 = "S1050104AABB90\nS9030000FC\n";       // 0x104 and 0x105

TEST(ImagesApart, SeesOverlapsAcrossFormats) {
  const test::ScratchDir dir;
  const drivers::FlashImage loader{dir.write("loader.hex", hex_at_100), ImageFormat::intel_hex, std::nullopt};
  const drivers::FlashImage over{dir.write("over.srec", srec_at_102), ImageFormat::srec, std::nullopt};
  const drivers::FlashImage behind{dir.write("behind.srec", srec_at_104), ImageFormat::srec, std::nullopt};
  const drivers::FlashImage table{dir.write("table.bin", "12345678"), ImageFormat::raw, 0xfc};
  EXPECT_TRUE(images_apart({loader, behind}));
  EXPECT_TRUE(images_apart({loader}));
  for (const auto& other : {over, table}) {
    const auto result = images_apart({loader, behind, other});
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().blame, Blame::job);
    EXPECT_THAT(result.error().text, HasSubstr("loader.hex"));
    EXPECT_THAT(result.error().text, HasSubstr(other.path.filename().string()));
  }
}

TEST(ImagesApart, NothingIsTouchedWhereImagesOverlap) {
  test::PipelineBench bench;
  bench.artifacts.files["http://lab/a.hex"] = bench.dir.write("a", hex_at_100);
  bench.artifacts.files["http://lab/b.hex"] = bench.dir.write("b", hex_at_100);
  const auto out = bench.run(
      "- deploy: {to: tmpfs, images: {a: {url: 'http://lab/a.hex'}, b: {url: 'http://lab/b.hex'}}}\n"
      "- boot: {method: minimal, prompts: ['>>> ']}\n");
  EXPECT_EQ(out.verdict, Verdict::incomplete);
  EXPECT_EQ(out.blame, Blame::job);
  EXPECT_THAT(out.reason, HasSubstr("overlap"));
  EXPECT_THAT(bench.board->flashed, IsEmpty());
  EXPECT_EQ(bench.board->starts, 0);
}

}  // namespace
}  // namespace hilltop::jobs
