// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <memory>

#include "boards/board_type.hpp"
#include "boards/console/console.hpp"
#include "boards/inventory.hpp"
#include "controller/worker/worker_link.hpp"
#include "drivers/api/boot_server.hpp"
#include "drivers/api/hardware.hpp"
#include "jobs/ports.hpp"

namespace hilltop::controller {

struct WorkerOptions {
  std::shared_ptr<const boards::BoardTypes> types;
  drivers::DriverTable drivers;    ///< outlives the worker
  std::filesystem::path data_dir;  ///< boards' state, consoles' transcripts, folders of running jobs
  std::unique_ptr<boards::ConsoleEngine> engine;
  std::shared_ptr<jobs::ArtifactSource> artifacts;
  /// Makes the boot server that a lab file asks for, on the worker's thread, which it is then used on. None: boards are
  /// served nothing over the network.
  std::function<Task<std::shared_ptr<drivers::BootServer>>(boards::BootServerSettings)> start_boot_server;
  std::function<drivers::HardwareList()> list_hardware;  ///< what is plugged in; blocks, called on a lane. None: nothing
  std::chrono::milliseconds power_interval{10'000};  ///< between two looks at how boards' power stands; 0: none
  std::function<void(const boards::Inventory&)> artifacts_allow;  ///< tells `artifacts` what a new lab file allows
};

/// A worker in this process, on a thread of its own: it owns the board sessions and runs the pipelines.
/// Boards come with the first ApplyInventory. Events are posted to `control`.
/// Lifetime: shut_down() before it is destroyed; the destructor ends what is left without waiting for devices.
std::shared_ptr<WorkerLink> make_in_process_worker(WorkerOptions options, asio::any_io_executor control);

}  // namespace hilltop::controller
