// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "drivers/core/env.hpp"
#include "drivers/usb/usb_device.hpp"

namespace hilltop::drivers {

/// A control request (USB 2.0, table 9-2).
struct UsbRequest {
  std::uint8_t type = 0;  ///< bmRequestType; bit 7 set: the device answers
  std::uint8_t request = 0;
  std::uint16_t value = 0;
  std::uint16_t index = 0;
};

/// An opened device. Transfers complete on the worker's thread; several may be on their way at once.
/// Errors of each transfer: unavailable (infrastructure) when the device is gone or was never there; timeout
/// (infrastructure); io (infrastructure) for a stall or what else the bus says; denied (infrastructure) with the udev
/// rule that is missing; canceled. A transfer that timed out or was canceled is really over before this returns: its
/// memory and the pipe are free.
/// Thread: the worker's.
class UsbHandle {
 public:
  virtual ~UsbHandle() = default;

  [[nodiscard]] virtual const UsbDeviceInfo& info() const = 0;
  /// Takes interface `number` from whatever kernel driver has it; it is given back when the handle dies.
  /// Errors: busy (infrastructure) when another program has it.
  virtual Task<> claim(std::uint8_t number, Deadline deadline) = 0;
  /// Of a claimed interface.
  virtual Task<> set_alternate(std::uint8_t number, std::uint8_t setting, Deadline deadline) = 0;

  /// Reads at most `size` bytes.
  virtual Task<std::string> control_in(UsbRequest request, std::uint16_t size, Deadline deadline) = 0;
  virtual Task<> control_out(UsbRequest request, std::string bytes, Deadline deadline) = 0;
  /// One transfer from a bulk or interrupt endpoint (bit 7 set): at most `size` bytes, fewer when the device ends it.
  virtual Task<std::string> read(std::uint8_t endpoint, std::size_t size, Deadline deadline) = 0;
  /// Writes all of `bytes` to a bulk or interrupt endpoint.
  virtual Task<> write(std::uint8_t endpoint, std::string bytes, Deadline deadline) = 0;
  /// After a stall of a bulk or interrupt endpoint. (A control pipe goes on by itself.)
  virtual Task<> clear_halt(std::uint8_t endpoint, Deadline deadline) = 0;
  /// Resets the device's port. When the device comes back as something else (a boot loader), this handle is over:
  /// unavailable.
  virtual Task<> reset(Deadline deadline) = 0;
};

/// The USB devices of this host. One a worker: libusb's events have one thread; everything completes on the worker's.
/// Lifetime: with the execution context of the worker; devices and handles keep it alive.
class UsbBus {
 public:
  virtual ~UsbBus() = default;

  /// The one of this worker, made when it is first asked for. Errors: unavailable (infrastructure) where libusb cannot
  /// begin.
  static Result<std::shared_ptr<UsbBus>> of(const Env& env);
  /// What of() gives from now on: for tests, with devices of their own. Call it before anything asks for the bus.
  static void use(const Env& env, std::shared_ptr<UsbBus> bus);

  /// What is plugged in now, root hubs too: as it was last seen, without touching a device.
  virtual Result<std::vector<UsbDeviceInfo>> devices() = 0;
  /// Opens the device that `match` means, waiting for it to appear until `deadline` when it is not there (it may be
  /// re-enumerating). Errors: as find_usb_device(); denied (infrastructure) without the permission.
  virtual Task<std::shared_ptr<UsbHandle>> open(UsbMatch match, Deadline deadline) = 0;

  /// Called on the worker's thread after a device arrived or left, until the returned token dies.
  enum class Change : std::uint8_t { arrived, left };
  using Handler = std::function<void(Change change, const UsbDeviceInfo& device)>;
  [[nodiscard]] virtual std::shared_ptr<void> on_change(Handler handler) = 0;
};

}  // namespace hilltop::drivers
