// SPDX-License-Identifier: Apache-2.0
// What a board type knows of a driver is laid under what the lab says.
#include <gtest/gtest.h>

#include <array>
#include <nlohmann/json.hpp>

#include "boards/inventory.hpp"
#include "drivers/api/device.hpp"
#include "tests/boards/temporary_folder.hpp"

namespace hilltop::boards {
namespace {

void check_nothing(const Node&, Diagnostics&) {}
Result<std::unique_ptr<drivers::Device>> make_nothing(const Env&, const Node&) {
  return Error(Errc::unsupported, Blame::bug, "an inventory makes no device");
}
constexpr drivers::DriverInfo tty{"tty", "console", "", "", drivers::Verified::unproven, check_nothing, make_nothing};
constexpr drivers::DriverInfo tool{"tool", "flash", "", "", drivers::Verified::unproven, check_nothing, make_nothing};
constexpr drivers::DriverInfo ocd{"ocd", "flash", "", "", drivers::Verified::unproven, check_nothing, make_nothing};
constexpr std::array<const drivers::DriverInfo*, 3> table{&tty, &tool, &ocd};

class InventoryWays : public testing::Test {
 protected:
  InventoryWays() {
    folder_.write("types/known.yaml", R"(
drivers: {console: {driver: tty, baud: 115200}}
probes: [{driver: ocd, config: [debug.cfg], source: s}]
flash:
  source: s
  ways:
    - {driver: tool, tool: pyocd, target: k64f, speed: 1, source: s}
    - {driver: tool, tool: jlink, device: MK64, source: s}
    - {driver: ocd, config: [board.cfg], source: s}
)");
    std::filesystem::create_directories(folder_.path() / "rules");
    Diagnostics diagnostics;
    types_ = BoardTypes::load(folder_.path() / "types", folder_.path() / "rules", diagnostics);
    EXPECT_EQ(diagnostics.to_string(), "");
  }

  nlohmann::json address(const std::string& role, const std::string& said) {
    Diagnostics diagnostics;
    const auto lab =
        read_inventory(folder_.write("lab.yaml", "lab: l\nboards:\n  b: {type: known, emulator: {driver: tty}, " + role +
                                                     ": " + said + "}\n"),
                       types_, table, diagnostics);
    EXPECT_EQ(diagnostics.to_string(), "");
    return lab.boards.at(0).addresses[role].to_json();
  }

  test::TemporaryFolder folder_;
  BoardTypes types_;
};

using nlohmann::json;

TEST_F(InventoryWays, TheToolThatTheLabNamesGetsItsFacts) {
  EXPECT_EQ(address("flash", "{driver: tool, tool: jlink, serial: '1'}"),
            (json{{"driver", "tool"}, {"tool", "jlink"}, {"device", "MK64"}, {"serial", "1"}}));
  EXPECT_EQ(address("flash", "{driver: ocd, serial: '1'}"),
            (json{{"driver", "ocd"}, {"config", {"board.cfg"}}, {"serial", "1"}}));
}

TEST_F(InventoryWays, WithoutAToolTheFirstOfItsDriverIsMeant) {
  EXPECT_EQ(address("flash", "{driver: tool, serial: '1'}")["tool"], "pyocd");
}

TEST_F(InventoryWays, WhatTheLabSaysWins) {
  const auto said = address("flash", "{driver: tool, tool: pyocd, speed: 4, serial: '1'}");
  EXPECT_EQ(said["speed"], 4);
  EXPECT_EQ(said["target"], "k64f");
}

TEST_F(InventoryWays, AProbesFactsComeFirstForAProbe) {
  EXPECT_EQ(address("probe", "{driver: ocd, serial: '1'}")["config"], json({"debug.cfg"}));
  EXPECT_EQ(address("probe", "{driver: tool, tool: jlink, serial: '1'}")["device"], "MK64");
}

TEST_F(InventoryWays, OtherRolesAreLeftAlone) {
  EXPECT_EQ(address("power", "{driver: ocd}"), (json{{"driver", "ocd"}}));
  EXPECT_EQ(address("console", "{driver: tty, path: /x}")["baud"], 115200);
}

}  // namespace
}  // namespace hilltop::boards
