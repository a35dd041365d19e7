// SPDX-License-Identifier: Apache-2.0
#include "jobs/definition/parts.hpp"

/// Keys of the boot methods that few jobs have (LAVA 2.2).
namespace hilltop::jobs::reading {
namespace {

/// What is known and refused, with the reason.
void refuse(MapReader& block, const char* key, const std::string& why, const std::string& instead) {
  if (!block.take(key)) return;
  block.out().error(block.key_place(key), block.name_of(key) + " is not supported yet: " + why, instead);
}

}  // namespace

void read_loader_options(MapReader& block, Boot& boot) {
  const auto place = block.key_place("use_bootscript");
  boot.use_bootscript = block.boolean("use_bootscript").value_or(false);
  if (boot.use_bootscript && boot.method == BootMethod::uefi)
    block.out().error(place, "boot use_bootscript: the UEFI shell fetches no file by TFTP",
                      "leave it out: the lines are typed one by one");
  if (const Node finished = block.take("boot_finished")) {
    boot.boot_finished = read_prompts(finished, "boot boot_finished", block.out());
    for (const char* key : {"prompts", "auto_login"})
      if (block.has(key))
        block.out().error(block.key_place("boot_finished"), std::string("boot boot_finished beside ") + key,
                          "it stands for them: the board is switched off when it was seen");
  }
  boot.expect_shell = block.boolean("expect_shell").value_or(true);
  refuse(block, "shell_menu", "board types do not say what their firmware's menus have",
         "type what leads to the shell: commands of the job, or interrupt_character of the board type");
}

void read_kexec_options(MapReader& block, KexecCommand& kexec) {
  kexec.kernel_config = block.text("kernel-config", 1).value_or("");
  kexec.on_panic = block.boolean("on_panic").value_or(false);
  refuse(block, "deploy", "what it would deploy is not told by LAVA's reference",
         "put the new kernel on the board before: deploy to: tmpfs, or a step of a test");
  if (kexec.kernel.empty() && kexec.command == KexecCommand().command)
    block.out().error(block.node().place(), "boot kernel is missing", "kexec loads nothing without it");
}

void read_ssh(MapReader& block, Boot& boot) {
  if (const Node connection = block.take("connection"))
    (void)choice(connection, "boot connection", block.out(), {"ssh"});
  boot.reset = true;  // each boot is a login of its own
}

}  // namespace hilltop::jobs::reading
