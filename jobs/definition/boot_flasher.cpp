// SPDX-License-Identifier: Apache-2.0
// Boot methods that flash a microcontroller, and the one that brings a board to its recovery mode (LAVA 2.1).
#include "jobs/definition/parts.hpp"

namespace hilltop::jobs::reading {
namespace {

/// The same images get there by the lab's own flasher, which knows what to do before and after.
void read_commands(MapReader& block, const Boot& boot) {
  const Node commands = block.take("commands");
  if (!commands) {
    if (boot.method == BootMethod::gdb)
      block.out().error(boot.common.place, "boot commands is missing", "LAVA wants the name of a command set here");
    return;
  }
  if (boot.method == BootMethod::gdb && commands.is_string()) {
    block.out().warning(commands.place(), "boot commands: '" + commands.text() +
                                              "' is a set of LAVA's device dictionary, and has no effect: the lab's "
                                              "flasher writes the images and the board is reset");
    return;
  }
  block.out().error(commands.place(),
                    block.name_of("commands") + " is not supported: hilltop's own flasher writes the images",
                    "leave it out");
}

}  // namespace

void read_flasher_boot(MapReader& block, Boot& boot) {
  if (boot.method == BootMethod::gdb || boot.method == BootMethod::jlink) read_commands(block, boot);
  if (boot.method == BootMethod::jlink && block.take("coretype"))
    block.out().warning(block.key_place("coretype"), "boot coretype has no effect: the lab's flasher knows the core");
  if (boot.method == BootMethod::gdb && block.take("container"))
    block.out().error(block.key_place("container"), "boot container is not supported: hilltop runs no containers",
                      "leave it out");
}

void read_recovery(MapReader& block, Boot& boot) {
  const Node commands = block.take("commands");
  if (!commands) {
    block.out().error(boot.common.place, "boot commands is missing", "recovery, or exit");
    return;
  }
  const auto word = choice(commands, "boot commands", block.out(), {"recovery", "exit"});
  boot.into_recovery = word == "recovery";
}

}  // namespace hilltop::jobs::reading
