// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "boards/console/console.hpp"
#include "boards/console/demux/decoder_spec.hpp"
#include "boards/console/match/rules.hpp"
#include "drivers/api/flasher.hpp"
#include "drivers/core/driver_info.hpp"
#include "drivers/core/node.hpp"

namespace hilltop::boards {

/// One way to write to a board of this type: what a lab's address of the same driver (and tool) need not say itself,
/// such as the OpenOCD board file or what a tool calls the chip.
struct FlashWay {
  std::string driver;  ///< "openocd", "tool-flash"
  std::string tool;    ///< of `tool-flash`: "pyocd", "jlink"; else ""
  Node address;        ///< driver, tool and the facts; laid under what the lab says
  std::string source;  ///< where the facts come from; without it the way is not used
  drivers::Verified verified = drivers::Verified::unproven;

  /// Whether a lab's address of a probe or flasher goes this way.
  [[nodiscard]] bool fits(const Node& lab_address) const;
};

/// How images of a job get onto a board of this type.
struct FlashFacts {
  bool supported = false;
  std::string source;  ///< where the facts come from; without it the type refuses to flash
  drivers::Verified verified = drivers::Verified::unproven;
  std::vector<drivers::ImageFormat> formats;  ///< in order of preference
  std::optional<std::uint64_t> raw_address;   ///< where a raw image goes
  std::size_t max_images = 1;                 ///< 2: secure and non-secure
  std::vector<FlashWay> ways;                 ///< in order of preference

  [[nodiscard]] const FlashWay* way(const Node& lab_address) const;  ///< nullptr: none is known for its driver
  /// Why a board with `lab_address` for `flash` is not flashed: "" when nothing speaks against it.
  [[nodiscard]] std::string refusal(const Node& lab_address) const;
};

/// A part of a board's address space.
struct MemoryRegion {
  enum class Kind : std::uint8_t { flash, ram, external };  ///< external: flash on another chip
  std::string name;
  std::uint64_t start = 0, size = 0;
  Kind kind = Kind::flash;
};
[[nodiscard]] std::string_view to_string(MemoryRegion::Kind kind) noexcept;

/// A USB device that a board of this type shows, or that sits on it: how `hilltop discover` knows it.
struct UsbSign {
  std::uint16_t vendor = 0, product = 0;
  std::string part;  ///< "probe", "console", "loader" (a boot ROM or boot loader), "board" (its own software)
  std::string name;  ///< what its product string contains; "" where any will do
};

/// How the boot loader of a board is talked to. Patterns are Python regular expressions, as a job's prompts are.
struct LoaderFacts {
  std::string prompt;  ///< its command line: "=> ", "grub> ", "Shell> "
  std::string
      interrupt_prompt;  ///< when this is seen, `interrupt_text` stops the automatic boot; "": it never boots by itself
  std::string interrupt_text;   ///< " ", "\r", "c" (GRUB), "\x1b"; typed as it is, no Return after it
  bool needs_interrupt = true;  ///< no: it comes to its prompt by itself
  /// Sets of command lines by name ("ramdisk", "nfs", ...), with LAVA's substitutions ({KERNEL_ADDR}, {RAMDISK},
  /// {SERVER_IP}, ...).
  std::map<std::string, std::vector<std::string>, std::less<>> commands;
  std::vector<std::string> error_messages;                    ///< a command failed when one of these is seen
  std::map<std::string, std::string, std::less<>> addresses;  ///< "kernel", "ramdisk", "dtb", ... as text: "0x40400000"
  std::string boot_command;                                   ///< {BOOTX}'s first word: booti, bootz or bootm
  std::string final_message;                   ///< its last words before the kernel's first: "Starting kernel"; or ""
  std::chrono::milliseconds command_delay{0};  ///< pause before each command line
};

/// A part of a boot that is told and timed by itself: firmware, loader, kernel, user space.
struct BootStage {
  std::string name;                     ///< "spl", "tf-a", "u-boot", "kernel", "userspace": the measurement's name
  std::string begins;                   ///< a pattern of its first words
  std::chrono::nanoseconds timeout{0};  ///< from the stage before it to `begins`; 0: the action's time-out alone
};

/// The class of boards that run the same images: data from boards/types/*.yaml (LAVA's device-type names).
struct BoardType {
  std::string name;
  std::string description;
  std::vector<std::string> aliases;
  std::string source;  ///< where the facts come from
  drivers::Verified verified = drivers::Verified::unproven;
  std::vector<std::string> consoles = {"main"};  ///< the first one is the job's
  Typing typing;
  std::string newline = "\r";  ///< what Return types
  std::vector<std::string> rule_packs;
  std::vector<demux::DecoderSpec> decoders;  ///< what takes its consoles apart into channels, in this order
  std::string architecture;                  ///< "armv7-m", "arm64", ...; "" where it depends
  std::vector<MemoryRegion> memory;          ///< empty where it is not known
  std::vector<UsbSign> usb;
  std::vector<std::string> daplink_ids;                     ///< the first four digits of its DAPLink's serial number
  std::map<std::string, std::string, std::less<>> sources;  ///< where the facts under a key come from: "memory", "usb"
  FlashFacts flash;
  std::vector<FlashWay>
      probes;  ///< what is known for a debug probe alone: OpenOCD's file for a board that it cannot write
  bool configurable_machine = false;  ///< `qemu`: the job's context chooses the machine
  std::vector<std::string> available_architectures;
  std::map<std::string, std::string> context;               ///< defaults for a job's context
  std::vector<std::string> deploy_methods;                  ///< "tmpfs", ...
  std::vector<std::string> boot_methods;                    ///< "minimal", "monitor", "qemu", "u-boot", ...
  std::map<std::string, LoaderFacts, std::less<>> loaders;  ///< by boot method: "u-boot", "grub", "grub-efi", "uefi"
  std::vector<BootStage> boot_stages;                       ///< in the order in which they come
  std::chrono::milliseconds rest_after{
      60'000};  ///< an emulated board rests when it has waited at a loader's prompt so long; 0: never
  std::vector<std::string> prompts;                                     ///< of its shell, where a job names none
  std::map<std::string, std::chrono::nanoseconds> action_timeouts;      ///< LAVA: device timeouts.actions
  std::map<std::string, std::chrono::nanoseconds> connection_timeouts;  ///< LAVA: device timeouts.connections
  std::chrono::milliseconds power_off_time{0};                          ///< from power off to power on
  std::size_t failure_retry = 1;
  Node drivers;  ///< addresses that boards of this type have by default (`drivers:` of the file)
  Place place;

  /// What a lab's address of `role` need not say, by its driver; an absent Node where nothing is known.
  [[nodiscard]] Node known_for(std::string_view role, const Node& lab_address) const;
  [[nodiscard]] bool deploys(std::string_view method) const;
  [[nodiscard]] bool boots(std::string_view method) const;
};

/// All board types and rule packs, `extends` resolved.
class BoardTypes {
 public:
  /// Reads every *.yaml of `types_dir` and `rules_dir`. Complaints (with file, line, column) go to `diagnostics`.
  static BoardTypes load(const std::filesystem::path& types_dir, const std::filesystem::path& rules_dir,
                         Diagnostics& diagnostics);

  /// By name or alias, or nullptr.
  [[nodiscard]] const BoardType* find(std::string_view name) const;
  [[nodiscard]] std::vector<const BoardType*> all() const;  ///< sorted by name
  [[nodiscard]] std::vector<std::string> names() const;     ///< and aliases, for suggestions
  /// The rules of `packs`, compiled. Unknown packs were refused by load().
  [[nodiscard]] RuleSet rules(const std::vector<std::string>& packs) const;

 private:
  std::map<std::string, std::shared_ptr<const BoardType>, std::less<>> types_;
  std::map<std::string, std::string, std::less<>> aliases_;
  std::map<std::string, std::vector<Rule>, std::less<>> packs_;
};

}  // namespace hilltop::boards
