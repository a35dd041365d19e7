// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/byte_stream.hpp"
#include "drivers/api/flasher.hpp"
#include "drivers/api/machine.hpp"
#include "drivers/api/power_port.hpp"
#include "drivers/api/probe.hpp"
#include "drivers/api/storage_mux.hpp"

namespace hilltop::drivers {

/// One thing at one address, and the capabilities that it offers: a PDU outlet offers power, an emulated board everything.
/// A capability that is not offered is nullptr. Capabilities live as long as the device.
class Device {
 public:
  virtual ~Device() = default;

  virtual PowerPort* power() { return nullptr; }
  virtual ByteStream* console(std::string_view name) { (void)name; return nullptr; }  ///< name: "main", "uart1", ...
  virtual Probe* probe() { return nullptr; }
  virtual Flasher* flasher() { return nullptr; }
  virtual StorageMux* storage_mux() { return nullptr; }
  virtual ConfigurableMachine* machine() { return nullptr; }
  virtual BootFiles* boot_files() { return nullptr; }

  /// Ends what still runs (tools, emulators) before the worker stops.
  virtual Task<> shut_down(Deadline deadline) = 0;
};

}  // namespace hilltop::drivers
