// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>

#include "tests/support/pipeline_bench.hpp"

namespace hilltop::test {

/// A bench whose board has U-Boot and then Linux, both scripted.
class UbootBench : public PipelineBench {
 public:
  UbootBench() {
    auto& type = board->own_type();
    type.deploy_methods = {"tftp", "tmpfs"};
    type.boot_methods = {"u-boot", "minimal", "kexec"};
    type.flash = {};
    type.rule_packs = {"linux"};
    boards::LoaderFacts loader;
    loader.prompt = "=> ";
    loader.interrupt_prompt = "Hit any key to stop autoboot";
    loader.interrupt_text = " ";
    loader.error_messages = {"TIMEOUT", "TFTP error: "};
    loader.addresses = {{"kernel", "0x40400000"}, {"ramdisk", "0x44000000"}, {"dtb", "0x43f00000"}};
    loader.boot_command = "booti";
    loader.final_message = "Starting kernel";
    loader.commands["ramdisk"] = {"setenv serverip {SERVER_IP}",       "tftpboot {KERNEL_ADDR} {KERNEL}",
                                  "tftpboot {RAMDISK_ADDR} {RAMDISK}", "tftpboot {DTB_ADDR} {DTB}",
                                  "setenv initrd_size ${filesize}",    "{BOOTX}"};
    type.loaders["u-boot"] = loader;
    type.boot_stages = {{"u-boot", "U-Boot 20\\d\\d", std::chrono::seconds(5)},
                        {"kernel", "Starting kernel", std::chrono::seconds(5)},
                        {"userspace", "Run /init", std::chrono::seconds(2)}};
    boards::Rule panic, banner;
    panic.id = "linux-panic", panic.pack = "linux", panic.pattern = "Kernel panic - not syncing",
    panic.summary = "kernel panic";
    banner.id = "linux-boot", banner.pack = "linux", banner.pattern = "Linux version \\d",
    banner.summary = "Linux started", banner.severity = boards::Severity::warning;
    board->set_rules(boards::RuleSet::compile({panic, banner}).value());
    board->lent_to = &lent;
    artifacts.files["http://lab/Image"] = dir.write("Image", std::string(100, 'k'));
    artifacts.files["http://lab/rd.cpio"] = dir.write("rd.cpio", "070701" + std::string(200, '0'));
    board->on_start = [this](int) { board->main->say(banner_text); };
    board->main->on_typed = [this](const std::string& line) { answer(line); };
  }

  static constexpr auto deploy =
      "- deploy:\n    to: tftp\n    kernel: {url: 'http://lab/Image', type: image}\n"
      "    ramdisk: {url: 'http://lab/rd.cpio'}\n";
  /// A boot; `more` are lines of the block.
  static std::string boot(const std::string& more = "    commands: ramdisk\n    prompts: ['/ # ']\n") {
    return "- boot:\n    method: u-boot\n    timeout: {seconds: 8}\n" + more;
  }

  RecordingBootFiles lent;
  std::string banner_text = "\r\nU-Boot 2023.01\r\n\r\nHit any key to stop autoboot:  2 ";
  std::string kernel_says = "Linux version 6.1\r\nRun /init as init process\r\n/ # ";
  std::map<std::string, std::string> answers;  ///< by the beginning of the line; "=> " follows
  std::string boot_answer = "Starting kernel ...\r\n\r\n";

 private:
  void answer(const std::string& line) {
    auto& console = *board->main;
    if (line == " ") return console.say("\b\b\b 0 \r\n=> ");
    console.say(line + "\r\n");
    if (line.starts_with("echo ready")) return console.say("readyagain\r\n/ # ");  // the system's shell
    if (line.starts_with("boot")) return console.say(boot_answer + kernel_says);
    for (const auto& [begin, text] : answers)
      if (line.starts_with(begin)) return console.say(text);
    console.say("=> ");
  }
};

}  // namespace hilltop::test
