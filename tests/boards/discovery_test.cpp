// SPDX-License-Identifier: Apache-2.0
#include "boards/discovery.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/boards/temporary_folder.hpp"

namespace hilltop::boards {
namespace {

using drivers::HardwareDevice;
using drivers::HardwareNode;
using testing::HasSubstr;
using testing::Not;

class DiscoveryTest : public testing::Test {
 protected:
  DiscoveryTest() {
    std::filesystem::create_directories(folder_.path() / "rules");
    folder_.write("types/freedom.yaml", R"(
usb: [{id: '0d28:0204', part: probe}]
daplink_ids: ['0240']
flash:
  formats: [hex]
  ways:
    - {driver: openocd, config: [x.cfg]}
    - {driver: tool-flash, tool: pyocd, target: k64f, source: a file}
)");
    folder_.write("types/musca.yaml", "usb: [{id: '0d28:0204', part: probe}]\ndaplink_ids: ['5006']\n");
    folder_.write("types/bridge-a.yaml", "usb: [{id: '0403:6001', part: console}]\n");
    folder_.write("types/bridge-b.yaml", "usb: [{id: '0403:6001', part: console, name: BoardB}]\n");
    types_ = BoardTypes::load(folder_.path() / "types", folder_.path() / "rules", diagnostics_);
  }

  static HardwareDevice daplink(std::string path, std::string serial) {
    HardwareDevice out;
    out.path = std::move(path);
    out.vendor = 0x0d28;
    out.product = 0x0204;
    out.name = "DAPLink CMSIS-DAP";
    out.serial = std::move(serial);
    out.nodes.push_back({"tty", "/dev/ttyACM0", "/dev/serial/by-id/usb-Arm_DAPLink_" + out.serial + "-if01",
                         "/dev/serial/by-path/pci-0000-usb-0:1.4:1.1", 1, true});
    return out;
  }
  static HardwareDevice bridge(std::string name, std::string serial = "A50285BI") {
    HardwareDevice out;
    out.path = "1-2";
    out.vendor = 0x0403;
    out.product = 0x6001;
    out.name = std::move(name);
    out.serial = std::move(serial);
    out.nodes.push_back({"tty", "/dev/ttyUSB0", "/dev/serial/by-id/usb-FTDI-if00-port0",
                         "/dev/serial/by-path/pci-0000-usb-0:2:1.0-port0", 0, true});
    return out;
  }
  BoardConfig board(const std::string& name, std::string_view addresses) {
    BoardConfig out;
    out.name = name;
    out.addresses = read_yaml(addresses, "lab.yaml", diagnostics_);
    return out;
  }
  Finding one(HardwareDevice device, const std::vector<BoardConfig>& boards = {}) {
    auto found = discover({{std::move(device)}, {}}, types_, boards);
    EXPECT_EQ(found.devices.size(), 1U);
    return found.devices.front();
  }

  test::TemporaryFolder folder_;
  Diagnostics diagnostics_;
  BoardTypes types_;
};

TEST_F(DiscoveryTest, ADapLinkSaysWhichBoardItIsOn) {
  ASSERT_EQ(diagnostics_.to_string(), "");
  const auto found = one(daplink("1-1.4", "0240000034544e45"));
  EXPECT_EQ(found.kind, "debug probe (CMSIS-DAP)");
  ASSERT_EQ(found.guesses.size(), 1U);
  EXPECT_EQ(found.guesses[0].type, "freedom");
  EXPECT_EQ(found.guesses[0].because, "DAPLink's board id 0240");
}

TEST_F(DiscoveryTest, AnUnknownDapLinkIsNotGuessed) {
  EXPECT_TRUE(one(daplink("1-1.4", "9999000034544e45")).guesses.empty());
}

TEST_F(DiscoveryTest, TheStanzaNamesTheBoardByWhatStays) {
  const auto stanza = one(daplink("1-1.4", "0240000034544e45")).stanza;
  EXPECT_THAT(stanza, HasSubstr("  freedom-01:\n    type: freedom"));
  EXPECT_THAT(stanza, HasSubstr("path: /dev/serial/by-id/usb-Arm_DAPLink_0240000034544e45-if01"));
  // The first way has no source: the second one is proposed.
  EXPECT_THAT(stanza, HasSubstr("flash: {driver: tool-flash, tool: pyocd, serial: '0240000034544e45'}"));
  Diagnostics none;
  const auto node = read_yaml("boards:\n" + stanza, "lab.yaml", none);
  EXPECT_EQ(none.to_string(), "");
  EXPECT_EQ(node["boards"]["freedom-01"]["flash"]["serial"].text(), "0240000034544e45");
}

TEST_F(DiscoveryTest, ADeviceWithoutASerialNumberIsNamedByItsSocket) {
  const auto stanza = one(bridge("BoardB", "")).stanza;
  EXPECT_THAT(stanza, HasSubstr("/dev/serial/by-path/pci-0000-usb-0:2:1.0-port0"));
  EXPECT_THAT(stanza, Not(HasSubstr("by-id")));
}

TEST_F(DiscoveryTest, ConvertersWithOneSerialNumberAreNamedByTheirSockets) {
  auto other = bridge("FT232R USB UART");
  other.path = "1-3";
  const auto found = discover({{bridge("FT232R USB UART"), other}, {}}, types_, {});
  ASSERT_EQ(found.devices.size(), 2U);
  EXPECT_THAT(found.devices[0].stanza, HasSubstr("console: {driver: tty, usb: {path: 1-2}}"));
  EXPECT_THAT(found.devices[1].stanza, HasSubstr("console: {driver: tty, usb: {path: 1-3}}"));
}

TEST_F(DiscoveryTest, ABridgeChipAloneIsNoBoardType) {
  const auto plain = one(bridge("FT232R USB UART"));
  ASSERT_EQ(plain.guesses.size(), 1U);
  EXPECT_THAT(plain.stanza, HasSubstr("type: BOARD-TYPE  # one of bridge-a"));
  const auto named = one(bridge("BoardB serial"));
  ASSERT_EQ(named.guesses.size(), 2U);
  EXPECT_EQ(named.guesses[0].type, "bridge-b");
  EXPECT_THAT(named.stanza, HasSubstr("type: bridge-b"));
}

TEST_F(DiscoveryTest, WhatABoardHasIsClaimedAndNotProposed) {
  const auto by_serial = board("k1", "{flash: {driver: daplink, serial: '0240000034544e45'}}");
  const auto by_node = board("k2", "{console: {driver: tty, path: /dev/serial/by-path/pci-0000-usb-0:1.4:1.1}}");
  const auto other = board("k3", "{console: {driver: tty, path: /dev/ttyS0}}");
  const auto found = one(daplink("1-1.4", "0240000034544e45"), {by_serial, by_node, other});
  ASSERT_EQ(found.claims.size(), 2U);
  EXPECT_EQ(found.claims[0].board + " " + found.claims[0].role, "k1 flash");
  EXPECT_EQ(found.claims[0].by, "serial 0240000034544e45");
  EXPECT_EQ(found.claims[1].board + " " + found.claims[1].role, "k2 console");
  EXPECT_EQ(found.stanza, "");
}

TEST_F(DiscoveryTest, AStanzasNameIsFree) {
  const auto taken = board("freedom-01", "{console: {driver: tty, path: /dev/ttyS0}}");
  EXPECT_THAT(one(daplink("1-1.4", "02401"), {taken}).stanza, HasSubstr("  freedom-02:\n"));
}

TEST_F(DiscoveryTest, AHubsPortIsProposedForPower) {
  HardwareDevice hub;
  hub.path = "1-1";
  hub.device_class = 9;
  hub.hub_ports = 4;
  const auto found = discover({{hub, daplink("1-1.4", "02401")}, {}}, types_, {});
  EXPECT_EQ(found.devices[0].kind, "hub");
  EXPECT_EQ(found.devices[0].stanza, "");
  EXPECT_THAT(found.devices[1].stanza, HasSubstr("# power: {driver: usb-hub-port, path: 1-1, port: 4}"));
}

TEST_F(DiscoveryTest, LabGearIsKnownByItsIds) {
  HardwareDevice relay;
  relay.vendor = 0x16c0;
  relay.product = 0x05df;
  relay.name = "USBRelay2";
  EXPECT_EQ(kind_of(relay), "relay (HID)");
  relay.name = "a keyboard";
  EXPECT_EQ(kind_of(relay), "");
  HardwareDevice dfu;
  dfu.interfaces.push_back({0, 0xfe, 1, 2, "@Internal Flash"});
  EXPECT_EQ(kind_of(dfu), "DFU device");
}

TEST_F(DiscoveryTest, JsonHasEverything) {
  HardwareNode port{"tty", "/dev/ttyS0", "", "", -1, false};
  const auto json = to_json(discover({{daplink("1-1.4", "02401")}, {port}}, types_, {}));
  const auto& device = json["devices"][0];
  EXPECT_EQ(device["id"], "0d28:0204");
  EXPECT_EQ(device["guesses"][0]["type"], "freedom");
  EXPECT_EQ(device["nodes"][0]["path"], "/dev/ttyACM0");
  EXPECT_EQ(json["ports"][0]["path"], "/dev/ttyS0");
}

}  // namespace
}  // namespace hilltop::boards
