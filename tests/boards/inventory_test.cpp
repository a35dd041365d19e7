// SPDX-License-Identifier: Apache-2.0
#include "boards/inventory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <nlohmann/json.hpp>

#include "drivers/api/device.hpp"
#include "tests/boards/temporary_folder.hpp"

namespace hilltop::boards {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Drivers that check their address and cannot be made: an inventory makes no device.
void check_outlet(const Node& address, Diagnostics& diagnostics) {
  if (!address["outlet"].as_integer()) diagnostics.error(address.place(), "pdu: 'outlet' is missing");
}
void check_nothing(const Node&, Diagnostics&) {}
Result<std::unique_ptr<drivers::Device>> make_nothing(const Env&, const Node&) {
  return Error(Errc::unsupported, Blame::bug, "an inventory makes no device");
}
constexpr drivers::DriverInfo qemu{"qemu", "all", "", "", drivers::Verified::unproven, check_nothing, make_nothing};
constexpr drivers::DriverInfo pdu{"pdu", "power", "", "", drivers::Verified::unproven, check_outlet, make_nothing};
constexpr drivers::DriverInfo tty{"tty", "console", "", "", drivers::Verified::unproven, check_nothing, make_nothing};
constexpr std::array<const drivers::DriverInfo*, 3> table{&qemu, &pdu, &tty};

class InventoryTest : public testing::Test {
 protected:
  InventoryTest() {
    folder_.write("types/emulated.yaml",
                  "aliases: [other_name]\ndrivers: {emulator: {driver: qemu, system: arm, machine: m}}\n");
    folder_.write("types/unfinished.yaml", "drivers: {console: {driver: pdu}}\n");
    folder_.write("types/plain.yaml", "drivers: {power: {driver: pdu, host: pdu-1}}\n");
    std::filesystem::create_directories(folder_.path() / "rules");
    std::filesystem::create_directories(folder_.path() / "files");
    Diagnostics diagnostics;
    types_ = BoardTypes::load(folder_.path() / "types", folder_.path() / "rules", diagnostics);
    EXPECT_EQ(diagnostics.to_string(), "");
  }

  Inventory read(std::string_view text) {
    diagnostics_ = Diagnostics();
    return read_inventory(folder_.write("lab.yaml", text), types_, table, diagnostics_);
  }

  std::string complaints(std::string_view text) {
    (void)read(text);
    auto out = diagnostics_.to_string();
    const auto prefix = folder_.path().string() + "/";
    for (auto at = out.find(prefix); at != out.npos; at = out.find(prefix)) out.erase(at, prefix.size());
    return out;
  }

  test::TemporaryFolder folder_;
  BoardTypes types_;
  Diagnostics diagnostics_;
};

constexpr std::string_view good = R"(lab: demo
boards:
  b-02:
    type: emulated
    description: "it's: a board"
    tags: [fast, 'yes']
    emulator: {driver: qemu, extra: [1, {a: b}, []]}
  b-01:
    type: plain
    power: {driver: pdu, outlet: 3}
    console: {driver: tty, path: /dev/serial/by-id/usb-1}
artifacts:
  file_roots: [files, /usr, ..]
  allow_hosts: [example.org]
)";

TEST_F(InventoryTest, ReadsBoardsInOrderWithTheTypesAddressesMergedIn) {
  const auto lab = read(good);
  ASSERT_EQ(diagnostics_.to_string(), "");
  EXPECT_EQ(lab.name, "demo");
  ASSERT_EQ(lab.boards.size(), 2U);
  EXPECT_EQ(lab.boards[0].name, "b-02");
  EXPECT_EQ(lab.boards[0].type, "emulated");
  EXPECT_EQ(lab.boards[0].description, "it's: a board");
  EXPECT_THAT(lab.boards[0].tags, ElementsAre("fast", "yes"));
  EXPECT_EQ(lab.boards[0].addresses.to_json().dump(),
            R"({"emulator":{"driver":"qemu","extra":[1,{"a":"b"},[]],"machine":"m","system":"arm"}})");
  EXPECT_EQ(lab.find("b-01")->addresses.to_json()["power"].dump(), R"({"driver":"pdu","host":"pdu-1","outlet":3})");
  EXPECT_EQ(lab.find("b-03"), nullptr);
  EXPECT_EQ(lab.boards[1].place.line, 8U);
  EXPECT_THAT(lab.file_roots, ElementsAre(folder_.path() / "files", "/usr", folder_.path().parent_path() / ""));
  EXPECT_THAT(lab.url_allow_list, ElementsAre("example.org"));
}

TEST_F(InventoryTest, ATypesAddressesHoldForABoardWithoutAny) {
  const auto lab =
      read("lab: l\nboards: {a: {type: emulated}, b: {type: emulated, emulator: }, c: {type: other_name}}\n");
  ASSERT_EQ(diagnostics_.to_string(), "");
  for (const auto& board : lab.boards) {
    EXPECT_EQ(board.type, "emulated");
    EXPECT_EQ(board.addresses.to_json().dump(), R"({"emulator":{"driver":"qemu","machine":"m","system":"arm"}})");
  }
}

TEST_F(InventoryTest, ABoardWithAddressesOfItsOwnTakesNoOtherRoleFromItsType) {
  const auto lab = read("lab: l\nboards: {a: {type: emulated, console: {driver: tty, path: /dev/x}}}\n");
  ASSERT_EQ(diagnostics_.to_string(), "");
  EXPECT_EQ(lab.boards[0].addresses.to_json().dump(), R"({"console":{"driver":"tty","path":"/dev/x"}})");
}

TEST_F(InventoryTest, AnotherDriverTakesNothingFromTheTypes) {
  const auto lab = read("lab: l\nboards: {a: {type: plain, console: {driver: tty}, power: {driver: qemu}}}\n");
  ASSERT_EQ(diagnostics_.to_string(), "");
  EXPECT_EQ(lab.boards[0].addresses["power"].to_json().dump(), R"({"driver":"qemu"})");
}

struct Mistake {
  std::string text, complaint;
};

TEST_F(InventoryTest, EveryMistakeIsToldWithItsPlaceAndWhatWasExpected) {
  const std::string head = "lab: l\nboards:\n  ";
  const std::vector<Mistake> mistakes = {
      {"boards: {}\n", "lab.yaml:1:1: lab: 'lab' is missing: the lab's name was expected"},
      {"lab: l\n", "lab.yaml:1:1: lab: 'boards' is missing: a map of boards was expected"},
      {"lab: l\nboards: []\n", "lab.yaml:2:9: lab: 'boards' must be a map, not a list"},
      {"lab: l\nbords: {}\n", "lab.yaml:2:1: lab: 'bords' is not a key here (did you mean 'boards'?)"},
      {"- x\n", "lab.yaml:1:1: lab: a map of keys and values was expected, not a list"},
      {head + "a: {emulator: {driver: qemu}}\n",
       "lab.yaml:3:6: board 'a': 'type' is missing: a board type, such as microbit, was expected"},
      {head + "a: {type: emulatd}\n",
       "lab.yaml:3:13: board 'a': 'emulatd' is no board type (did you mean 'emulated'?)"},
      {head + "a: {type: plain, consoles: red, console: {driver: tty}}\n",
       "lab.yaml:3:20: board 'a': 'consoles' is not a key here (did you mean 'console'?)"},
      {head + "a: {type: plain, tags: fast, console: {driver: tty}}\n",
       "lab.yaml:3:26: board 'a': 'tags' must be a list, not text"},
      {head + "a: {type: plain, power: {driver: pdu, outlet: 1}}\n",
       "lab.yaml:3:3: board 'a': nothing says where it is: 'console' (or 'emulator') was expected"},
      {head + "a: {type: plain, console: {driver: ttty}}\n",
       "lab.yaml:3:38: board 'a': console: 'ttty' is no driver (did you mean 'tty'?)"},
      {head + "a: {type: plain, console: {path: x}}\n",
       "lab.yaml:3:29: board 'a': console: 'driver' is missing: the name of a driver was expected (qemu, pdu or tty)"},
      {head + "a: {type: plain, console: /dev/ttyUSB0}\n",
       "lab.yaml:3:29: board 'a': 'console' must be a map, not text"},
      {head + "a: {type: plain, console: {driver: tty}, power: {driver: pdu}}\n",
       "lab.yaml:3:51: pdu: 'outlet' is missing"},
      {head + "../a: {type: emulated}\n", "lab.yaml:3:3: board '../a': a name has up to 64 letters, digits"},
      {head + "a:\n", "lab.yaml:3:5: board 'a': a map of keys and values was expected, not nothing"},
      {"lab: l\nboards: {}\nartifacts: {file_root: [x]}\n",
       "lab.yaml:3:13: artifacts: 'file_root' is not a key here (did you mean 'file_roots'?)"},
  };
  for (const auto& mistake : mistakes)
    EXPECT_THAT(complaints(mistake.text), HasSubstr(mistake.complaint)) << mistake.text;
}

TEST_F(InventoryTest, ABoardThatIsWrittenTwiceIsRefused) {
  EXPECT_EQ(complaints("lab: l\nboards:\n  a: {type: emulated}\n  a: {type: emulated}\n  a: {type: emulated}\n"),
            "lab.yaml:4:3: board 'a' is written twice (the first one is at lab.yaml:3:3)\n"
            "lab.yaml:5:3: board 'a' is written twice (the first one is at lab.yaml:3:3)");
  EXPECT_EQ(complaints("lab: l\nboards: {a: {type: emulated}, a: {type: emulated}}\n"),
            "lab.yaml:2:31: board 'a' is written twice (the first one is at lab.yaml:2:10)");
  // A key of a board that has a board's name is what it is anywhere: the last one counts.
  EXPECT_EQ(complaints("lab: l\nboards:\n  type:\n    type: emulated\n    type: emulated\n"),
            "lab.yaml:5:5: warning: 'type' is written twice in this map: the last one counts "
            "(the first one is at lab.yaml:4:5)");
}

TEST_F(InventoryTest, AnUnknownTypeIsOneComplaint) {
  EXPECT_EQ(complaints("lab: l\nboards:\n  a: {type: wurst}\n  b: {type: wurst, power: {driver: pdu}}\n"),
            "lab.yaml:3:13: board 'a': 'wurst' is no board type "
            "(`hilltop board-types` lists them; a new one is a file in boards/types)\n"
            "lab.yaml:4:13: board 'b': 'wurst' is no board type "
            "(`hilltop board-types` lists them; a new one is a file in boards/types)");
}

TEST_F(InventoryTest, WhatATypesAddressLacksIsSaidAtTheBoardInTheLab) {
  EXPECT_EQ(complaints("lab: l\nboards:\n  a:\n    type: plain\n    console: {driver: tty}\n    power:\n"),
            "lab.yaml:3:3: board 'a': power: pdu: 'outlet' is missing");
  EXPECT_EQ(complaints("lab: l\nboards:\n  a: {type: unfinished}\n"),
            "lab.yaml:3:3: board 'a': console: pdu: 'outlet' is missing");
}

TEST_F(InventoryTest, AFolderThatJobsCannotHaveFilesFromIsToldOf) {
  const std::string head = "lab: l\nboards: {}\nartifacts:\n  file_roots:\n    - files\n    - ";
  folder_.write("a-file", "x");
  EXPECT_EQ(complaints(head + "nowhere\n"),
            "lab.yaml:6:7: warning: artifacts: file_roots: nowhere is not on this host "
            "(no job can have files from it until it is there)");
  EXPECT_FALSE(diagnostics_.has_errors());
  EXPECT_EQ(complaints(head + "a-file\n"),
            "lab.yaml:6:7: artifacts: file_roots: a-file is no folder (jobs may name the files below a folder)");
  EXPECT_EQ(complaints(head + "7\n"),
            "lab.yaml:6:7: artifacts: 'file_roots' must be text, not a number (put it into quotes: '7')");
}

TEST_F(InventoryTest, ABoardMayBeTakenApartOtherwiseThanItsType) {
  const auto lab = read(
      "lab: l\nboards:\n  a: {type: emulated}\n  b: {type: emulated, decoders: []}\n"
      "  c: {type: emulated, decoders: [{dictlog: {database: fw/log.json, mode: hex}}, zephyr]}\n");
  ASSERT_EQ(diagnostics_.to_string(), "");
  BoardType type;
  type.decoders = demux::decoders_from("kernel").value();
  EXPECT_EQ(decoders_of(*lab.find("a"), type), type.decoders);
  EXPECT_THAT(decoders_of(*lab.find("b"), type), IsEmpty());
  const auto own = decoders_of(*lab.find("c"), type);
  ASSERT_EQ(own.size(), 2U);
  EXPECT_EQ(own[0].database, (folder_.path() / "fw/log.json").string());
  EXPECT_EQ(own[0].mode, "hex");
  EXPECT_EQ(own[1].name, "zephyr");
  const auto again = read(to_yaml(lab));
  ASSERT_EQ(diagnostics_.to_string(), "") << to_yaml(lab);
  EXPECT_EQ(again.boards, lab.boards) << to_yaml(lab);
  EXPECT_FALSE(*lab.find("a") == *lab.find("b"));
  EXPECT_THAT(complaints("lab: l\nboards:\n  a: {type: emulated, decoders: [kernal]}\n"),
              HasSubstr("lab.yaml:3:34: decoders: 'kernal' is no decoder (did you mean 'kernel'?)"));
}

TEST_F(InventoryTest, TwoBoardsAtOneAddressAreRefused) {
  EXPECT_THAT(
      complaints("lab: l\nboards:\n"
                 "  a: {type: plain, console: {driver: tty, path: /dev/a}, power: {driver: pdu, outlet: 1}}\n"
                 "  b: {type: plain, console: {driver: tty, path: /dev/b}, power: {outlet: 0x1, driver: pdu}}\n"),
      HasSubstr("lab.yaml:4:65: board 'b': its 'power' is the same address as one of board 'a'"));
  EXPECT_THAT(complaints("lab: l\nboards:\n"
                         "  a: {type: plain, console: {driver: tty, path: /dev/a, baud: 9600}}\n"
                         "  b: {type: plain, console: {driver: tty, path: /dev/a}}\n"),
              HasSubstr("board 'b': its 'console' is the same address as one of board 'a'"));
  EXPECT_EQ(complaints("lab: l\nboards: {a: {type: emulated}, b: {type: emulated}}\n"), "");
  EXPECT_EQ(complaints(
                "lab: l\nboards: {a: {type: plain, console: {driver: tty, path: x}, probe: {driver: tty, path: x}}}\n"),
            "");
}

TEST_F(InventoryTest, ReadsBackWhatItWrites) {
  const auto lab = read(good);
  ASSERT_EQ(diagnostics_.to_string(), "");
  const auto text = to_yaml(lab);
  const auto again = read(text);
  ASSERT_EQ(diagnostics_.to_string(), "") << text;
  EXPECT_EQ(again.name, lab.name);
  EXPECT_EQ(again.boards, lab.boards) << text;
  EXPECT_EQ(again.file_roots, lab.file_roots);
  EXPECT_EQ(again.url_allow_list, lab.url_allow_list);
  EXPECT_EQ(to_yaml(again), text);
}

TEST_F(InventoryTest, WritesEveryKindOfValueSoThatItReadsBack) {
  const std::string text =
      "lab: 'yes'\nboards:\n  'null':\n    type: emulated\n    description: \"two\\nlines\\t\\\"quoted\\\" é\"\n"
      "    emulator: {driver: qemu, a: '1', b: 1, c: 0x10, d: '0x10', e: ~, f: '~', g: 1.5, h: .inf, i: yes, j: 'yes', "
      "k: '', l: {}, "
      "m: [[1, [2]], [{x: 1}]], n: '- x', o: 'a: b', p: '#', 1: one, q: ' x ', r: 1:30, s: '<<', '<<': t, u: '=', v: "
      "2001-12-14}\n";
  const auto lab = read(text);
  ASSERT_EQ(diagnostics_.to_string(), "");
  const auto again = read(to_yaml(lab));
  ASSERT_EQ(diagnostics_.to_string(), "") << to_yaml(lab);
  EXPECT_EQ(again.name, "yes");
  ASSERT_EQ(again.boards.size(), 1U);
  EXPECT_EQ(again.boards[0].addresses.to_json().dump(), lab.boards[0].addresses.to_json().dump());
  EXPECT_EQ(again.boards, lab.boards);
}

TEST_F(InventoryTest, CompareTellsWhatAChangedFileMeans) {
  const auto before =
      read("lab: l\nboards: {same: {type: emulated}, gone: {type: emulated}, changed: {type: emulated, tags: [a]}}\n");
  const auto after = read(
      "lab: l\n\n\nboards:\n  new: {type: emulated}\n  changed: {type: emulated, tags: [b]}\n  same: {type: "
      "emulated}\n");
  const auto change = compare(before, after);
  EXPECT_THAT(change.added, ElementsAre("new"));
  EXPECT_THAT(change.removed, ElementsAre("gone"));
  EXPECT_THAT(change.changed, ElementsAre("changed"));
  const auto nothing = compare(after, after);
  EXPECT_THAT(nothing.added, IsEmpty());
  EXPECT_THAT(nothing.removed, IsEmpty());
  EXPECT_THAT(nothing.changed, IsEmpty());
}

TEST_F(InventoryTest, AMissingFileIsToldByName) {
  Diagnostics diagnostics;
  const auto lab = read_inventory("/nowhere/lab.yaml", types_, table, diagnostics);
  EXPECT_THAT(lab.boards, IsEmpty());
  EXPECT_EQ(diagnostics.to_string(), "/nowhere/lab.yaml: No such file or directory");
}

}  // namespace
}  // namespace hilltop::boards
