// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "tests/usb_lab/models/device.hpp"

namespace hilltop::usb_lab {

/// Makes the device that `options` names. Hubs need a bus around them and are no part of this.
/// Throws UsageError when there is no such model, or for an option that it has not.
std::unique_ptr<Device> make_device(const Options& options);

/// The models' names and options, for a usage text.
std::string_view catalogue_help();

}  // namespace hilltop::usb_lab
