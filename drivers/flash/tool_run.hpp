// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <vector>

#include "drivers/core/env.hpp"
#include "drivers/flash/tool_spec.hpp"
#include "drivers/usb/usb_device.hpp"

namespace hilltop::drivers {

/// A tool and the board that it is for.
struct ToolUse {
  const ToolSpec* spec = nullptr;    ///< of tool_specs()
  std::vector<std::string> program;  ///< instead of the table's, with what goes before it
  ToolValues settings;               ///< of the lab, defaults among them
  UsbMatch usb;                      ///< where spec->usb
  std::chrono::seconds time{300};    ///< for one run
};

/// Writes images by a tool: its version is looked at, the board is found on USB where the table says so, each run is
/// judged by its table. Errors: unsupported (configuration) for a tool that is too old; not_found (configuration) where
/// it is not installed; bad_input (job) for images that it does not take; those of find_usb_device; busy
/// (infrastructure) when the tool could pick another device; those of ToolOutputWatch::judge(); timeout, canceled.
Task<> run_flash_tool(Env env, std::shared_ptr<const ToolUse> use, std::vector<FlashImage> images,
                      FlashProgress progress, Deadline deadline);

}  // namespace hilltop::drivers
