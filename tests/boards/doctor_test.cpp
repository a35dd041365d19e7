// SPDX-License-Identifier: Apache-2.0
#include "boards/doctor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace hilltop::boards {
namespace {

using State = DoctorCheck::State;
using testing::HasSubstr;

DoctorView::Access access_to(const std::string& path) {
  return {path != "/dev/missing", path != "/dev/missing" && path != "/dev/locked"};
}

BoardConfig board(const std::string& name, std::string_view addresses) {
  Diagnostics none;
  BoardConfig out;
  out.name = name;
  out.addresses = read_yaml(addresses, "lab.yaml", none);
  EXPECT_EQ(none.to_string(), "");
  return out;
}

class DoctorTest : public testing::Test {
 protected:
  DoctorTest() {
    view_.access = access_to;
    view_.has_udev_rules = true;
    drivers::HardwareDevice probe;
    probe.path = "1-1.4";
    probe.serial = "0240";
    probe.vendor = 0x0d28;
    probe.product = 0x0204;
    probe.usable = true;
    view_.hardware.usb.push_back(probe);
  }
  DoctorCheck only(const BoardConfig& config) {
    const auto checks = check_permissions(view_, {config});
    EXPECT_EQ(checks.size(), 1U);
    return checks.empty() ? DoctorCheck() : checks.front();
  }
  DoctorView view_;
};

TEST_F(DoctorTest, ANodeThatMayBeUsedIsGood) {
  const auto check = only(board("b", "{console: {driver: tty, path: /dev/good}}"));
  EXPECT_EQ(check.state, State::good);
  EXPECT_EQ(check.subject, "board b: console");
}

TEST_F(DoctorTest, ANodeThatIsMissingIsBad) {
  const auto check = only(board("b", "{console: {driver: tty, path: /dev/missing}}"));
  EXPECT_EQ(check.state, State::bad);
  EXPECT_THAT(check.detail, HasSubstr("is not there"));
}

TEST_F(DoctorTest, TheGroupThatIsMissingIsNamed) {
  const auto locked = board("b", "{console: {driver: tty, path: /dev/locked}}");
  EXPECT_THAT(only(locked).fix, HasSubstr("usermod -aG dialout"));
  view_.groups = {"dialout"};
  EXPECT_THAT(only(locked).fix, HasSubstr("rights of the file"));
}

TEST_F(DoctorTest, UsbDevicesAreLookedForBySerialAndByPlace) {
  EXPECT_EQ(only(board("b", "{flash: {driver: daplink, serial: '0240'}}")).state, State::good);
  EXPECT_EQ(only(board("b", "{power: {driver: usb-hub-port, path: 1-1.4, port: 2}}")).state, State::good);
  EXPECT_EQ(only(board("b", "{console: {driver: tty, usb: {serial: '0240'}}}")).state, State::good);
  EXPECT_THAT(only(board("b", "{flash: {driver: daplink, serial: '0241'}}")).detail, HasSubstr("0241"));
  view_.hardware.usb[0].usable = false;
  EXPECT_THAT(only(board("b", "{flash: {driver: daplink, serial: '0240'}}")).fix, HasSubstr("70-hilltop.rules"));
}

TEST_F(DoctorTest, TwoDevicesWithOneSerialNumberAreToldApartByPlace) {
  view_.hardware.usb.push_back(view_.hardware.usb[0]);
  view_.hardware.usb[1].path = "1-1.5";
  const auto check = only(board("b", "{flash: {driver: daplink, serial: '0240'}}"));
  EXPECT_EQ(check.state, State::bad);
  EXPECT_THAT(check.detail, HasSubstr("2 USB devices"));
  EXPECT_EQ(only(board("b", "{flash: {driver: daplink, serial: '0240', path: 1-1.5}}")).state, State::good);
  EXPECT_EQ(only(board("b", "{flash: {driver: daplink, serial: '0240', path: 1-2}}")).state, State::bad);
}

TEST_F(DoctorTest, RootAndMissingRulesAreWarnings) {
  view_.has_udev_rules = false;
  EXPECT_EQ(check_permissions(view_, {}).at(0).subject, "udev rules");
  view_.is_root = true;
  EXPECT_EQ(check_permissions(view_, {}).at(0).subject, "user");
}

TEST_F(DoctorTest, EveryToolIsAskedOnceAndSaysWhoNeedsIt) {
  const auto tools =
      needed_tools({board("a", "{flash: {driver: openocd}, probe: {driver: openocd}}"),
                    board("b", "{flash: {driver: openocd}}"), board("c", "{flash: {driver: tool-flash, tool: pyocd}}"),
                    board("d", "{emulator: {driver: qemu, system: aarch64}}"),
                    board("e", "{emulator: {driver: qemu, configurable: true}}")});
  ASSERT_EQ(tools.size(), 3U);
  EXPECT_EQ(tools[0].argv, (std::vector<std::string>{"openocd", "--version"}));
  EXPECT_EQ(tools[0].because, "board a, b");
  EXPECT_EQ(tools[1].argv[0], "pyocd");
  EXPECT_EQ(tools[2].argv[0], "qemu-system-aarch64");
}

TEST_F(DoctorTest, AToolSaysItsVersionOrHowToGetIt) {
  const NeededTool tool{"openocd", {"openocd", "--version"}, "apt install openocd", "board a"};
  const auto there = check_tool(tool, 0, "\nOpen On-Chip Debugger 0.12.0\nLicensed");
  EXPECT_EQ(there.state, State::good);
  EXPECT_EQ(there.detail, "Open On-Chip Debugger 0.12.0");
  const auto missing = check_tool(tool, -1, "");
  EXPECT_EQ(missing.state, State::bad);
  EXPECT_EQ(missing.fix, "apt install openocd");
  EXPECT_THAT(missing.detail, HasSubstr("board a needs it"));
  EXPECT_EQ(to_json({missing})["checks"][0]["state"], "bad");
}

}  // namespace
}  // namespace hilltop::boards
