// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "boards/board_type.hpp"
#include "jobs/definition/job_definition.hpp"

namespace hilltop::jobs {

/// A time-out that will be in force, and where it came from.
struct EffectiveTimeout {
  std::chrono::nanoseconds value{0};
  std::string
      origin;  ///< "job timeouts.actions (line 12)", "board type microbit", "action block (line 30)", "default", ...
  bool skip = false;  ///< when it passes, the job goes on with the next block
};

/// One step as it will run. Names are LAVA's action names where LAVA has one:
///
///     deploy tmpfs          deployimages [ download-retry [ http-download | file-download ] for each image ]
///     boot minimal          minimal-boot [ connect-device, flash-device, reset-device, auto-login-action ]
///     boot monitor          monitor-boot [ connect-device, flash-device, reset-device ]
///     boot qemu             boot-image-retry [ boot-qemu-image [ execute-qemu ], auto-login-action ]
///     boot monitor (qemu)   boot-monitored-qemu [ execute-qemu ]
///     deploy tftp           tftp-deploy [ download-retry [...] for each file, prepare-tftp-overlay ]
///     deploy overlay        deploy-overlay
///     deploy download(s)    download-deploy [ download-retry [...] for each file ]
///     deploy flasher, mps, musca, vemsd   flasher-deploy (mps-deploy, ...) [ download-retry [...], flash-device ]
///     deploy usb, sd        storage-deploy [ download-retry [...] for each file, dd-image ]
///     deploy recovery       recovery-deploy [ download-retry [...] for each file ]
///     boot openocd, pyocd, jlink, cmsis-dap, dfu, gdb, musca
///                           boot-openocd (boot-pyocd, ...) [ connect-device, flash-device, reset-device,
///                           auto-login-action ]
///     boot recovery         boot-recovery [ recovery-mode ]
///     boot u-boot           uboot-action [ connect-device, reset-device, bootloader-interrupt, bootloader-commands,
///                           auto-login-action ]
///     boot grub, grub-efi   grub-main-action [ the same ]
///     boot uefi             uefi-shell-main-action [ the same ]
///     boot kexec            kexec-boot [ kexec-device, auto-login-action ]
///     boot ssh              login-ssh [ primary-ssh, auto-login-action ]
///     test monitors         lava-test-monitor
///     test interactive      lava-test-interactive
///     test definitions      lava-test-shell
///     command               user-command
///     at the end            finalize [ power-off ]
///
/// Children are there only when they will run: flash-device when the namespace has deployed something, reset-device
/// unless `reset: false`, auto-login-action when there are prompts. boot minimal on a board whose machine the job
/// chooses has execute-qemu where others have flash-device and reset-device. soft-reboot stands for reset-device when
/// the job types its own; expect-refused for auto-login-action when the board must refuse to start what was deployed,
/// installer-wait when the job waits for an installer's end (boot_finished).
struct PlannedAction {
  std::string level;    ///< "2.1": as LAVA numbers them
  std::string name;     ///< "http-download", "minimal-boot", "auto-login-action", "lava-test-monitor", ...
  std::string summary;  ///< "fetch zephyr from https://..."
  std::string name_space;
  EffectiveTimeout timeout;
  EffectiveTimeout connection_timeout;
  std::uint32_t attempts = 1;                  ///< failure_retry; `timeout` is for all of them together
  std::uint32_t repeat = 1;                    ///< likewise
  std::chrono::nanoseconds attempt_budget{0};  ///< of one attempt or repetition: timeout.value / (attempts * repeat)
  std::vector<PlannedAction> children;         ///< their time-outs are those of one attempt

  /// The action of that name below this one (at any depth), or nullptr.
  [[nodiscard]] const PlannedAction* find(std::string_view wanted) const;
};

/// What will be done, before anything runs. Block i of the job is actions[i]; the last one is `finalize`.
struct Plan {
  EffectiveTimeout job_timeout;
  std::string board_type;
  std::vector<PlannedAction> actions;
  [[nodiscard]] nlohmann::json to_json() const;
  /// A table for people: level, name, time-out, where it came from, and below each what it does.
  [[nodiscard]] std::string to_text() const;
};

/// Plans `job` for boards of `type`. What can't run there is an error with the place in the job, and what the type
/// offers. Complaints go to `diagnostics`; the plan is whole only without errors.
[[nodiscard]] Plan make_plan(const JobDefinition& job, const boards::BoardType& type, Diagnostics& diagnostics);

}  // namespace hilltop::jobs
