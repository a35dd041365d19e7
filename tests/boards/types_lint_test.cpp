// SPDX-License-Identifier: Apache-2.0
// Holds every board type that hilltop comes with to the rules of its own file format, and to what is installed.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>

#include "boards/board_facts_file.hpp"
#include "boards/board_type.hpp"
#include "drivers/tables.hpp"

namespace hilltop::boards {
namespace {

const std::filesystem::path boards_folder = HILLTOP_SOURCE_DIR "/boards";
const std::filesystem::path openocd_scripts = "/usr/share/openocd/scripts";

constexpr std::uint64_t alignment = 1024, largest = 1ULL << 30U;

class TypesLint : public testing::Test {
 protected:
  TypesLint() : types_(BoardTypes::load(boards_folder / "types", boards_folder / "rules", diagnostics_)) {}

  /// Runs `check` on every type; what it complains of is told with the type's name.
  template <class Check>
  void each(Check check) {
    for (const auto* type : types_.all()) {
      SCOPED_TRACE(type->name);
      check(*type);
    }
  }
  static bool is_emulated(const BoardType& type) { return type.drivers.contains("emulator"); }

  Diagnostics diagnostics_;
  BoardTypes types_;
};

TEST_F(TypesLint, ReadsWithoutAComplaint) {
  EXPECT_EQ(diagnostics_.to_string(), "");
  EXPECT_GE(types_.all().size(), 70U);
}

TEST_F(TypesLint, SaysWhatItIsAndWhereThatComesFrom) {
  each([](const BoardType& type) {
    EXPECT_FALSE(type.description.empty());
    EXPECT_FALSE(type.source.empty());
    EXPECT_FALSE(type.boot_methods.empty());
    EXPECT_FALSE(type.rule_packs.empty());
  });
}

TEST_F(TypesLint, EveryFactOfARealBoardHasASource) {
  each([](const BoardType& type) {
    if (is_emulated(type) || type.name == "ssh") return;
    const auto wants = [&](bool there, const char* key) {
      EXPECT_EQ(there, type.sources.contains(key) && !type.sources.find(key)->second.empty()) << key;
    };
    wants(true, "architecture");
    wants(!type.memory.empty(), "memory");
    wants(!type.usb.empty(), "usb");
    wants(!type.daplink_ids.empty(), "daplink_ids");
    wants(!type.loaders.empty(), "loaders");
    wants(type.drivers.contains("console"), "drivers");
    EXPECT_FALSE(type.architecture.empty());
  });
}

TEST_F(TypesLint, EveryWayToFlashHasASource) {
  each([](const BoardType& type) {
    if (type.flash.supported) EXPECT_FALSE(type.flash.source.empty());
    if (type.flash.supported && !is_emulated(type)) EXPECT_FALSE(type.flash.ways.empty());
    if (type.flash.supported) EXPECT_FALSE(type.flash.formats.empty());
    for (const auto& way : type.flash.ways) EXPECT_FALSE(way.source.empty()) << way.driver << " " << way.tool;
    for (const auto& probe : type.probes) EXPECT_FALSE(probe.source.empty()) << probe.driver;
    std::set<std::pair<std::string, std::string>> seen;
    for (const auto& way : type.flash.ways)
      EXPECT_TRUE(seen.emplace(way.driver, way.tool).second) << way.driver << " " << way.tool << " is there twice";
  });
}

TEST_F(TypesLint, MemoryIsSane) {
  each([](const BoardType& type) {
    std::set<std::string> names;
    for (const auto& region : type.memory) {
      SCOPED_TRACE(region.name);
      EXPECT_TRUE(names.insert(region.name).second);
      EXPECT_EQ(region.start % alignment, 0U);
      EXPECT_EQ(region.size % alignment, 0U);
      EXPECT_LE(region.size, largest);
    }
    if (type.memory.empty() || !type.flash.raw_address) return;
    const auto holds = [&](const MemoryRegion& region) {
      return region.kind != MemoryRegion::Kind::ram && *type.flash.raw_address - region.start < region.size;
    };
    EXPECT_TRUE(std::ranges::any_of(type.memory, holds)) << "raw_address is in no flash";
  });
}

/// With the keys that only a lab can know: which board. Each driver has its own; one of them must do.
std::string complaints_of(const FlashWay& way) {
  const auto* driver = drivers::find_driver(drivers::all_drivers, way.driver);
  if (driver == nullptr) return "there is no driver " + way.driver;
  std::string first;
  for (const auto* selector : {"serial: '123456'", "port: /dev/serial/by-id/x", "usb: {path: 1-1.4}", "path: 1-1.4"}) {
    Diagnostics found;
    driver->check(merged(way.address, read_yaml(selector, "lab.yaml", found)), found);
    if (!found.has_errors()) return "";
    if (first.empty()) first = found.to_string();
  }
  return first;
}

TEST_F(TypesLint, DriversTakeTheWaysAsTheyAre) {
  each([](const BoardType& type) {
    for (const auto& way : type.flash.ways) EXPECT_EQ(complaints_of(way), "");
    for (const auto& probe : type.probes) EXPECT_EQ(complaints_of(probe), "");
  });
}

TEST_F(TypesLint, OpenOcdHasTheNamedFiles) {
  if (!std::filesystem::is_directory(openocd_scripts)) GTEST_SKIP() << "the package openocd is not installed";
  each([](const BoardType& type) {
    auto ways = type.flash.ways;
    ways.insert(ways.end(), type.probes.begin(), type.probes.end());
    for (const auto& way : ways) {
      if (way.driver != "openocd") continue;
      EXPECT_FALSE(way.address["config"].items().empty());
      for (const auto& file : way.address["config"].items())
        EXPECT_TRUE(std::filesystem::exists(openocd_scripts / file.text())) << file.text();
    }
  });
}

/// A board that `hilltop discover` knows is one that the daemon may open.
TEST_F(TypesLint, TheUdevRulesHaveEveryUsbDevice) {
  std::ifstream file(HILLTOP_SOURCE_DIR "/deploy/udev/70-hilltop.rules");
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  ASSERT_GT(lines.size(), 20U);
  each([&](const BoardType& type) {
    for (const auto& sign : type.usb) {
      const auto vendor = fmt::format("ATTR{{idVendor}}==\"{:04x}\"", sign.vendor);
      const auto product = fmt::format("{:04x}", sign.product);
      const auto has = [&](const std::string& line) {
        return line.starts_with(vendor) && (line.find("idProduct") == line.npos || line.find(product) != line.npos);
      };
      EXPECT_TRUE(std::ranges::any_of(lines, has)) << vendor << " " << product;
    }
  });
}

TEST_F(TypesLint, NoTwoTypesHaveOneDapLinkNumber) {
  std::map<std::string, std::string> owner;
  each([&](const BoardType& type) {
    for (const auto& id : type.daplink_ids) EXPECT_TRUE(owner.emplace(id, type.name).second) << id << ": " << owner[id];
  });
}

}  // namespace
}  // namespace hilltop::boards
