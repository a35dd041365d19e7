// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "drivers/core/task.hpp"

namespace hilltop {

/// What a driver may use of its surroundings. Passed in; there is no other way to reach them.
struct Env {
  asio::any_io_executor executor;      ///< the worker's thread: drivers are called and complete here
  std::filesystem::path state_dir;     ///< a folder of the device's own, kept across restarts (flash images, sockets)
};

}  // namespace hilltop
