// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <fstream>

#include "drivers/api/device.hpp"
#include "drivers/tables.hpp"
#include "tests/drivers/run_task.hpp"

namespace hilltop::drivers {
namespace {

class CommandFlash : public ::testing::Test {
 protected:
  FlashImage image(const std::string& name, std::string_view bytes) {
    FlashImage out;
    out.path = dir.path() / name;
    std::ofstream(out.path) << bytes;
    return out;
  }
  Result<> flash(const std::string& address, std::vector<FlashImage> images) {
    auto device = command_flash.make(Env{worker.io.get_executor(), dir.path()}, tests::yaml(address));
    EXPECT_TRUE(device);
    FlashProgress count = [this](std::uint64_t done, std::uint64_t total) { progress.emplace_back(done, total); };
    return worker.run(
        (*device)->flasher()->flash(std::move(images), std::move(count), Deadline::after(std::chrono::seconds(10))));
  }

  tests::TemporaryDir dir;
  tests::Worker worker;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> progress;
};

TEST_F(CommandFlash, RunsTheProgramOnceAnImageWithoutAShell) {
  const auto board = (dir.path() / "board").string();
  auto images = std::vector{image("a $(id).bin", "first"), image("b.bin", "second")};
  const auto flashed = flash("{driver: command-flash, argv: [cp, '{image}', " + board + "]}", images);
  ASSERT_TRUE(flashed) << flashed.error().text;
  std::string written;
  std::ifstream(board) >> written;
  EXPECT_EQ(written, "second");
  EXPECT_EQ(progress, (std::vector<std::pair<std::uint64_t, std::uint64_t>>{{1, 2}, {2, 2}}));
}

TEST_F(CommandFlash, SuccessMustBeSaid) {
  auto at = image("a.bin", "x");
  at.address = 0x8000;
  EXPECT_TRUE(flash(
      "{driver: command-flash, argv: [echo, 'Verified {image} at {address}'], success: 'Verified .*a.bin at 0x8000'}",
      {at}));
  const auto silent = flash("{driver: command-flash, argv: [echo, '{image}'], success: Verified}", {at});
  ASSERT_FALSE(silent);
  EXPECT_EQ(silent.error().blame, Blame::infrastructure);
}

TEST_F(CommandFlash, AFailureOfTheProgramAndAMissingImageAreErrors) {
  EXPECT_FALSE(flash("{driver: command-flash, argv: ['false', '{image}']}", {image("a.bin", "x")}));
  FlashImage missing;
  missing.path = dir.path() / "missing";
  const auto flashed = flash("{driver: command-flash, argv: [cp, '{image}', /dev/null]}", {missing});
  ASSERT_FALSE(flashed);
  EXPECT_EQ(flashed.error().blame, Blame::job);
}

TEST_F(CommandFlash, CheckWantsTheImageAndAnExpression) {
  const auto check = [](std::string_view text) {
    Diagnostics diagnostics;
    command_flash.check(tests::yaml(text), diagnostics);
    return diagnostics.to_string();
  };
  EXPECT_TRUE(check("{driver: command-flash, argv: [openocd]}").contains("no {image}"));
  EXPECT_TRUE(check("{driver: command-flash, argv: ['{image}'], success: '('}").contains("no regular expression"));
  EXPECT_TRUE(check("{driver: command-flash}").contains("'argv' is missing"));
}

}  // namespace
}  // namespace hilltop::drivers
