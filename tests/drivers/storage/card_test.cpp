// SPDX-License-Identifier: Apache-2.0
#include "drivers/storage/card.hpp"

#include <gmock/gmock.h>

#include "drivers/core/process.hpp"
#include "tests/drivers/run_task.hpp"
#include "tests/drivers/storage/fake_sysfs.hpp"

namespace hilltop::drivers {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// A mux whose reader is always at 1-1.4.1; its card is with whom it was given to.
class FakeSwitch final : public CardSwitch {
 public:
  Task<> set(MuxSide side, Deadline) override { return note(this, side); }
  Task<MuxSide> side(Deadline) override { return tell(this); }
  Task<UsbDisk> find_disk(DiskRoots roots, Deadline) override { return find(this, std::move(roots)); }
  std::vector<std::string> sides;
  std::function<void(MuxSide)> on_set;
  Result<> result = ok();

 private:
  static Task<> note(FakeSwitch* self, MuxSide side) {
    self->sides.emplace_back(to_string(side));
    if (self->on_set) self->on_set(side);
    co_return self->result;
  }
  static Task<MuxSide> tell(FakeSwitch*) { co_return MuxSide::host; }
  static Task<UsbDisk> find(FakeSwitch*, DiskRoots roots) {
    HILLTOP_CO_TRY(const auto disks, usb_disks(roots));
    co_return find_usb_disk(disks, {.path = "1-1.4.1"});
  }
};

class Card : public ::testing::Test {
 protected:
  Card() { device = make_card(mux, {16u << 20}, sysfs.roots()); }
  Result<> write(StorageImage image, Deadline deadline = Deadline::after(20s)) {
    auto progress = [this](std::uint64_t done, std::uint64_t total) { shown = {done, total}; };
    return worker.run(device->storage_mux()->write(std::move(image), progress, deadline));
  }
  std::filesystem::path image(const std::string& bytes) {
    sysfs.write("image", bytes);
    return sysfs.path("image");
  }
  void tool(std::vector<std::string> argv) {
    const auto done = worker.run(run_tool_checked(Command(std::move(argv)), Deadline::after(20s)));
    EXPECT_TRUE(done) << done.error().text;
  }
  static std::string pattern(std::size_t size) {
    std::string out;
    for (std::size_t i = 0; i < size; ++i) out += static_cast<char>(i * 31 + i / 509);
    return out;
  }

  tests::FakeSysfs sysfs;
  std::shared_ptr<FakeSwitch> mux = std::make_shared<FakeSwitch>();
  std::unique_ptr<Device> device;
  tests::Worker worker;
  std::pair<std::uint64_t, std::uint64_t> shown;
};

TEST_F(Card, IsTakenToTheHostWrittenAndGivenToTheBoard) {
  sysfs.add({});
  const auto bytes = pattern((5u << 20) + 300);  // no whole sector
  const auto done = write({image(bytes)});
  ASSERT_TRUE(done) << done.error().text;
  const auto disk = sysfs.read("dev/sdb");
  EXPECT_TRUE(disk.substr(0, bytes.size()) == bytes);
  EXPECT_EQ(disk.substr(bytes.size()).find_first_not_of('\xee'), std::string::npos);
  EXPECT_THAT(mux->sides, ElementsAre("host", "board"));
  EXPECT_EQ(shown.first, bytes.size());
}

TEST_F(Card, AReaderThatTakesItsTimeIsWaitedFor) {
  mux->on_set = [this](MuxSide side) {
    if (side == MuxSide::host) sysfs.add({});
  };
  EXPECT_TRUE(write({image(pattern(4096))}));
}

TEST_F(Card, WithABmapOnlyItsBlocksAreWrittenAsBmaptoolDoes) {
  sysfs.add({});
  // Data, a hole, data: the hole is none of the image's business.
  const auto file = image(pattern(8192));
  std::filesystem::resize_file(file, 1 << 20);
  std::ofstream(file, std::ios::binary | std::ios::app) << pattern(5000);
  tool({"bmaptool", "create", "-o", sysfs.path("image.bmap").string(), file.string()});
  tool({"bmaptool", "copy", "--bmap", sysfs.path("image.bmap").string(), file.string(), sysfs.path("copy").string()});
  const auto done = write({file, sysfs.path("image.bmap")});
  ASSERT_TRUE(done) << done.error().text;
  const auto disk = sysfs.read("dev/sdb");
  const auto copy = sysfs.read("copy");
  ASSERT_EQ(copy.size(), (1u << 20) + 5000);
  EXPECT_TRUE(disk.substr(0, 8192) == copy.substr(0, 8192));
  EXPECT_TRUE(disk.substr(1 << 20, 5000) == copy.substr(1 << 20));
  EXPECT_EQ(disk[500'000], '\xee');
  EXPECT_LT(shown.first, 100'000u);
}

TEST_F(Card, ADamagedImageChangesNothing) {
  sysfs.add({});
  const auto file = image(pattern(100'000));
  tool({"bmaptool", "create", "-o", sysfs.path("image.bmap").string(), file.string()});
  auto bytes = pattern(100'000);
  bytes[77'777] ^= 1;
  const auto done = write({image(bytes), sysfs.path("image.bmap")});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().blame, Blame::job);
  EXPECT_THAT(done.error().text, HasSubstr("nothing was written"));
  EXPECT_EQ(sysfs.read("dev/sdb").find_first_not_of('\xee'), std::string::npos);
}

TEST_F(Card, AnImageThatDoesNotFitIsRefused) {
  sysfs.add({.bytes = 4096});
  const auto done = write({image(pattern(8192))});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().blame, Blame::job);
  EXPECT_THAT(mux->sides, ElementsAre("host"));
}

TEST_F(Card, ADiskThatIsLargerThanTheLabSaysIsNotTouched) {
  sysfs.add({.bytes = 32u << 20});
  const auto done = write({image(pattern(8192))});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::mismatch);
  EXPECT_THAT(done.error().text, HasSubstr("max_gib"));
  EXPECT_EQ(sysfs.read("dev/sdb").find_first_not_of('\xee'), std::string::npos);
}

TEST_F(Card, ADiskThatIsNotRemovableIsNotTouched) {
  sysfs.add({.removable = "0"});
  EXPECT_EQ(write({image(pattern(8192))}).error().code, Errc::denied);
}

TEST_F(Card, AMountedDiskIsNeitherWrittenNorTakenAway) {
  sysfs.add({});
  sysfs.write("proc/self/mountinfo", "30 21 8:16 / /media/card rw - vfat /dev/sdb rw\n");
  EXPECT_EQ(write({image(pattern(8192))}).error().code, Errc::busy);
  EXPECT_EQ(worker.run(device->storage_mux()->set(MuxSide::board, Deadline::after(5s))).error().code, Errc::busy);
  EXPECT_THAT(mux->sides, ElementsAre("host"));
}

TEST_F(Card, AMuxWithoutACardIsToldSo) {
  sysfs.add({.bytes = 0});
  const auto done = write({image(pattern(8192))}, Deadline::after(500ms));
  ASSERT_FALSE(done);
  EXPECT_THAT(done.error().text, HasSubstr("no medium"));
}

TEST_F(Card, ASwitchThatFailsEndsIt) {
  sysfs.add({});
  mux->result = Error(Errc::io, Blame::infrastructure, "stalled");
  EXPECT_EQ(write({image(pattern(8192))}).error().code, Errc::io);
  EXPECT_EQ(sysfs.read("dev/sdb").find_first_not_of('\xee'), std::string::npos);
}

}  // namespace
}  // namespace hilltop::drivers
