// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "drivers/core/driver_info.hpp"
#include "web/api/route.hpp"

namespace hilltop::web {

/// What all I/O threads know of the server.
struct ServerFacts {
  std::string version;
  drivers::DriverTable drivers;
  std::shared_ptr<const HttpCounters> counters;
};

/// The routes over a farm, for one I/O thread.
[[nodiscard]] std::shared_ptr<Application> make_application(ApiPtr api);

}  // namespace hilltop::web
