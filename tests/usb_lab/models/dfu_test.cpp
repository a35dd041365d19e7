// SPDX-License-Identifier: Apache-2.0
#include "tests/usb_lab/models/dfu.hpp"

#include "tests/usb_lab/models/model_bench.hpp"

namespace hilltop::usb_lab {
namespace {

constexpr std::uint8_t idle = 2, busy = 4, download_idle = 5, manifest = 7, error = 10;

struct Loader : Bench {
  using Bench::Bench;
  Outcome download(std::uint16_t block, Bytes data) {
    return control({0x21, 1, block, 0, static_cast<std::uint16_t>(data.size())}, data);
  }
  std::pair<int, int> status() {
    Bytes data;
    EXPECT_EQ(control({0xa1, 3, 0, 0, 6}, data), Outcome::done);
    return {data.at(0), data.at(4)};
  }
};

TEST(Dfu, TakesAnImageAndGivesItBack) {
  Loader loader("dfu,transfer_size=64");
  EXPECT_EQ(loader.download(0, Bytes(64, 1)), Outcome::done);
  EXPECT_EQ(loader.status(), std::pair(0, int{download_idle}));
  EXPECT_EQ(loader.download(1, Bytes(10, 2)), Outcome::done);
  (void)loader.status();
  EXPECT_EQ(loader.download(2, {}), Outcome::done);
  EXPECT_EQ(loader.status(), std::pair(0, int{idle}));
  EXPECT_EQ(loader.state(), Lines{"dfu image 74"});
  Bytes data;
  EXPECT_EQ(loader.control({0xa1, 2, 1, 0, 64}, data), Outcome::done);
  EXPECT_EQ(data, Bytes(10, 2));
}

TEST(Dfu, ABlockOutOfOrderIsAnErrorThatStaysUntilCleared) {
  Loader loader("dfu");
  EXPECT_EQ(loader.download(3, Bytes(8, 1)), Outcome::stalled);
  EXPECT_EQ(loader.status(), std::pair(0x0f, int{error}));
  EXPECT_EQ(loader.control({0x21, 4, 0, 0, 0}), Outcome::done);
  EXPECT_EQ(loader.status(), std::pair(0, int{idle}));
}

TEST(Dfu, ASlowOneIsBusyInBetween) {
  Loader loader("dfu,slow");
  EXPECT_EQ(loader.download(0, Bytes(8, 1)), Outcome::done);
  EXPECT_EQ(loader.status().second, busy);
  EXPECT_EQ(loader.status().second, download_idle);
}

TEST(Dfu, TheApplicationDetachesAndTheLoaderGoesBackToIt) {
  Loader loader("dfu,runtime=1209:0001");
  EXPECT_EQ(loader.device->description().product, 0x0001);
  EXPECT_EQ(loader.download(0, Bytes(8, 1)), Outcome::stalled);
  EXPECT_EQ(loader.control({0x21, 0, 1000, 0, 0}), Outcome::done);
  EXPECT_TRUE(loader.device->dropped());
  loader.device->set_powered(false);
  loader.device->returned();
  loader.device->set_powered(true);
  EXPECT_EQ(loader.device->description().product, 0xdf11);
  EXPECT_EQ(loader.download(0, Bytes(8, 1)), Outcome::done);
  (void)loader.status();
  EXPECT_EQ(loader.download(1, {}), Outcome::done);
  EXPECT_EQ(loader.status().second, manifest);
  (void)loader.status();
  EXPECT_TRUE(loader.device->dropped());
  EXPECT_EQ(loader.device->description().product, 0x0001);
}

Bytes command(std::uint8_t code, std::uint32_t address) {
  Bytes data{code};
  put32(data, address);
  return data;
}

TEST(DfuSe, FlashIsWrittenOnlyWhereItWasErased) {
  Loader loader("dfuse,transfer_size=64");
  const auto do_one = [&](std::uint16_t block, Bytes data) {
    const auto outcome = loader.download(block, std::move(data));
    while (outcome == Outcome::done && loader.status().second == busy) {
    }
    return outcome;
  };
  EXPECT_EQ(do_one(0, command(0x41, 0x08004000)), Outcome::done);
  EXPECT_EQ(do_one(0, command(0x21, 0x08004000)), Outcome::done);
  EXPECT_EQ(do_one(2, Bytes(64, 0x12)), Outcome::done);
  EXPECT_EQ(do_one(2, Bytes(64, 0x34)), Outcome::stalled);
  EXPECT_EQ(loader.status(), std::pair(1, int{error}));
  EXPECT_EQ(loader.state(), (Lines{"erase 08004000", "write 08004000 64"}));
}

TEST(DfuSe, RefusesAddressesOutsideOfItsFlash) {
  Loader loader("dfuse");
  EXPECT_EQ(loader.download(0, command(0x41, 0x20000000)), Outcome::stalled);
  EXPECT_EQ(loader.status(), std::pair(8, int{error}));
}

}  // namespace
}  // namespace hilltop::usb_lab
