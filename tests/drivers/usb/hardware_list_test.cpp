// SPDX-License-Identifier: Apache-2.0
// The list of what is plugged in, from a sysfs of our own.
#include "drivers/usb/hardware_list.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>

#include "tests/drivers/temporary_dir.hpp"

namespace hilltop::drivers {
namespace {

namespace fs = std::filesystem;

class HardwareListTest : public testing::Test {
 protected:
  void attribute(const fs::path& dir, const std::string& name, const std::string& value) {
    fs::create_directories(dir);
    std::ofstream(dir / name) << value << '\n';
  }
  /// A USB device below the host controller, and its place in /sys/bus/usb/devices.
  fs::path device(const std::string& path, const std::map<std::string, std::string>& attributes) {
    const auto real = sys() / "devices/pci0000/usb1" / path;
    for (const auto& [name, value] : attributes) attribute(real, name, value);
    fs::create_directories(sys() / "bus/usb/devices");
    fs::create_directory_symlink(real, sys() / "bus/usb/devices" / path);
    return real;
  }
  /// A node of `kind` below `parent`, with its file in /dev.
  void node(const fs::path& parent, const std::string& kind, const std::string& name) {
    const auto real = parent / name;
    fs::create_directories(real / kind / name / "device");
    fs::create_directories(sys() / "class" / kind);
    fs::create_directory_symlink(real / kind / name, sys() / "class" / kind / name);
    fs::create_directories(dev());
    std::ofstream(dev() / name) << "";
  }
  [[nodiscard]] fs::path sys() const { return dir_.path() / "sys"; }
  [[nodiscard]] fs::path dev() const { return dir_.path() / "dev"; }
  [[nodiscard]] HardwareList list() const { return list_hardware({sys(), dev()}); }

  tests::TemporaryDir dir_;
};

TEST_F(HardwareListTest, NothingIsNoError) {
  const auto found = list();
  EXPECT_TRUE(found.usb.empty());
  EXPECT_TRUE(found.ports.empty());
}

TEST_F(HardwareListTest, ReadsADeviceWithItsInterfacesAndPorts) {
  const auto real = device("1-1.4", {{"idVendor", "0d28"},
                                     {"idProduct", "0204"},
                                     {"bDeviceClass", "ef"},
                                     {"manufacturer", "Arm"},
                                     {"product", "DAPLink CMSIS-DAP"},
                                     {"serial", "0240000034544e45"},
                                     {"speed", "12"},
                                     {"busnum", "1"},
                                     {"devnum", "7"},
                                     {"maxchild", "0"}});
  attribute(real / "1-1.4:1.1", "bInterfaceNumber", "01");
  attribute(real / "1-1.4:1.1", "bInterfaceClass", "02");
  attribute(real / "1-1.4:1.3", "bInterfaceNumber", "03");
  attribute(real / "1-1.4:1.3", "bInterfaceClass", "03");
  attribute(real / "1-1.4:1.3", "interface", "CMSIS-DAP");
  node(real / "1-1.4:1.1", "tty", "ttyACM0");
  fs::create_directories(dev() / "serial/by-id");
  fs::create_symlink("../../ttyACM0", dev() / "serial/by-id/usb-Arm_DAPLink-if01");

  const auto found = list();
  ASSERT_EQ(found.usb.size(), 1U);
  const auto& one = found.usb[0];
  EXPECT_EQ(one.path, "1-1.4");
  EXPECT_EQ(one.id(), "0d28:0204");
  EXPECT_EQ(one.name, "DAPLink CMSIS-DAP");
  EXPECT_EQ(one.serial, "0240000034544e45");
  EXPECT_EQ(one.speed, "12 Mbit/s");
  EXPECT_EQ(one.hub_ports, 0U);
  EXPECT_FALSE(one.usable);  // there is no /dev/bus/usb/001/007
  ASSERT_EQ(one.interfaces.size(), 2U);
  EXPECT_EQ(one.interfaces[1].number, 3);
  EXPECT_EQ(one.interfaces[1].name, "CMSIS-DAP");
  ASSERT_EQ(one.nodes.size(), 1U);
  EXPECT_EQ(one.nodes[0].path, (dev() / "ttyACM0").string());
  EXPECT_EQ(one.nodes[0].by_id, (dev() / "serial/by-id/usb-Arm_DAPLink-if01").string());
  EXPECT_EQ(one.nodes[0].interface, 1);
  EXPECT_TRUE(one.nodes[0].usable);
}

TEST_F(HardwareListTest, SortsByPathAndLeavesRootHubsAndInterfacesOut) {
  device("1-10", {{"idVendor", "0001"}});
  device("1-2", {{"idVendor", "0002"}});
  device("1-2.3", {{"idVendor", "0003"}});
  device("usb1", {{"idVendor", "1d6b"}});
  device("1-0:1.0", {{"bInterfaceClass", "09"}});
  std::vector<std::string> paths;
  for (const auto& one : list().usb) paths.push_back(one.path);
  EXPECT_EQ(paths, (std::vector<std::string>{"1-2", "1-2.3", "1-10"}));
}

TEST_F(HardwareListTest, PortsThatAreNotOnUsbAreListedWhenTheyAreThere) {
  node(sys() / "devices/platform/serial8250", "tty", "ttyS0");
  node(sys() / "devices/platform/serial8250", "tty", "ttyS1");
  attribute(sys() / "class/tty/ttyS0", "type", "4");
  attribute(sys() / "class/tty/ttyS1", "type", "0");  // the driver's table has it, the machine does not
  fs::create_directories(sys() / "devices/virtual/tty/tty0");
  fs::create_directory_symlink(sys() / "devices/virtual/tty/tty0", sys() / "class/tty/tty0");
  const auto found = list();
  ASSERT_EQ(found.ports.size(), 1U);
  EXPECT_EQ(found.ports[0].path, (dev() / "ttyS0").string());
}

}  // namespace
}  // namespace hilltop::drivers
