// SPDX-License-Identifier: Apache-2.0
#include "boards/inventory_network.hpp"

#include <gmock/gmock.h>

#include "drivers/tables.hpp"

namespace hilltop::boards {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* head =
    "lab: test\nboards:\n  desk-1:\n    type: fake\n    console: {driver: tty, path: /dev/tty1, baud: 115200}\n";

Inventory read(const std::string& rest, std::string* complaints = nullptr) {
  Diagnostics ignored, diagnostics;
  const auto types = BoardTypes();
  auto lab = read_inventory_text(head + rest, "lab.yaml", types, drivers::all_drivers, diagnostics);
  if (complaints != nullptr) *complaints = diagnostics.to_string();
  return lab;
}

TEST(LabNetwork, IsReadAndWrittenBack) {
  const std::string rest =
      "    network: {address: 192.168.7.21, mac: '52:54:00:AA:00:01'}\n"
      "boot_server: {address: 192.168.7.1, tftp_port: 69, http_port: 8069, dhcp_interface: eth1, prefix_bits: 20, "
      "router: 192.168.7.254}\n";
  const auto lab = read(rest);
  EXPECT_EQ(lab.boards.at(0).network, (BoardNetwork{"192.168.7.21", "52:54:00:aa:00:01"}));
  EXPECT_EQ(lab.boot_server, (BootServerSettings{"192.168.7.1", 69, 8069, "eth1", 20, "192.168.7.254"}));
  Diagnostics diagnostics;
  const auto again = read_inventory_text(to_yaml(lab), "lab.yaml", BoardTypes(), drivers::all_drivers, diagnostics);
  EXPECT_EQ(again.boards.at(0).network, lab.boards.at(0).network) << to_yaml(lab);
  EXPECT_EQ(again.boot_server, lab.boot_server);
}

TEST(LabNetwork, MistakesHaveTheirPlace) {
  std::string complaints;
  (void)read("    network: {adress: 192.168.7.21}\nboot_server: {address: here, tftp_port: 70000}\n", &complaints);
  EXPECT_THAT(complaints, AllOf(HasSubstr("lab.yaml:6:15: board 'desk-1': network"), HasSubstr("'address'"),
                                HasSubstr("did you mean 'address'"), HasSubstr("lab.yaml:7:24: boot_server"),
                                HasSubstr("'here' is no IPv4 address of a machine"), HasSubstr("70000")));
  (void)read("    network: {address: 192.168.7.21, mac: 'ff:ff:ff:ff:ff:ff'}\nboot_server: {address: 192.168.7.1}\n",
             &complaints);
  EXPECT_THAT(complaints, AllOf(HasSubstr("is no board's Ethernet address"), HasSubstr("nothing is served")));
}

TEST(LabNetwork, TwoBoardsHaveTwoAddresses) {
  std::string complaints;
  (void)read(
      "    network: {address: 192.168.7.21}\n"
      "  desk-2:\n    type: fake\n    console: {driver: tty, path: /dev/tty2, baud: 115200}\n"
      "    network: {address: 192.168.7.21}\n",
      &complaints);
  EXPECT_THAT(complaints, HasSubstr("board 'desk-2': network 192.168.7.21 is also that of board 'desk-1'"));
}

TEST(LabNetwork, WhatTheBootServerDoesNotServeIsWarnedOf) {
  const std::string with_mac = "    network: {address: 192.168.7.21, mac: '52:54:00:aa:00:01'}\n";
  const std::string without = "    network: {address: 192.168.7.21}\n";
  const std::string server = "boot_server: {address: 192.168.7.1, ";
  std::string complaints;
  (void)read(without, &complaints);
  EXPECT_THAT(complaints,
              HasSubstr("lab.yaml:3:3: warning: board 'desk-1': network has no effect: the lab has no boot_server"));
  (void)read(with_mac + server + "tftp_port: 69}\n", &complaints);
  EXPECT_THAT(complaints, HasSubstr("warning: board 'desk-1': network mac has no effect"));
  (void)read(without + server + "dhcp_interface: lo}\n", &complaints);
  EXPECT_THAT(complaints, HasSubstr("warning: board 'desk-1': network has no effect: boot_server serves no files"));
  (void)read(with_mac + "boot_server: {address: 192.168.8.1, tftp_port: 69, dhcp_interface: lo}\n", &complaints);
  EXPECT_THAT(complaints, HasSubstr("warning: board 'desk-1': network address 192.168.7.21 is outside of the network "
                                    "that boot_server tells boards of, 192.168.8.1/24"));
  (void)read(with_mac + server + "tftp_port: 69, dhcp_interface: lo}\n", &complaints);
  EXPECT_THAT(complaints, Not(HasSubstr("warning")));
}

TEST(LabNetwork, AnInterfaceThatIsNotOnThisHostIsWarnedOf) {
  std::string complaints;
  (void)read("boot_server: {address: 192.168.7.1, dhcp_interface: nosuch0}\n", &complaints);
  EXPECT_THAT(complaints,
              HasSubstr("lab.yaml:6:53: warning: boot_server: dhcp_interface 'nosuch0' is not on this host"));
}

}  // namespace
}  // namespace hilltop::boards
