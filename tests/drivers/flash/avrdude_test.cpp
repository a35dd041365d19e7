// SPDX-License-Identifier: Apache-2.0
// Debian's avrdude, Arduino's own boot loader (Optiboot) and an emulated ATmega328P.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <random>

#include "drivers/api/device.hpp"
#include "drivers/tables.hpp"
#include "tests/drivers/program.hpp"
#include "tests/support/tools.hpp"

namespace hilltop::drivers {
namespace {

constexpr auto optiboot = "/usr/share/arduino/hardware/arduino/avr/bootloaders/optiboot/optiboot_atmega328.hex";

struct Uno {
  Uno() {
    EXPECT_TRUE(std::filesystem::exists(optiboot)) << "Debian package arduino-core-avr";
    board = tests::start_program(worker, {HILLTOP_BINARY_DIR "/tests/avr_board", optiboot, port(), flash_file()});
    EXPECT_TRUE(worker.run_until([this] { return std::filesystem::exists(port()); }));
  }
  [[nodiscard]] std::string port() const { return (dir.path() / "uno").string(); }
  [[nodiscard]] std::string flash_file() const { return (dir.path() / "flash").string(); }
  Result<> flash(const std::string& part, std::vector<FlashImage> images) {
    auto device = tool_flash.make(
        Env{worker.io.get_executor(), dir.path()},
        tests::yaml("{driver: tool-flash, tool: avrdude, part: " + part + ", baud: 115200, port: " + port() + "}"));
    if (!device) return std::move(device).error();
    FlashProgress count = [this](std::uint64_t done, std::uint64_t total) { progress.emplace_back(done, total); };
    return worker.run(
        (*device)->flasher()->flash(std::move(images), std::move(count), Deadline::after(std::chrono::seconds(100))),
        std::chrono::seconds(120));
  }
  /// What its flash holds; the board is off then.
  std::string contents() {
    board->signal(SIGTERM);
    const auto ended = worker.run(board->wait(Deadline::after(std::chrono::seconds(10))));
    EXPECT_TRUE(ended && *ended == 0);
    return test::read_file(flash_file());
  }
  FlashImage image(const std::string& bytes) {
    FlashImage out;
    out.path = dir.path() / "application of it.bin";
    std::ofstream(out.path, std::ios::binary) << bytes;
    return out;
  }

  tests::TemporaryDir dir;
  tests::Worker worker;
  std::unique_ptr<Process> board;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> progress;
};

/// "rjmp .", then bytes that it never comes to.
std::string application() {
  std::mt19937 random(7);
  std::string out("\xff\xcf", 2);
  while (out.size() < 1500) out += static_cast<char>(random());
  return out;
}

TEST(Avrdude, WritesThroughOptiboot) {
  Uno uno;
  const auto bytes = application();
  const auto flashed = uno.flash("atmega328p", {uno.image(bytes)});
  ASSERT_TRUE(flashed) << flashed.error().text;
  EXPECT_EQ(uno.contents().substr(0, bytes.size()), bytes);
  EXPECT_TRUE(std::ranges::any_of(uno.progress, [&](const auto& one) { return one.first < bytes.size(); }))
      << "progress is told on the way";
  EXPECT_TRUE(std::ranges::is_sorted(uno.progress));
  ASSERT_FALSE(uno.progress.empty());
  EXPECT_EQ(uno.progress.back().first, bytes.size());
}

TEST(Avrdude, AnotherMicrocontrollerIsNotWrittenTo) {
  Uno uno;
  const auto flashed = uno.flash("atmega168p", {uno.image(application())});
  ASSERT_FALSE(flashed);
  EXPECT_EQ(flashed.error().code, Errc::mismatch) << flashed.error().text;
  EXPECT_TRUE(flashed.error().text.contains("another microcontroller")) << flashed.error().text;
  EXPECT_EQ(uno.contents().substr(0, 1500), std::string(1500, '\xff'));
}

}  // namespace
}  // namespace hilltop::drivers
