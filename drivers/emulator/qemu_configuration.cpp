// SPDX-License-Identifier: Apache-2.0
#include "drivers/emulator/qemu_configuration.hpp"

#include <algorithm>

#include "drivers/emulator/qemu_options.hpp"
#include "drivers/emulator/qemu_values.hpp"

namespace hilltop::drivers {
namespace {

using Words = std::vector<std::string>;
using Setup = ConfigurableMachine::Setup;

struct Architecture {
  std::string_view name;     ///< Debian's or QEMU's, in LAVA's context
  std::string_view program;  ///< qemu-system-...
  std::string_view machine;  ///< where the job names none
  std::string_view cpu;
};

/// LAVA's defaults for 64-bit Arm are kept: real jobs rely on them. Source: LAVA merge request 2310,
/// rendered options.
constexpr Architecture architectures[] = {{"amd64", "x86_64", "", ""},
                                          {"x86_64", "x86_64", "", ""},
                                          {"i386", "i386", "", ""},
                                          {"arm64", "aarch64", "virt", "cortex-a57"},
                                          {"aarch64", "aarch64", "virt", "cortex-a57"},
                                          {"arm", "arm", "virt", ""},
                                          {"armhf", "arm", "virt", ""},
                                          {"armv7", "arm", "virt", ""},
                                          {"riscv32", "riscv32", "virt", ""},
                                          {"riscv64", "riscv64", "virt", ""},
                                          {"mips", "mips", "", ""},
                                          {"mipsel", "mipsel", "", ""},
                                          {"mips64", "mips64", "", ""},
                                          {"mips64el", "mips64el", "", ""},
                                          {"ppc", "ppc", "", ""},
                                          {"ppc64", "ppc64", "", ""},
                                          {"ppc64le", "ppc64", "", ""},
                                          {"s390x", "s390x", "", ""},
                                          {"sparc", "sparc", "", ""},
                                          {"sparc64", "sparc64", "", ""},
                                          {"alpha", "alpha", "", ""},
                                          {"hppa", "hppa", "", ""},
                                          {"sh4", "sh4", "", ""},
                                          {"m68k", "m68k", "", ""},
                                          {"xtensa", "xtensa", "", ""},
                                          {"nios2", "nios2", "", ""},
                                          {"microblaze", "microblaze", "", ""}};

std::string value_of(const Setup& setup, const std::string& key, std::string_view fallback = "") {
  const auto found = setup.context.find(key);
  return found == setup.context.end() ? std::string(fallback) : found->second;
}

bool is_true(const std::string& text) { return text == "true" || text == "True" || text == "1" || text == "yes"; }

/// Jobs write `vga: none` as well as `vga: -vga none`, for LAVA's template did not add the option's name at first.
Result<Words> named_or_whole(const Setup& setup, const std::string& key) {
  const auto value = value_of(setup, key);
  if (value.empty()) return Words{};
  HILLTOP_TRY(auto words, split_words(value));
  if (!words.empty() && !words.front().starts_with('-')) words.insert(words.begin(), "-" + key);
  return words;
}

/// Machines that have a bus for the card that LAVA gives by default; microcontrollers have their own or none.
bool takes_virtio(std::string_view machine) {
  return machine.empty() || machine.starts_with("virt") || machine.starts_with("pc") || machine.starts_with("q35") ||
         machine.starts_with("sbsa");
}

Result<Words> network(const Setup& setup, std::string_view machine) {
  if (is_true(value_of(setup, "no_network"))) return Words{"-nic", "none"};
  const auto device = value_of(setup, "netdevice", "user");
  if (device != "user")
    return denied("netdevice '" + device + "' would reach the host's network: only 'user' is allowed");
  auto model = value_of(setup, "model");
  if (model.empty() && !takes_virtio(machine)) return Words{"-nic", "none"};
  if (model.starts_with("model=")) model.erase(0, 6);
  return Words{"-net", "nic,model=" + (model.empty() ? "virtio" : model), "-net", "user"};
}

Result<Words> append_split(Words words, const std::vector<std::string>& texts) {
  for (const auto& text : texts) {
    HILLTOP_TRY(auto more, split_words(text));
    std::ranges::move(more, std::back_inserter(words));
  }
  return words;
}

}  // namespace

Result<std::vector<std::string>> qemu_argv(const Setup& setup) {
  const auto arch = value_of(setup, "arch");
  const auto* known = std::ranges::find(architectures, arch, &Architecture::name);
  if (known == std::end(architectures))
    return Error(Errc::bad_input, Blame::job,
                 arch.empty() ? "context: 'arch' is missing" : "context: arch '" + arch + "' is not known");
  const auto machine = value_of(setup, "machine", known->machine);
  const auto cpu = value_of(setup, "cpu", value_of(setup, "machine").empty() ? known->cpu : "");
  Words words;
  if (!machine.empty()) words.insert(words.end(), {"-M", machine});
  if (!cpu.empty()) words.insert(words.end(), {"-cpu", cpu});
  HILLTOP_TRY(auto cards, network(setup, machine));
  std::ranges::move(cards, std::back_inserter(words));
  // Microcontroller machines have a fixed memory, and QEMU refuses another size.
  if (const auto memory = value_of(setup, "memory", takes_virtio(machine) ? "512" : ""); !memory.empty())
    words.insert(words.end(), {"-m", memory});
  for (const auto* key : {"vga", "serial", "monitor"}) {
    HILLTOP_TRY(auto more, named_or_whole(setup, key));
    std::ranges::move(more, std::back_inserter(words));
  }
  // Of an option that is there twice the last one counts, for QEMU: jobs override the context in their image_arg.
  HILLTOP_TRY(words, append_split(std::move(words), setup.extra_options));
  HILLTOP_TRY(words, append_split(std::move(words), setup.image_args));
  HILLTOP_TRY(auto checked, allowed_options(words, setup.job_dir));
  checked.insert(checked.begin(), "qemu-system-" + std::string(known->program));
  return checked;
}

}  // namespace hilltop::drivers
