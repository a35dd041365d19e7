// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>

#include "drivers/core/lane.hpp"
#include "drivers/storage/card.hpp"

namespace hilltop::drivers {

/// Sends commands to SCSI devices. Tests have one of their own.
/// Thread: any one at a time; blocks, at most for `patience`.
class ScsiGeneric {
 public:
  virtual ~ScsiGeneric() = default;
  struct Command {
    std::string block;         ///< the command descriptor block
    std::string out = {};      ///< data for the device, or
    std::size_t in_bytes = 0;  ///< how many it gives
    std::chrono::milliseconds patience{3000};
  };
  /// Value: what it gave. Errors: unavailable, denied, io (infrastructure).
  virtual Result<std::string> run(const std::filesystem::path& node, const Command& command) = 0;
};
/// By SG_IO. Source: Linux Documentation/scsi/scsi-generic.rst; <scsi/sg.h>.
std::shared_ptr<ScsiGeneric> linux_scsi_generic();

struct UsbSdMuxParts {
  std::shared_ptr<ScsiGeneric> scsi;
  UsbMatch match;  ///< of the card reader, which is also what is talked to
  DiskRoots roots = {};
  std::chrono::milliseconds settle{1000};  ///< until the card's supply is down
};
/// The switch of a USB-SD-Mux, Classic or Fast.
std::shared_ptr<CardSwitch> usb_sd_mux_switch(UsbSdMuxParts parts);

}  // namespace hilltop::drivers
