// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include <map>

#include "drivers/storage/sdwire.hpp"
#include "drivers/storage/usb_sd_mux.hpp"
#include "drivers/tables.hpp"
#include "tests/drivers/run_task.hpp"
#include "tests/drivers/storage/fake_sysfs.hpp"

namespace hilltop::drivers {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// An FT200X with CBUS0 as an output, and whatever else is on the bus.
struct Ft200x {
  UsbDeviceInfo info;
  std::uint8_t pins = 0x01;
  bool stuck = false;
  int claims = 0, resets = 0;
};

class Handle final : public UsbHandle {
 public:
  explicit Handle(Ft200x* device) : device_(device) {}
  [[nodiscard]] const UsbDeviceInfo& info() const override { return device_->info; }
  Task<> claim(std::uint8_t, Deadline) override { return count(&device_->claims); }
  Task<> set_alternate(std::uint8_t, std::uint8_t, Deadline) override { return count(nullptr); }
  Task<std::string> control_in(UsbRequest request, std::uint16_t, Deadline) override { return in(device_, request); }
  Task<> control_out(UsbRequest request, std::string, Deadline) override { return out(device_, request); }
  Task<std::string> read(std::uint8_t, std::size_t, Deadline) override { return in(device_, {}); }
  Task<> write(std::uint8_t, std::string, Deadline) override { return count(nullptr); }
  Task<> clear_halt(std::uint8_t, Deadline) override { return count(nullptr); }
  Task<> reset(Deadline) override { return count(&device_->resets); }

 private:
  static Task<> count(int* what) {
    if (what != nullptr) ++*what;
    co_return ok();
  }
  static Task<std::string> in(Ft200x* device, UsbRequest request) {
    if (request.type != 0xc0 || request.request != 0x0c) co_return Error(Errc::io, Blame::infrastructure, "stall");
    co_return std::string(1, static_cast<char>(device->pins));
  }
  static Task<> out(Ft200x* device, UsbRequest request) {
    if (request.type != 0x40 || request.request != 0x0b || request.value >> 8 != 0x20)
      co_return Error(Errc::io, Blame::infrastructure, "stall");
    if (!device->stuck) device->pins = request.value & 0x0f & (request.value >> 4);
    co_return ok();
  }
  Ft200x* device_;
};

class Bus final : public UsbBus {
 public:
  Result<std::vector<UsbDeviceInfo>> devices() override { return std::vector<UsbDeviceInfo>{wire.info}; }
  Task<std::shared_ptr<UsbHandle>> open(UsbMatch match, Deadline) override { return find(this, std::move(match)); }
  [[nodiscard]] std::shared_ptr<void> on_change(Handler) override { return nullptr; }
  Ft200x wire;

 private:
  static Task<std::shared_ptr<UsbHandle>> find(Bus* self, UsbMatch match) {
    HILLTOP_CO_TRY(const auto found, find_usb_device({self->wire.info}, match));
    (void)found;
    co_return std::shared_ptr<UsbHandle>(std::make_shared<Handle>(&self->wire));
  }
};

class SdWire : public ::testing::Test {
 protected:
  SdWire() {
    bus->wire.info.vendor = 0x04e8, bus->wire.info.product = 0x6001;
    bus->wire.info.serial = "sdwire_11", bus->wire.info.path = "1-1.4.2";
    mux = sdwire_switch(bus, {.serial = "sdwire_11"});
  }
  Deadline soon() { return Deadline::after(5s); }
  std::shared_ptr<Bus> bus = std::make_shared<Bus>();
  std::shared_ptr<CardSwitch> mux;
  tests::FakeSysfs sysfs;
  tests::Worker worker;
};

TEST_F(SdWire, SwitchesItsPinAndReadsItBack) {
  ASSERT_TRUE(worker.run(mux->set(MuxSide::board, soon())));
  EXPECT_EQ(bus->wire.pins, 0);
  EXPECT_EQ(worker.run(mux->side(soon())).value(), MuxSide::board);
  ASSERT_TRUE(worker.run(mux->set(MuxSide::host, soon())));
  EXPECT_EQ(bus->wire.pins, 1);
  EXPECT_EQ(worker.run(mux->side(soon())).value(), MuxSide::host);
}

TEST_F(SdWire, APinThatDoesNotFollowIsAMismatch) {
  bus->wire.stuck = true;
  EXPECT_EQ(worker.run(mux->set(MuxSide::board, soon())).error().code, Errc::mismatch);
  EXPECT_EQ(worker.run(mux->set(MuxSide::off, soon())).error().code, Errc::unsupported);
}

TEST_F(SdWire, ItsReaderIsTheOneDiskBehindItsHub) {
  sysfs.add({.name = "sda", .usb_path = "1-1.3"});
  EXPECT_EQ(worker.run(mux->find_disk(sysfs.roots(), soon())).error().code, Errc::unavailable);
  sysfs.add({.name = "sdb", .usb_path = "1-1.4.1"});
  EXPECT_EQ(worker.run(mux->find_disk(sysfs.roots(), soon()))->name, "sdb");
  sysfs.add({.name = "sdc", .usb_path = "1-1.4.3"});
  EXPECT_EQ(worker.run(mux->find_disk(sysfs.roots(), soon())).error().blame, Blame::configuration);
}

TEST_F(SdWire, TheThirdKindKeepsItsReaderFromTheKernelWhileTheBoardHasTheCard) {
  mux = sdwire3_switch(bus, {.serial = "sdwire_11"});
  ASSERT_TRUE(worker.run(mux->set(MuxSide::board, soon())));
  EXPECT_EQ(bus->wire.claims, 1);
  EXPECT_EQ(bus->wire.resets, 1);
  EXPECT_EQ(worker.run(mux->side(soon())).value(), MuxSide::board);
  ASSERT_TRUE(worker.run(mux->set(MuxSide::host, soon())));
  EXPECT_EQ(bus->wire.claims, 1);
  EXPECT_EQ(bus->wire.resets, 2);
  EXPECT_EQ(worker.run(mux->side(soon())).value(), MuxSide::unknown);
}

/// An I2C expander behind the USB2642's vendor command: it takes nothing that is not for its address.
class Expander final : public ScsiGeneric {
 public:
  explicit Expander(std::uint8_t address) : address_(address) {}
  Result<std::string> run(const std::filesystem::path& node, const Command& command) override {
    nodes.push_back(node.filename().string());
    const auto& cdb = command.block;
    const auto byte = [&](std::size_t i) { return static_cast<std::uint8_t>(cdb[i]); };
    if (cdb.size() != 16 || byte(0) != 0xcf || byte(2) != address_ << 1) return refused();
    const std::size_t data = static_cast<std::size_t>(byte(4)) << 8 | byte(5);
    if (byte(1) == 0x23 && data == 2 && byte(6) == 0 && command.out.size() == 512) {
      const auto number = static_cast<std::uint8_t>(command.out[0]);
      registers[number] = static_cast<std::uint8_t>(command.out[1]);
      if (number == 1) outputs.push_back(registers[1]);
      return std::string();
    }
    if (byte(1) == 0x22 && data == 1 && byte(6) == 1 && byte(3) == ((address_ << 1) | 1)) {
      std::string out(command.in_bytes, '\0');
      out[0] = static_cast<char>(registers[byte(7)]);
      return out;
    }
    return refused();
  }
  std::map<std::uint8_t, std::uint8_t> registers = {{1, 0xff}, {3, 0xff}};  // power-on defaults
  std::vector<int> outputs;
  std::vector<std::string> nodes;

 private:
  static Error refused() { return {Errc::io, Blame::infrastructure, "SCSI status 2"}; }
  std::uint8_t address_;
};

class UsbSdMux : public ::testing::Test {
 protected:
  std::shared_ptr<CardSwitch> make(std::shared_ptr<ScsiGeneric> scsi, const std::string& model) {
    sysfs.add({.vendor = "0424", .product = "4041", .serial = "00048.00643", .model = model, .bytes = 0});
    return usb_sd_mux_switch({std::move(scsi), {0x0424, 0x4041, "00048.00643"}, sysfs.roots(), 0ms});
  }
  Result<> set(CardSwitch& mux, MuxSide side) { return worker.run(mux.set(side, Deadline::after(5s))); }
  MuxSide side(CardSwitch& mux) { return worker.run(mux.side(Deadline::after(5s))).value(); }
  tests::FakeSysfs sysfs;
  tests::Worker worker;
};

TEST_F(UsbSdMux, TheClassicGoesOverOffAndSelectsBeforeItConnects) {
  auto expander = std::make_shared<Expander>(0x41);
  const auto mux = make(expander, "sdmux HS-SD/MMC");
  EXPECT_EQ(side(*mux), MuxSide::unknown);
  ASSERT_TRUE(set(*mux, MuxSide::board));
  EXPECT_THAT(expander->outputs, ElementsAre(0x0b, 0x0f, 0x0c));
  EXPECT_EQ(expander->registers[3], 0xf0);
  EXPECT_EQ(side(*mux), MuxSide::board);
  EXPECT_EQ(expander->nodes.front(), "sg3");
  expander->outputs.clear();
  ASSERT_TRUE(set(*mux, MuxSide::host));
  EXPECT_THAT(expander->outputs, ElementsAre(0x0b, 0x00));
  EXPECT_EQ(side(*mux), MuxSide::host);
  ASSERT_TRUE(set(*mux, MuxSide::off));
  EXPECT_EQ(side(*mux), MuxSide::off);
}

TEST_F(UsbSdMux, TheFastOneHasOtherPinsAndBeginsWithTheBoard) {
  auto expander = std::make_shared<Expander>(0x20);
  const auto mux = make(expander, "sdFST HS-SD/MMC");
  EXPECT_EQ(side(*mux), MuxSide::board);
  ASSERT_TRUE(set(*mux, MuxSide::board));
  EXPECT_THAT(expander->outputs, ElementsAre(0x0e, 0x0f, 0x09));
  ASSERT_TRUE(set(*mux, MuxSide::host));
  EXPECT_EQ(side(*mux), MuxSide::host);
}

TEST_F(UsbSdMux, AnOrdinaryCardReaderIsNone) {
  const auto mux = make(std::make_shared<Expander>(0x41), "Ultra HS-SD/MMC");
  const auto done = set(*mux, MuxSide::host);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::mismatch);
}

TEST(StorageAddresses, AreCheckedWithoutADevice) {
  for (const auto* driver : {&sdwire, &sdwire3, &usb_sd_mux}) {
    const auto complaints = [&](const std::string& rest) {
      Diagnostics out;
      driver->check(tests::yaml("{driver: " + std::string(driver->name) + rest + "}"), out);
      return out.to_string();
    };
    EXPECT_EQ(complaints(", serial: A1, max_gib: 32"), "") << driver->name;
    EXPECT_THAT(complaints(""), HasSubstr("serial")) << driver->name;
    EXPECT_THAT(complaints(", path: 1-1, max_gib: 0"), HasSubstr("max_gib")) << driver->name;
  }
}

}  // namespace
}  // namespace hilltop::drivers
