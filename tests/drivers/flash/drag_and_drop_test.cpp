// SPDX-License-Identifier: Apache-2.0
// Drag-and-drop volumes: real FAT file systems in files, as disks that a folder like /sys tells of.
#include "drivers/flash/drag_and_drop.hpp"

#include <gmock/gmock.h>

#include "drivers/protocol/byte_order.hpp"
#include "drivers/tables.hpp"
#include "tests/drivers/run_task.hpp"
#include "tests/drivers/storage/fake_sysfs.hpp"

namespace hilltop::drivers {
namespace {

using ::testing::HasSubstr;

/// mtools, with a board behind the volume that reacts to what was copied.
class BoardTools final : public VolumeTools {
 public:
  Task<ToolOutput> run(Command command, Deadline deadline) override {
    return react(this, std::move(command), deadline);
  }
  std::function<void(const std::string& file)> on_copied;
  int copies = 0;

 private:
  static Task<ToolOutput> react(BoardTools* self, Command command, Deadline deadline) {
    const auto tool = command.argv.front(), file = command.argv.back();
    auto said = co_await run_tool(std::move(command), deadline);
    if (said && said->status == 0 && tool == "mcopy") {
      ++self->copies;
      if (self->on_copied) self->on_copied(file);
    }
    co_return said;
  }
};

class Volumes : public ::testing::Test {
 protected:
  Volumes() {
    tools = std::make_shared<BoardTools>();
    volume = std::make_shared<Volume>();
    volume->match.serial = serial;
    volume->roots = sysfs.roots();
    volume->tools = tools;
  }

  /// The board's volume appears with these files.
  void plug_in(std::map<std::string, std::string> files, const std::string& address = "9") {
    sysfs.remove("sdb");
    std::filesystem::remove_all(sysfs.path("sys/devices"));
    sysfs.add({.usb_path = "1-1.3", .vendor = "0d28", .product = "0204", .serial = serial, .bytes = 1474560});
    sysfs.write("sys/devices/pci0000:00/0000:00:14.0/usb1/1-1.3/devnum", address);
    const auto disk = sysfs.path("dev/sdb").string();
    tool({"mformat", "-i", disk, "-f", "1440", "::"});
    for (const auto& [name, text] : files) {
      sysfs.write("file", text);
      if (name.contains('/')) tool({"mmd", "-i", disk, "-D", "s", "::" + name.substr(0, name.find('/'))});
      tool({"mcopy", "-i", disk, sysfs.path("file").string(), "::" + name});
    }
  }
  void tool(std::vector<std::string> argv) {
    tests::Worker own;  // may be called while the other one runs
    const auto done = own.run(run_tool_checked(Command(std::move(argv)), Deadline::after(20s)));
    EXPECT_TRUE(done) << done.error().text;
  }
  std::string content(const std::string& name) {
    tests::Worker own;
    const auto said =
        own.run(run_tool(Command({"mtype", "-i", sysfs.path("dev/sdb").string(), "::" + name}), Deadline::after(20s)));
    return said && said->status == 0 ? said->text : "(none)";
  }
  FlashImage file(const std::string& name, const std::string& bytes, ImageFormat format) {
    sysfs.write(name, bytes);
    return {sysfs.path(name), format, std::nullopt};
  }

  const std::string serial = "0240000034544e45001a00018aa90001";
  const std::string details = "# DAPLink Firmware\r\nUnique ID: " + serial + "\r\nHIC ID: 97969900\r\n";
  tests::FakeSysfs sysfs;
  std::shared_ptr<BoardTools> tools;
  std::shared_ptr<Volume> volume;
  tests::Worker worker;
  std::vector<std::uint64_t> shown;
};

class DaplinkVolume : public Volumes {
 protected:
  Result<> flash(std::vector<FlashImage> images, Deadline deadline = Deadline::after(20s)) {
    auto progress = [this](std::uint64_t done, std::uint64_t) { shown.push_back(done); };
    return worker.run(flash_daplink({volume, board_id}, std::move(images), progress, deadline));
  }
  FlashImage hex() { return file("zephyr.hex", ":00000001FF\n", ImageFormat::intel_hex); }
  std::string board_id = "0240";
};

TEST_F(DaplinkVolume, TheImageIsCopiedAndTheBoardAwaited) {
  plug_in({{"DETAILS.TXT", details}});
  std::string copied;
  tools->on_copied = [&](const std::string& name) {
    copied = content(name.substr(2));
    plug_in({{"DETAILS.TXT", details}}, "10");
  };
  const auto done = flash({hex()});
  ASSERT_TRUE(done) << done.error().text;
  EXPECT_EQ(copied, ":00000001FF\n");
  EXPECT_EQ(shown.back(), 12u);
}

TEST_F(DaplinkVolume, FailTxtIsReadBackWithItsBlame) {
  plug_in({{"DETAILS.TXT", details}});
  std::string type = "target";
  tools->on_copied = [&](const std::string&) {
    plug_in(
        {{"DETAILS.TXT", details},
         {"FAIL.TXT", "error: The interface firmware FAILED to reset/halt the target MCU\r\ntype: " + type + "\r\n"}});
  };
  auto done = flash({hex()});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().blame, Blame::dut);
  EXPECT_THAT(done.error().text, HasSubstr("FAILED to reset/halt the target MCU (type: target)"));
  type = "user";
  done = flash({hex()});
  EXPECT_EQ(done.error().blame, Blame::job);
}

TEST_F(DaplinkVolume, AnotherBoardIsRefusedByItsDetails) {
  board_id = "1010";
  plug_in({{"DETAILS.TXT", details}});
  auto done = flash({hex()});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::mismatch);
  EXPECT_THAT(done.error().text, HasSubstr("board id 1010"));
  board_id = "0240";
  plug_in({{"DETAILS.TXT", "Unique ID: 0240ffff\r\n"}});
  EXPECT_EQ(flash({hex()}).error().code, Errc::mismatch);
  plug_in({{"HOLIDAY.TXT", "somebody's stick"}});
  EXPECT_THAT(flash({hex()}).error().text, HasSubstr("no DETAILS.TXT"));
  EXPECT_EQ(tools->copies, 0);
}

TEST_F(DaplinkVolume, AnImageThatIsNeverTakenIsATimeout) {
  plug_in({{"DETAILS.TXT", details}});
  const auto done = flash({hex()}, Deadline::after(1s));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::timeout);
}

TEST_F(DaplinkVolume, OnlyFormatsThatItTakesAreCopied) {
  plug_in({{"DETAILS.TXT", details}});
  EXPECT_EQ(flash({file("zephyr.elf", "x", ImageFormat::elf)}).error().blame, Blame::job);
  EXPECT_EQ(flash({hex(), hex()}).error().blame, Blame::job);
}

/// Blocks of one file, for one family. Source: microsoft/uf2, README.md.
std::string uf2_file(std::uint32_t blocks) {
  std::string out;
  for (std::uint32_t i = 0; i < blocks; ++i) {
    std::string block;
    for (const std::uint32_t word :
         {0x0a324655u, 0x9e5d5157u, 0x2000u, 0x10000000u + i * 256, 256u, i, blocks, 0xe48bff56u})
      append_le32(block, word);
    block += std::string(476, static_cast<char>('a' + i % 26));
    append_le32(block, 0x0ab16f30u);
    out += block;
  }
  return out;
}

class Uf2Volume : public Volumes {
 protected:
  Result<> flash(Deadline deadline = Deadline::after(20s)) {
    const auto leaves = [this](std::uint64_t done, std::uint64_t total) {
      shown.push_back(done);
      if (done != total) return;
      written = sysfs.read("dev/sdb");
      if (takes_it) sysfs.remove("sdb");
    };
    return worker.run(
        flash_uf2({volume, board_id}, {file("app.uf2", uf2_file(300), ImageFormat::uf2)}, leaves, deadline));
  }
  const std::string info = "UF2 Bootloader v3.0\r\nModel: Raspberry Pi RP2\r\nBoard-ID: RPI-RP2\r\n";
  std::string board_id = "RPI-RP2", written;
  bool takes_it = true;
};

TEST_F(Uf2Volume, BlocksAreWrittenWhereDataBeginsAndTheBoardsLeavingIsAwaited) {
  plug_in({{"INFO_UF2.TXT", info}});
  const auto done = flash();
  ASSERT_TRUE(done) << done.error().text;
  // A 1.44 MB floppy: one boot sector, two FATs of nine, 224 entries of 32 bytes.
  EXPECT_TRUE(written.substr((1 + 2 * 9 + 14) * 512, 300 * 512) == uf2_file(300));
  EXPECT_EQ(shown.size(), 3u);
}

TEST_F(Uf2Volume, ABoardThatStaysHasNotTakenTheImage) {
  plug_in({{"INFO_UF2.TXT", info}});
  takes_it = false;
  const auto done = flash(Deadline::after(1s));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().blame, Blame::dut);
}

TEST_F(Uf2Volume, AnotherBoardIsRefused) {
  plug_in({{"INFO_UF2.TXT", "Board-ID: SAMD51-Feather\r\n"}});
  EXPECT_EQ(flash().error().code, Errc::mismatch);
  plug_in({{"README.TXT", "somebody's stick"}});
  EXPECT_THAT(flash().error().text, HasSubstr("no INFO_UF2.TXT"));
  EXPECT_TRUE(written.empty());
}

TEST_F(Volumes, AV2mCardGetsItsImagesAndRebootTxt) {
  plug_in({{"config.txt", "TITLE: V2M-MPS2 Configuration File"}, {"SOFTWARE/selftest.axf", "old"}});
  auto image = file("tfm.bin", "new firmware", ImageFormat::raw);
  auto second = image;
  second.part = "SOFTWARE/SECOND.BIN";
  const auto done = worker.run(flash_v2m({volume}, {image, second}, {}, Deadline::after(20s)));
  ASSERT_TRUE(done) << done.error().text;
  EXPECT_EQ(content("SOFTWARE/tfm.bin"), "new firmware");
  EXPECT_EQ(content("SOFTWARE/SECOND.BIN"), "new firmware");
  EXPECT_EQ(content("reboot.txt"), "");
  second.part = "../elsewhere";
  EXPECT_EQ(worker.run(flash_v2m({volume}, {second}, {}, Deadline::after(20s))).error().blame, Blame::job);
}

TEST_F(Volumes, ASticksPlaceIsNoConfigurationCard) {
  plug_in({{"HOLIDAY.TXT", "x"}});
  const auto image = file("tfm.bin", "new firmware", ImageFormat::raw);
  EXPECT_EQ(worker.run(flash_v2m({volume}, {image}, {}, Deadline::after(20s))).error().code, Errc::mismatch);
}

TEST_F(Volumes, AMountedVolumeIsNotTouched) {
  plug_in({{"DETAILS.TXT", details}});
  sysfs.write("proc/self/mountinfo", "30 21 8:16 / /media/daplink rw - vfat /dev/sdb rw\n");
  const auto image = file("fw.hex", ":00000001FF\n", ImageFormat::intel_hex);
  EXPECT_EQ(worker.run(flash_daplink({volume}, {image}, {}, Deadline::after(20s))).error().code, Errc::busy);
}

TEST(DragAndDropAddresses, AreCheckedWithoutADevice) {
  const auto complaints = [](const DriverInfo& driver, const std::string& rest) {
    Diagnostics out;
    driver.check(tests::yaml("{driver: " + std::string(driver.name) + rest + "}"), out);
    return out.to_string();
  };
  EXPECT_EQ(complaints(daplink, ", serial: A1, board_id: '0240'"), "");
  EXPECT_THAT(complaints(daplink, ", serial: A1, board_id: '24'"), HasSubstr("four digits"));
  EXPECT_EQ(complaints(uf2, ", path: 1-1.3, board_id: RPI-RP2, family: 0xe48bff56, touch: /dev/ttyACM0"), "");
  EXPECT_THAT(complaints(uf2, ""), HasSubstr("serial"));
  EXPECT_EQ(complaints(v2m_storage, ", path: 1-1.3, folder: SOFTWARE"), "");
}

}  // namespace
}  // namespace hilltop::drivers
