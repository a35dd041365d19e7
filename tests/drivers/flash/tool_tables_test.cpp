// SPDX-License-Identifier: Apache-2.0
// Each table of drivers/flash/tools is held to the rules of its README.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "drivers/flash/tool_output.hpp"
#include "drivers/flash/tool_spec.hpp"
#include "drivers/tables.hpp"
#include "tests/drivers/run_task.hpp"

namespace hilltop::drivers {
namespace {

/// How well `hilltop drivers` says that a tool is known: "LEVEL: tool tool;" in the driver's source.
std::string told_level(const std::string& tool) {
  std::smatch match;
  const std::string source(tool_flash.source);
  const std::regex group("(hardware|independent tool|specification|unproven):[^:;]* " + tool + "[ ;]");
  return std::regex_search(source, match, group) ? match[1].str() : "nothing";
}

TEST(ToolTables, EachIsReadWithoutAComplaint) {
  std::size_t files = 0;
  for (const auto& file : std::filesystem::directory_iterator(HILLTOP_SOURCE_DIR "/drivers/flash/tools")) {
    if (file.path().extension() != ".yaml") continue;
    ++files;
    Diagnostics diagnostics;
    const auto table = read_yaml_file(file.path().string(), diagnostics);
    const auto spec = read_tool_spec(table, diagnostics);
    EXPECT_FALSE(diagnostics.has_errors()) << diagnostics.to_string();
    EXPECT_EQ(spec.name, file.path().stem().string());
    EXPECT_TRUE(tool_specs().contains(spec.name)) << spec.name << " is not part of the program";
    EXPECT_EQ(told_level(spec.name), to_string(spec.verified)) << "'hilltop drivers' tells otherwise of " << spec.name;
  }
  EXPECT_EQ(files, tool_specs().size());
  EXPECT_GE(files, 15u);
}

TEST(ToolTables, EachSaysWhatItWritesToWhatBoardAndHowSuccessLooks) {
  for (const auto& [name, spec] : tool_specs()) {
    EXPECT_FALSE(spec.source.empty()) << name;
    EXPECT_TRUE(spec.success) << name;
    EXPECT_FALSE(spec.formats.empty()) << name;
    EXPECT_GT(spec.time.count(), 0) << name;
    const ToolValues image{{"image", "/x/IMAGE"}, {"address", "0x1000"}, {"format", "FORMAT"}};
    ToolValues values = image;
    values["script"] = "/x/SCRIPT";
    for (const auto* key : {"usb_serial", "usb_path", "usb_bus", "usb_address", "usb_bus_ports"})
      values[key] = std::string("<") + key + ">";
    for (const auto& [setting, said] : spec.settings) values[setting] = "<" + setting + ">";
    std::string all;
    for (const auto& word : tool_words(spec.argv, values, {image})) {
      EXPECT_FALSE(word.empty()) << name;
      all += word + " ";
    }
    for (const auto& line : spec.script) all += with_values(line, values) + " ";
    EXPECT_TRUE(all.contains("/x/IMAGE")) << name << ": " << all;
    EXPECT_EQ(placeholders(all), std::vector<std::string>{}) << name;
    bool selected = spec.usb_alone;
    for (const auto& selector : spec.selectors) selected = selected || all.contains("<" + selector + ">");
    for (const auto* key : {"<usb_serial>", "<usb_bus_ports>", "<usb_bus>"}) selected = selected || all.contains(key);
    EXPECT_TRUE(selected) << name << " is not told which board is meant: " << all;
  }
}

TEST(ToolTables, ATableWithoutSelectorSuccessOrWithUnknownWordsIsRefused) {
  const auto complaints = [](std::string_view text) {
    Diagnostics diagnostics;
    (void)read_tool_spec(tests::yaml(text), diagnostics);
    return diagnostics.to_string();
  };
  const auto said = complaints(
      "{name: x, summary: x, source: x, verified: unproven, programs: [x], formats: {raw: r}, "
      "argv: ['{image}', '{nonsense}'], colour: red}");
  EXPECT_TRUE(said.contains("which board")) << said;
  EXPECT_TRUE(said.contains("'success' is missing")) << said;
  EXPECT_TRUE(said.contains("{nonsense}")) << said;
  EXPECT_TRUE(said.contains("colour")) << said;
  EXPECT_TRUE(complaints("{name: x, progress: '%', success: '('}").contains("no regular expression"));
  EXPECT_TRUE(complaints("{name: x, progress: '%'}").contains("no group"));
}

TEST(ToolTables, WordsAreReplacedOnce) {
  EXPECT_EQ(with_values("a{image}b", {{"image", "{address} $(id)"}, {"address", "no"}}), "a{address} $(id)b");
  EXPECT_EQ(with_values("{unknown}{", {}), "{");
  EXPECT_TRUE(version_at_least("7.1", "6.3"));
  EXPECT_TRUE(version_at_least("6.10", "6.3"));
  EXPECT_FALSE(version_at_least("6.2.9", "6.3"));
  EXPECT_TRUE(version_at_least("6.3", ""));
  EXPECT_FALSE(version_at_least("", "1"));
}

/// What a tool said, in a published log or as it was seen; how it ended; what that means.
struct Said {
  const char* tool;
  const char* text;
  int status;
  bool good;
  std::size_t images = 1;
};

TEST(ToolTables, WhatToolsSayIsUnderstood) {
  const std::vector<Said> cases{
      {"avrdude",
       "Writing | ##################################################| 100% 0.86s\navrdude: 4420 bytes of flash "
       "verified\n",
       0, true},
      {"avrdude", "avrdude: 4420 bytes of flash written\n\navrdude done.  Thank you.\n", 0, false},
      {"avrdude", "avrdude: stk500_getsync() attempt 10 of 10: not in sync: resp=0x00\n", 1, false},
      {"esptool",
       "Writing at 0x0000e000... (100 %)\nHash of data verified.\nWriting at 0x00001000... (100 %)\nHash of data "
       "verified.\n\nLeaving...\n",
       0, true, 2},
      {"esptool", "Hash of data verified.\n\nLeaving...\n", 0, false, 2},
      {"st-flash", "  3/3 pages written\n2020-07-30T13:29:22 INFO common.c: Flash written and verified! jolly good!\n",
       0, true},
      {"st-flash", "  3/3 pages written\n", 0, false},
      {"stm32flash",
       "Write to memory\nErasing memory\nWrote and verified address 0x0800d8ec (100.00%) Done.\n\nStarting execution "
       "at address 0x08000000... done.\n",
       0, true},
      {"stm32flash", "Wrote and verified address 0x08001700 (79.31%) \n", 0, false},
      {"rkdeveloptool", "Write LBA from file (100%)\n", 0, true},
      {"picotool",
       "Loading into Flash: [====]  100%\nVerifying Flash: [====] 100%\n  OK\n\nThe device was rebooted to start the "
       "application.\n",
       0, true},
      {"picotool", "Loading into Flash: [====]  100%\nVerifying Flash: [==  ] 50%\n", 0, false},
  };
  for (const auto& said : cases) {
    for (const std::size_t chunk : {1, 7, 4096}) {
      ToolOutputWatch watch(tool_specs().at(said.tool), said.images);
      double last = 0;
      std::string_view rest = said.text;
      while (!rest.empty()) {
        if (const auto done = watch.feed(rest.substr(0, chunk))) {
          EXPECT_GT(*done, last);
          last = *done;
        }
        rest.remove_prefix(std::min(chunk, rest.size()));
      }
      const auto judged = watch.judge(said.status);
      EXPECT_EQ(judged.has_value(), said.good) << said.tool << ": " << said.text;
      if (said.good && tool_specs().at(said.tool).progress) EXPECT_DOUBLE_EQ(last, 1.0) << said.tool;
    }
  }
}

}  // namespace
}  // namespace hilltop::drivers
