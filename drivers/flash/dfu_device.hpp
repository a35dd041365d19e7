// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "drivers/api/flasher.hpp"
#include "drivers/protocol/dfu_session.hpp"
#include "drivers/usb/usb_bus.hpp"

namespace hilltop::drivers {

/// A board's DFU interface, as lab.yaml has it.
struct DfuAddress {
  UsbMatch match = {};                      ///< by serial number or place; its ids are those of the running application
  std::optional<std::uint16_t> dfu_vendor;  ///< `dfu_id`: what it is in DFU mode, where that is something else
  std::optional<std::uint16_t> dfu_product;
  std::string alternate = {};  ///< number or name, where the image does not say it
  bool verify = true;          ///< read back, where the board can
  bool suffix_required = false;
  bool reset = true;  ///< the bus, when all is written, so that the application begins
};

/// A device in DFU mode, its interface claimed.
struct DfuDevice {
  std::shared_ptr<UsbHandle> handle;
  dfu::Function function;
  std::uint16_t runtime_vendor = 0, runtime_product = 0;  ///< of the application, where it was seen running
};

/// Finds the board and brings it to DFU mode: detaches the application, and waits until the board comes back, in the
/// same place. Errors: those of find_usb_device(); mismatch (infrastructure) when what is there has other ids;
/// unsupported (configuration) when it has no DFU interface; timeout (infrastructure) when it does not come back.
/// Source: DFU 1.1, section 5.
Task<DfuDevice> enter_dfu_mode(std::shared_ptr<UsbBus> bus, DfuAddress address, Deadline deadline);

/// Runs a session on one alternate setting. Value: whether the device left the bus at its end though it had said that
/// it stays (dfu::Session::left). Errors: those of dfu::Session and of the transfers.
Task<bool> run_dfu_session(std::shared_ptr<DfuDevice> device, dfu::Alternate alternate,
                           std::vector<dfu::Operation> operations, FlashProgress progress, Deadline deadline);

/// Waits until the board is back with its application, where it was. Errors: io (dut) when it is back in DFU mode, as
/// a board is whose firmware is bad; timeout (dut).
Task<> wait_for_application(std::shared_ptr<UsbBus> bus, std::string place, Deadline deadline);

/// The largest block: what Linux's usbfs takes in one control transfer (a page), or less where the device says so.
[[nodiscard]] std::uint16_t block_size(const dfu::Function& function);

/// Writes all images, as Flasher::flash() does.
Task<> flash_by_dfu(std::shared_ptr<UsbBus> bus, DfuAddress address, std::vector<FlashImage> images,
                    FlashProgress progress, Deadline deadline);

}  // namespace hilltop::drivers
