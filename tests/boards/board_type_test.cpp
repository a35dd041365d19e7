// SPDX-License-Identifier: Apache-2.0
#include "boards/board_type.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/boards/temporary_folder.hpp"

namespace hilltop::boards {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class BoardTypesTest : public testing::Test {
 protected:
  BoardTypesTest() { std::filesystem::create_directories(folder_.path() / "rules"); }

  void type(const std::string& name, std::string_view text) { folder_.write("types/" + name + ".yaml", text); }

  BoardTypes load() {
    diagnostics_ = Diagnostics();
    return BoardTypes::load(folder_.path() / "types", folder_.path() / "rules", diagnostics_);
  }

  /// The complaints of load(), with the folder's name cut.
  std::string complaints() {
    (void)load();
    auto text = diagnostics_.to_string();
    const auto prefix = (folder_.path() / "types").string() + "/";
    for (auto at = text.find(prefix); at != text.npos; at = text.find(prefix)) text.erase(at, prefix.size());
    return text;
  }

  test::TemporaryFolder folder_;
  Diagnostics diagnostics_;
};

TEST_F(BoardTypesTest, ReadsEveryKey) {
  type("full", R"(
description: a board
aliases: [one, two]
source: its manual
verified: hardware
consoles: [main, uart1]
newline: crlf
typing: {char_delay_ms: 5, check_echo: yes, chunk: 8}
deploy: [tmpfs]
boot: [minimal, monitor]
flash: {source: page 3, verified: specification, formats: [elf, hex, bin], raw_address: 0x08000000, max_images: 2}
timeouts: {actions: {power-off: {seconds: 1.5}}, connections: {lava-test-shell: {minutes: 2}}}
power_off_time_ms: 250
failure_retry: 3
context: {arch: arm, memory: 16}
available_architectures: [arm]
configurable_machine: true
decoders: [smp, {cmux: {mode: basic}}]
drivers: {console: {driver: tty}}
)");
  const auto types = load();
  ASSERT_EQ(diagnostics_.to_string(), "");
  const auto* t = types.find("full");
  ASSERT_NE(t, nullptr);
  EXPECT_EQ(types.find("two"), t);
  EXPECT_EQ(t->description, "a board");
  EXPECT_EQ(t->source, "its manual");
  EXPECT_EQ(t->verified, drivers::Verified::hardware);
  EXPECT_THAT(t->consoles, ElementsAre("main", "uart1"));
  EXPECT_EQ(t->newline, "\r\n");
  EXPECT_EQ(t->typing.char_delay, 5ms);
  EXPECT_TRUE(t->typing.check_echo);
  EXPECT_EQ(t->typing.chunk, 8U);
  EXPECT_TRUE(t->deploys("tmpfs") && t->boots("monitor") && !t->boots("qemu"));
  EXPECT_TRUE(t->flash.supported);
  EXPECT_EQ(t->flash.source, "page 3");
  EXPECT_EQ(t->flash.verified, drivers::Verified::specification);
  EXPECT_THAT(t->flash.formats,
              ElementsAre(drivers::ImageFormat::elf, drivers::ImageFormat::intel_hex, drivers::ImageFormat::raw));
  EXPECT_EQ(t->flash.raw_address, 0x08000000U);
  EXPECT_EQ(t->flash.max_images, 2U);
  EXPECT_EQ(t->action_timeouts.at("power-off"), 1500ms);
  EXPECT_EQ(t->connection_timeouts.at("lava-test-shell"), 2min);
  EXPECT_EQ(t->power_off_time, 250ms);
  EXPECT_EQ(t->failure_retry, 3U);
  EXPECT_EQ(t->context.at("memory"), "16");
  EXPECT_TRUE(t->configurable_machine);
  ASSERT_EQ(t->decoders.size(), 2U);
  EXPECT_EQ(t->decoders[1], (demux::DecoderSpec{.name = "cmux", .mode = "basic"}));
  EXPECT_EQ(t->drivers["console"]["driver"].text(), "tty");
}

TEST_F(BoardTypesTest, AnEmptyTypeHasSafeDefaults) {
  type("bare", "description: nothing known\n");
  const auto types = load();
  const auto* t = types.find("bare");
  ASSERT_NE(t, nullptr) << diagnostics_.to_string();
  EXPECT_FALSE(t->flash.supported);
  EXPECT_EQ(t->flash.source, "");
  EXPECT_EQ(t->verified, drivers::Verified::unproven);
  EXPECT_THAT(t->consoles, ElementsAre("main"));
  EXPECT_EQ(t->newline, "\r");
  EXPECT_EQ(t->failure_retry, 1U);
}

TEST_F(BoardTypesTest, ReadsWhatIsKnownOfTheBoardItself) {
  type("real", R"(
architecture: armv7e-m
memory:
  - {name: flash, start: 0x0, size: 1M, kind: flash}
  - {name: sram, start: 0x20000000, size: 192K, kind: ram}
usb:
  - {id: '0d28:0204', part: probe, name: DAPLink}
daplink_ids: ['0240']
sources: {memory: a data sheet, usb: a page}
flash:
  formats: [hex]
  ways:
    - {driver: tool-flash, tool: pyocd, target: k64f, source: a file, verified: specification}
    - {driver: openocd, board: x.cfg}
)");
  const auto types = load();
  ASSERT_EQ(diagnostics_.to_string(), "");
  const auto* t = types.find("real");
  EXPECT_EQ(t->architecture, "armv7e-m");
  ASSERT_EQ(t->memory.size(), 2U);
  EXPECT_EQ(t->memory[0].size, 1024U * 1024U);
  EXPECT_EQ(t->memory[1].start, 0x20000000U);
  EXPECT_EQ(t->memory[1].kind, MemoryRegion::Kind::ram);
  ASSERT_EQ(t->usb.size(), 1U);
  EXPECT_EQ(t->usb[0].vendor, 0x0d28);
  EXPECT_EQ(t->usb[0].product, 0x0204);
  EXPECT_EQ(t->usb[0].part, "probe");
  EXPECT_THAT(t->daplink_ids, ElementsAre("0240"));
  EXPECT_EQ(t->sources.find("usb")->second, "a page");
  ASSERT_EQ(t->flash.ways.size(), 2U);
  EXPECT_EQ(t->flash.ways[0].address["target"].text(), "k64f");
  EXPECT_FALSE(t->flash.ways[0].address.contains("source"));
  EXPECT_EQ(t->flash.ways[0].verified, drivers::Verified::specification);
}

TEST_F(BoardTypesTest, FlashesOnlyInWaysThatHaveASource) {
  type("real", R"(
flash:
  ways:
    - {driver: tool-flash, tool: pyocd, target: k64f, source: a file}
    - {driver: openocd, board: x.cfg}
)");
  type("whole", "flash: {source: a manual}\n");
  type("silent", "description: nothing known\n");
  const auto types = load();
  ASSERT_EQ(diagnostics_.to_string(), "");
  const auto refusal = [&](std::string_view name, std::string_view lab_address) {
    Diagnostics none;
    return types.find(name)->flash.refusal(read_yaml(lab_address, "lab.yaml", none));
  };
  EXPECT_EQ(refusal("real", "{driver: tool-flash, tool: pyocd, serial: '1'}"), "");
  EXPECT_THAT(refusal("real", "{driver: openocd, serial: '1'}"), HasSubstr("facts for 'openocd' have no source"));
  EXPECT_THAT(refusal("real", "{driver: tool-flash, tool: jlink}"), HasSubstr("flash facts have no source"));
  EXPECT_EQ(refusal("whole", "{driver: command}"), "");
  EXPECT_THAT(refusal("silent", "{driver: command}"), HasSubstr("it cannot be flashed"));
}

TEST_F(BoardTypesTest, WrongFactsOfABoardArePointedAt) {
  type("bad", R"(memory:
  - {name: a, start: 0x0, size: 1K, kind: flash}
  - {name: b, start: 0x3ff, size: 1K, kind: disk}
usb: [{id: 0d28-0204, part: probe}]
daplink_ids: ['24']
sources: {nonsense: a page}
flash: {ways: [{board: x.cfg}]}
)");
  const auto text = complaints();
  EXPECT_THAT(text, HasSubstr("memory: 'a' and 'b' overlap"));
  EXPECT_THAT(text, HasSubstr("bad.yaml:3:45"));
  EXPECT_THAT(text, HasSubstr("'0d28-0204' is no USB id"));
  EXPECT_THAT(text, HasSubstr("'24' is no board id of DAPLink"));
  EXPECT_THAT(text, HasSubstr("'nonsense'"));
  EXPECT_THAT(text, HasSubstr("'driver' is missing"));
}

TEST_F(BoardTypesTest, ExtendsMergesMapsAndReplacesLists) {
  type("base",
       "abstract: true\naliases: [old]\nconsoles: [a, b]\nfailure_retry: 2\nflash: {source: s, formats: [hex]}\n"
       "drivers: {emulator: {driver: qemu, system: arm}}\n");
  type("middle", "extends: base\nflash: {formats: [elf], max_images: 2}\n");
  type("leaf", "extends: middle\nconsoles: [c]\ndrivers: {emulator: {machine: m}}\n");
  const auto types = load();
  ASSERT_EQ(diagnostics_.to_string(), "");
  EXPECT_EQ(types.find("base"), nullptr);
  EXPECT_EQ(types.find("old"), nullptr);
  EXPECT_THAT(types.names(), ElementsAre("leaf", "middle"));
  const auto* leaf = types.find("leaf");
  EXPECT_THAT(leaf->consoles, ElementsAre("c"));
  EXPECT_EQ(leaf->failure_retry, 2U);
  EXPECT_EQ(leaf->flash.source, "s");
  EXPECT_THAT(leaf->flash.formats, ElementsAre(drivers::ImageFormat::elf));
  EXPECT_EQ(leaf->flash.max_images, 2U);
  EXPECT_EQ(leaf->drivers.to_json().dump(), R"({"emulator":{"driver":"qemu","machine":"m","system":"arm"}})");
}

TEST_F(BoardTypesTest, ACircleOfExtendsIsRefused) {
  type("a", "extends: b\n");
  type("b", "extends: c\n");
  type("c", "extends: a\n");
  EXPECT_THAT(complaints(),
              HasSubstr("c.yaml:1:10: extends: the types extend each other in a circle: a -> b -> c -> a"));
  type("self", "extends: self\n");
  EXPECT_THAT(complaints(),
              HasSubstr("self.yaml:1:10: extends: the types extend each other in a circle: self -> self"));
}

TEST_F(BoardTypesTest, AnUnknownBaseIsRefusedWithASuggestion) {
  type("microbit", "");
  type("mine", "extends: micorbit\n");
  EXPECT_THAT(complaints(),
              HasSubstr("mine.yaml:1:10: extends: 'micorbit' is no board type (did you mean 'microbit'?)"));
}

struct Mistake {
  std::string text, complaint;
};

TEST_F(BoardTypesTest, EveryMistakeIsToldWithItsPlaceAndWhatWasExpected) {
  const std::vector<Mistake> mistakes = {
      {"descripton: x\n", "t.yaml:1:1: board type: 'descripton' is not a key here (did you mean 'description'?)"},
      {"typing: {delay: 1}\n",
       "t.yaml:1:10: typing: 'delay' is not a key here (char_delay_ms, check_echo or chunk was expected)"},
      {"typing: fast\n", "t.yaml:1:9: board type: 'typing' must be a map, not text"},
      {"typing: {chunk: 0}\n", "t.yaml:1:17: typing: 'chunk' must be a whole number from 1 to 4096, not 0"},
      {"typing: {check_echo: 1}\n", "t.yaml:1:22: typing: 'check_echo' must be yes or no, not a number"},
      {"verified: hardwear\n",
       "t.yaml:1:11: board type: 'verified': 'hardwear' is not known (did you mean 'hardware'?)"},
      {"boot: [u-boat]\n", "t.yaml:1:8: board type: 'boot': 'u-boat' is not known (did you mean 'u-boot'?)"},
      {"boot: minimal\n", "t.yaml:1:7: board type: 'boot' must be a list, not text"},
      {"deploy: [nfs]\n", "t.yaml:1:10: board type: 'deploy': 'nfs' is not known (did you mean 'mps'?)"},
      {"aliases: [1]\n", "t.yaml:1:11: board type: 'aliases' must be text, not a number (put it into quotes: '1')"},
      {"consoles: []\n", "t.yaml:1:11: board type: 'consoles' must name at least one"},
      {"rule_packs: [zefyr]\n", "t.yaml:1:14: board type: 'rule_packs': 'zefyr' is not known"},
      {"timeouts: {actions: {power-off: 10}}\n",
       "t.yaml:1:33: power-off: a timeout with one unit was expected (for example {minutes: 3})"},
      {"timeouts: {actions: {x: {minute: 1}}}\n",
       "t.yaml:1:26: x: 'minute' is no unit of time (did you mean 'minutes'?)"},
      {"timeouts: {actions: {x: {minutes: 0}}}\n",
       "t.yaml:1:35: x: the time must be a number above 0, and a year at most"},
      {"context: {a: [1]}\n", "t.yaml:1:14: context: 'a' must be text or a number, not a list"},
      {"drivers: {power_port: {}}\n", "t.yaml:1:11: drivers: 'power_port' is not a key here"},
      {"flash: {raw_address: -1}\n", "t.yaml:1:22: flash: 'raw_address' must be a whole number from 0, not -1"},
      {"- a list\n", "t.yaml:1:1: board type: a map of keys and values was expected, not a list"},
  };
  for (const auto& mistake : mistakes) {
    type("t", mistake.text);
    EXPECT_THAT(complaints(), HasSubstr(mistake.complaint)) << mistake.text;
  }
}

TEST_F(BoardTypesTest, AMistakeInABaseIsToldOnce) {
  type("base", "abstract: true\nboot: [x]\n");
  type("one", "extends: base\n");
  type("two", "extends: base\n");
  (void)load();
  std::size_t of_boot = 0;
  for (const auto& one : diagnostics_.all()) of_boot += one.message.contains("'boot'") ? 1 : 0;
  EXPECT_EQ(of_boot, 1U) << diagnostics_.to_string();
}

TEST_F(BoardTypesTest, TwoTypesWithOneNameAreRefused) {
  type("one", "aliases: [same]\n");
  type("two", "aliases: [same, one]\n");
  EXPECT_THAT(complaints(), HasSubstr("'same' is the name of board type 'one' already"));
  EXPECT_THAT(complaints(), HasSubstr("'one' is the name of board type 'one' already"));
}

TEST_F(BoardTypesTest, ReadsHowItsBootLoadersAreTalkedTo) {
  type("linux", R"(
boot: [u-boot, grub-efi]
deploy: [tftp]
prompts: ['/ # ']
rest_after_s: 5
loaders:
  u-boot:
    prompt: '=> '
    interrupt_prompt: 'Hit any key'
    interrupt_character: ' '
    boot_command: booti
    addresses: {kernel: 0x40400000, ramdisk: 0x44000000}
    commands: {ramdisk: [dhcp, 'tftpboot {KERNEL_ADDR} {KERNEL}'], nfs: [dhcp]}
    error_messages: ['TFTP error: ']
    final_message: Starting kernel
    command_delay_ms: 10
  grub-efi: {prompt: 'grub> ', needs_interrupt: no}
boot_stages:
  - {name: spl, begins: 'U-Boot SPL', timeout_s: 30}
  - {name: kernel, begins: 'Starting kernel'}
)");
  const auto types = load();
  ASSERT_EQ(diagnostics_.to_string(), "");
  const auto* t = types.find("linux");
  ASSERT_EQ(t->loaders.size(), 2U);
  const auto& loader = t->loaders.at("u-boot");
  EXPECT_EQ(loader.prompt, "=> ");
  EXPECT_EQ(loader.interrupt_prompt, "Hit any key");
  EXPECT_EQ(loader.interrupt_text, " ");
  EXPECT_TRUE(loader.needs_interrupt);
  EXPECT_EQ(loader.boot_command, "booti");
  EXPECT_EQ(loader.addresses.at("kernel"), "0x40400000");
  EXPECT_THAT(loader.commands.at("ramdisk"), ElementsAre("dhcp", "tftpboot {KERNEL_ADDR} {KERNEL}"));
  EXPECT_THAT(loader.error_messages, ElementsAre("TFTP error: "));
  EXPECT_EQ(loader.final_message, "Starting kernel");
  EXPECT_EQ(loader.command_delay, std::chrono::milliseconds(10));
  EXPECT_FALSE(t->loaders.at("grub-efi").needs_interrupt);
  ASSERT_EQ(t->boot_stages.size(), 2U);
  EXPECT_EQ(t->boot_stages[0].name, "spl");
  EXPECT_EQ(t->boot_stages[0].timeout, std::chrono::seconds(30));
  EXPECT_EQ(t->boot_stages[1].begins, "Starting kernel");
  EXPECT_EQ(t->boot_stages[1].timeout, std::chrono::seconds(0));
  EXPECT_THAT(t->prompts, ElementsAre("/ # "));
  EXPECT_EQ(t->rest_after, std::chrono::seconds(5));
}

TEST_F(BoardTypesTest, ComplainsOfEachMistakeAboutBootLoaders) {
  type("linux", R"(
boot: [u-boot]
loaders:
  u-boot:
    interrupt_prompt: 'Hit ('
    addresses: {kernel: here, initrd: 0x1}
    boot_command: bootx
    commands: {ramdisk: dhcp}
  grub: {prompt: 'grub> ', needs_interrupt: no}
  lilo: {prompt: 'boot: '}
boot_stages:
  - {name: spl}
)");
  const auto text = complaints();
  for (const auto* wanted :
       {"'prompt' is missing", "'interrupt_prompt': ", "'kernel' must be a whole number", "'initrd' is not a key here",
        "'boot_command': 'bootx' is not known", "'ramdisk' must be a list", "'boot' has no method 'grub'",
        "'lilo' is not a key here", "'begins' is missing"})
    EXPECT_THAT(text, HasSubstr(wanted));
}

TEST_F(BoardTypesTest, AMissingFolderIsToldByName) {
  std::filesystem::remove_all(folder_.path() / "rules");
  EXPECT_THAT(complaints(), HasSubstr("rules: No such file or directory"));
}

TEST(ShippedBoardTypes, AreRightAndSayWhereTheirFactsComeFrom) {
  const std::filesystem::path boards = HILLTOP_SOURCE_DIR "/boards";
  Diagnostics diagnostics;
  const auto types = BoardTypes::load(boards / "types", boards / "rules", diagnostics);
  EXPECT_EQ(diagnostics.to_string(), "");
  for (const auto* name : {"microbit", "bbc_microbit", "mps2-an385", "lm3s6965evb", "qemu_cortex_m3",
                           "stm32vldiscovery", "mps2-an521", "qemu", "qemu-arm64-uboot", "qemu-arm64-uefi",
                           "qemu-armv7-uboot", "qemu-riscv64-uboot", "orangepi-pc", "x86-64"})
    EXPECT_NE(types.find(name), nullptr) << name;
  for (const auto* type : types.all()) {
    EXPECT_NE(type->source, "") << type->name;
    EXPECT_NE(type->description, "") << type->name;
    EXPECT_FALSE(type->deploy_methods.empty()) << type->name;
    EXPECT_FALSE(type->boot_methods.empty()) << type->name;
    if (type->flash.supported) {
      EXPECT_NE(type->flash.source, "") << type->name;
    }
  }
  for (const auto* name : {"qemu-arm64-uboot", "qemu-armv7-uboot", "qemu-riscv64-uboot", "orangepi-pc"}) {
    const auto& loader = types.find(name)->loaders.at("u-boot");
    EXPECT_THAT(loader.commands, testing::Contains(testing::Key("ramdisk"))) << name;
    EXPECT_THAT(loader.addresses, testing::IsSupersetOf({testing::Key("kernel"), testing::Key("ramdisk")})) << name;
    EXPECT_FALSE(types.find(name)->boot_stages.empty()) << name;
  }
  EXPECT_EQ(types.find("mps2-an521")->flash.max_images, 2U);
  EXPECT_TRUE(types.find("qemu")->configurable_machine);
  EXPECT_EQ(types.find("mps2-an521")->decoders, (std::vector<demux::DecoderSpec>{{.name = "worlds"}}));
  EXPECT_EQ(types.find("mps2-an385")->decoders, (std::vector<demux::DecoderSpec>{{.name = "zephyr"}}));
  EXPECT_EQ(types.find("x86-64")->decoders, (std::vector<demux::DecoderSpec>{{.name = "kernel"}}));
  EXPECT_FALSE(types.find("qemu")->flash.supported);
}

}  // namespace
}  // namespace hilltop::boards
