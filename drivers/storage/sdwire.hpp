// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "drivers/storage/card.hpp"

namespace hilltop::drivers {

/// The switch of the SDWire whose FT200X `match` means.
std::shared_ptr<CardSwitch> sdwire_switch(std::shared_ptr<UsbBus> bus, UsbMatch match);

/// The switch of the SDWire3 whose card reader `match` means.
std::shared_ptr<CardSwitch> sdwire3_switch(std::shared_ptr<UsbBus> bus, UsbMatch match);

}  // namespace hilltop::drivers
