// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <fstream>

#include "drivers/api/device.hpp"
#include "drivers/tables.hpp"
#include "tests/drivers/run_task.hpp"
#include "tests/support/tools.hpp"

namespace hilltop::drivers {
namespace {

class ToolFlash : public ::testing::Test {
 protected:
  FlashImage image(const std::string& name, ImageFormat format = ImageFormat::intel_hex) {
    FlashImage out;
    out.path = dir.path() / name;
    out.format = format;
    std::ofstream(out.path) << ":00000001FF\n";
    return out;
  }
  Result<> flash(const std::string& scenario, std::vector<FlashImage> images, const std::string& more = "",
                 std::chrono::seconds time = std::chrono::seconds(20)) {
    const auto address = "{driver: tool-flash, tool: avrdude, part: m328p, port: /dev/null" + more +
                         ", program: ['/usr/bin/python3', '" HILLTOP_SOURCE_DIR
                         "/tests/drivers/flash/fake_tool.py', '" +
                         scenario + "', '" + log().string() + "']}";
    auto device = tool_flash.make(Env{worker.io.get_executor(), dir.path()}, tests::yaml(address));
    EXPECT_TRUE(device) << device.error().text;
    progress.clear();
    FlashProgress count = [this](std::uint64_t done, std::uint64_t total) { progress.emplace_back(done, total); };
    return worker.run((*device)->flasher()->flash(std::move(images), std::move(count), Deadline::after(time)));
  }
  [[nodiscard]] std::filesystem::path log() const { return dir.path() / "log"; }
  static std::string check(std::string_view text) {
    Diagnostics diagnostics;
    tool_flash.check(tests::yaml(text), diagnostics);
    return diagnostics.to_string();
  }

  tests::TemporaryDir dir;
  tests::Worker worker;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> progress;
};

TEST_F(ToolFlash, RunsTheToolOnceAnImageWithItsArgumentsAndTellsHowFarItIs) {
  const auto done = flash("good", {image("a b.hex"), image("$(id).hex")}, ", baud: 115200");
  ASSERT_TRUE(done) << done.error().text;
  const auto said = test::read_file(log());
  EXPECT_TRUE(said.contains("'-p', 'm328p', '-c', 'arduino', '-P', '/dev/null', '-b', '115200'")) << said;
  EXPECT_TRUE(said.contains("flash:w:" + (dir.path() / "a b.hex").string() + ":i")) << said;
  EXPECT_TRUE(said.contains("flash:w:" + (dir.path() / "$(id).hex").string() + ":i")) << said;
  ASSERT_FALSE(progress.empty());
  EXPECT_EQ(progress.back().first, progress.back().second);
  EXPECT_TRUE(std::ranges::is_sorted(progress));
  EXPECT_GE(progress.size(), 4u);
}

TEST_F(ToolFlash, AnEndWithoutTheLineThatSaysSuccessIsAFailure) {
  const auto silent = flash("silent", {image("a.hex")});
  ASSERT_FALSE(silent);
  EXPECT_EQ(silent.error().blame, Blame::infrastructure);
  EXPECT_TRUE(silent.error().text.contains("without saying")) << silent.error().text;
  EXPECT_FALSE(flash("status", {image("a.hex")})) << "and so is another status with it";
}

TEST_F(ToolFlash, FaultsAreToldWithTheirBlame) {
  const auto other = flash("other board", {image("a.hex")});
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, Errc::mismatch);
  EXPECT_TRUE(other.error().text.contains("another microcontroller")) << other.error().text;
  const auto differs = flash("differs", {image("a.hex")});
  ASSERT_FALSE(differs);
  EXPECT_EQ(differs.error().blame, Blame::dut);
}

TEST_F(ToolFlash, AToolThatIsTooOldOrHangsOrIsNotThereIsAnError) {
  const auto old = flash("old", {image("a.hex")});
  ASSERT_FALSE(old);
  EXPECT_EQ(old.error().blame, Blame::configuration);
  EXPECT_TRUE(old.error().text.contains("too old")) << old.error().text;
  const auto hangs = flash("hangs", {image("a.hex")}, ", time: 1s");
  ASSERT_FALSE(hangs);
  EXPECT_EQ(hangs.error().code, Errc::timeout);
  auto device = *tool_flash.make(Env{worker.io.get_executor(), dir.path()},
                                 tests::yaml("{driver: tool-flash, tool: avrdude, part: m328p, port: /dev/null, "
                                             "program: /nowhere/avrdude}"));
  const auto missing =
      worker.run(device->flasher()->flash({image("a.hex")}, {}, Deadline::after(std::chrono::seconds(5))));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().blame, Blame::configuration);
  EXPECT_TRUE(missing.error().text.contains("install")) << missing.error().text;
}

TEST_F(ToolFlash, ImagesThatItDoesNotTakeAreTheJobsFault) {
  const auto uf2 = flash("good", {image("a.uf2", ImageFormat::uf2)});
  ASSERT_FALSE(uf2);
  EXPECT_EQ(uf2.error().blame, Blame::job);
  FlashImage missing;
  missing.path = dir.path() / "missing";
  missing.format = ImageFormat::elf;
  EXPECT_EQ(flash("good", {missing}).error().blame, Blame::job);
  EXPECT_FALSE(std::filesystem::exists(log())) << "nothing was run";
}

TEST_F(ToolFlash, ABoardThatIsNotToldApartIsRefused) {
  EXPECT_TRUE(check("{driver: tool-flash, tool: avrdude, part: m328p}").contains("another board"));
  EXPECT_TRUE(check("{driver: tool-flash, tool: pyocd, target: k64f}").contains("serial"));
  EXPECT_TRUE(check("{driver: tool-flash, tool: picotool}").contains("usb"));
  EXPECT_NE(check("{driver: tool-flash, tool: picotool, usb: {}}"), "");
  EXPECT_EQ(check("{driver: tool-flash, tool: picotool, usb: {path: 1-1.3}}"), "");
  EXPECT_EQ(check("{driver: tool-flash, tool: avrdude, part: m328p, port: /dev/ttyUSB0}"), "");
}

TEST_F(ToolFlash, SettingsAreHeldToTheirForm) {
  EXPECT_TRUE(check("{driver: tool-flash, tool: avrdude, part: '-x', port: /dev/null}").contains("'part'"));
  EXPECT_TRUE(check("{driver: tool-flash, tool: fastboot, serial: '-x', partition: a}").contains("'serial'"));
  EXPECT_TRUE(check("{driver: tool-flash, tool: avrdud, port: /dev/null}").contains("avrdude"));
  EXPECT_NE(check("{driver: tool-flash, tool: avrdude, part: m328p, port: /dev/null, colour: red}"), "");
}

}  // namespace
}  // namespace hilltop::drivers
