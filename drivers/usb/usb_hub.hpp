// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "drivers/usb/usb_bus.hpp"

namespace hilltop::drivers {

/// How a hub says that it switches its ports' power. Source: USB 2.0, table 11-13, wHubCharacteristics, bits 1..0.
enum class HubSwitching : std::uint8_t { ganged, each_port, none };
[[nodiscard]] std::string_view to_string(HubSwitching switching) noexcept;

/// What a hub's own descriptor says. Source: USB 2.0, table 11-13; USB 3.2, table 10-5.
struct UsbHubInfo {
  std::uint8_t ports = 0;
  HubSwitching switching = HubSwitching::none;
};

/// Reads it from bytes; protocol (infrastructure) where they are none.
[[nodiscard]] Result<UsbHubInfo> read_hub_descriptor(std::string_view bytes);
/// Whether a port's status says that it has power. Source: USB 2.0, table 11-21; USB 3.2, table 10-13.
[[nodiscard]] Result<bool> port_has_power(std::string_view status, bool is_super);
/// The container id of a binary object store, as hexadecimal digits; "" where it has none.
/// Source: USB 3.2, 9.6.2 and table 9-17: device capability 4.
[[nodiscard]] std::string container_id(std::string_view object_store);

/// One hub of a box, opened: a USB 3 hub is two hubs in one box, and their ports share their power.
struct OpenHub {
  std::shared_ptr<UsbHandle> handle = {};
  UsbHubInfo info = {};
  [[nodiscard]] bool is_super() const { return handle->info().speed >= UsbSpeed::super; }
};

/// What belongs to a hub's box.
struct HubPairing {
  enum class Kind : std::uint8_t { by_container, none, at };
  Kind kind = Kind::by_container;  ///< the hub of the other speed with the same container id, if there is one
  std::string path = {};           ///< with `at`: where the other half is
};

/// Opens a hub and the other half of its box, the asked one first, and checks that `port` is there and can be switched
/// by itself (or with `ganged` together with the others).
/// Errors: those of UsbBus::open(); bad_input (configuration) for what is no hub, or a port that it has not;
/// unsupported (configuration) for a hub that switches none, or all at once without `ganged`.
Task<std::vector<OpenHub>> open_hub_box(std::shared_ptr<UsbBus> bus, UsbMatch match, std::uint8_t port, bool ganged,
                                        HubPairing pairing, Deadline deadline);

/// Switches `port` in both halves of the box (all ports of a ganged hub, which takes power away only when all ask for
/// it) and reads back until they agree; what comes on again by itself is switched off again.
/// Errors: mismatch (infrastructure) when they do not agree at the deadline; those of UsbHandle.
/// Source: USB 2.0, 11.24.2 (SetPortFeature, ClearPortFeature, GetPortStatus), 11.11; as uhubctl does.
Task<> set_hub_port_power(std::vector<OpenHub> box, std::uint8_t port, bool on, Deadline deadline);
/// Whether any half gives `port` power.
Task<bool> hub_port_power(std::vector<OpenHub> box, std::uint8_t port, Deadline deadline);

}  // namespace hilltop::drivers
