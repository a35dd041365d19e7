// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "drivers/protocol/cmsis_dap.hpp"
#include "drivers/usb/usb_bus.hpp"

namespace hilltop::drivers {

/// Where a CMSIS-DAP probe takes its commands.
struct DapPipes {
  std::uint8_t interface = 0;
  std::uint8_t out = 0;  ///< 0: none, reports go through the control pipe (HID 1.11, 7.2.2)
  std::uint8_t in = 0;
  std::size_t packet_size = 64;  ///< of the endpoints
  bool hid = false;              ///< version 1: every report is as long as the packet
};

/// Finds them: version 2 (vendor class, bulk) before version 1 (HID). Errors: mismatch (infrastructure) for a device
/// that has no such interface.
/// Source: CMSIS-DAP 2.1, "Communication via USB HID" and "via USB bulk": the interface's or the product's string holds
/// "CMSIS-DAP"; the first bulk endpoint takes, the second gives.
Result<DapPipes> find_dap_pipes(const UsbDeviceInfo& device);

/// An opened CMSIS-DAP probe: one command, one answer. Thread: the worker's; one call at a time.
/// Lifetime: kept by shared_ptr while a call waits.
class DapLink {
 public:
  /// Claims the probe and asks for its packet size. Errors: those of UsbHandle; mismatch (infrastructure); protocol.
  static Task<std::shared_ptr<DapLink>> open(std::shared_ptr<UsbHandle> usb, Deadline deadline);

  /// Sends a command; gives the payload of its answer. Errors: those of UsbHandle and answer_to().
  static Task<std::string> ask(std::shared_ptr<DapLink> self, std::string command, Deadline deadline);
  /// A command whose answer is a status.
  static Task<> tell(std::shared_ptr<DapLink> self, std::string command, std::string what, Deadline deadline);

  [[nodiscard]] std::size_t packet_bytes() const { return packet_bytes_; }
  [[nodiscard]] const UsbDeviceInfo& usb() const { return usb_->info(); }
  /// A transfer failed: an answer may be missing or still on its way. Open it again.
  [[nodiscard]] bool broken() const { return broken_; }

 private:
  DapLink(std::shared_ptr<UsbHandle> usb, DapPipes pipes) : usb_(std::move(usb)), pipes_(pipes) {}
  static Task<std::string> exchange(std::shared_ptr<DapLink> self, std::string command, Deadline deadline);
  static Task<> send(std::shared_ptr<DapLink> self, std::string command, Deadline deadline);

  std::shared_ptr<UsbHandle> usb_;
  DapPipes pipes_;
  std::size_t packet_bytes_ = 64;
  bool broken_ = false;
};

}  // namespace hilltop::drivers
