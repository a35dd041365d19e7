// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/flasher.hpp"
#include "drivers/flash/volume.hpp"

namespace hilltop::drivers {

/// A DAPLink (or Arm Mbed) interface. Source: github.com/ARMmbed/DAPLink, docs/MSD_COMMANDS.md and docs/USERS-GUIDE.md.
struct Daplink {
  std::shared_ptr<Volume> volume;
  std::string board_id = {};  ///< first four digits of its unique id; "": not asked
};
/// Copies one image to the volume, waits until the interface has programmed it and is back, and reads FAIL.TXT. The
/// interface verifies what it programs. Errors: mismatch (infrastructure) when DETAILS.TXT says that it is another
/// board's; what FAIL.TXT says, blamed as its type: user (job), target (dut), the rest (infrastructure).
Task<> flash_daplink(Daplink interface, std::vector<FlashImage> images, FlashProgress progress, Deadline deadline);

/// A boot loader that takes UF2 files. Source: github.com/microsoft/uf2, README.md.
struct Uf2Loader {
  std::shared_ptr<Volume> volume;
  std::string board_id = {};                 ///< of INFO_UF2.TXT: "RPI-RP2"; "": not asked
  std::optional<std::uint32_t> family = {};  ///< which blocks of the file are for it
  std::filesystem::path touch = {};          ///< a serial port that brings the board to its loader at 1200 baud
};
/// Writes the file's blocks by sector, and waits until the board has left for its application: it does that when it
/// has all of them. Errors: mismatch (infrastructure) when INFO_UF2.TXT says that it is another board; timeout (dut)
/// when the board does not leave: it has not taken the image.
Task<> flash_uf2(Uf2Loader loader, std::vector<FlashImage> images, FlashProgress progress, Deadline deadline);

/// An Arm MPS2, MPS3, Juno or Versatile Express board's configuration card (V2M).
struct V2mCard {
  std::shared_ptr<Volume> volume;
  std::string folder = "SOFTWARE";  ///< where images go that do not say it
};
/// Copies the images (FlashImage::part: a path on the card) and asks the board to start anew with reboot.txt.
/// Source: Arm DAI 0489, "Updating images"; the board's reaction is not awaited: its console tells.
Task<> flash_v2m(V2mCard card, std::vector<FlashImage> images, FlashProgress progress, Deadline deadline);

}  // namespace hilltop::drivers
