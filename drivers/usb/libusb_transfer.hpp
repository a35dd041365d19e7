// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <libusb-1.0/libusb.h>

#include <memory>
#include <string>

#include "drivers/core/task.hpp"
#include "drivers/usb/open_device.hpp"

namespace hilltop::drivers {

/// A transfer to be done.
struct UsbTransferOrder {
  enum class Kind : std::uint8_t { control, bulk, interrupt };
  Kind kind = Kind::control;
  std::uint8_t endpoint = 0;  ///< bit 7 set: the device sends (of a control transfer: by its setup packet)
  std::string buffer = {};    ///< a control transfer's begins with the setup packet; what is to be read has its size
  std::string what = {};      ///< for messages: "control request 0x03"
};

/// Does one transfer. Value: what was read (a control transfer's without the setup packet), or "" after writing.
/// When this returns the transfer is over, whatever the outcome: its memory and the pipe are free.
/// A read that was stopped keeps what had arrived. Errors: as UsbHandle says.
Task<std::string> do_transfer(std::shared_ptr<OpenDevice> device, UsbTransferOrder order, Deadline deadline);

}  // namespace hilltop::drivers
