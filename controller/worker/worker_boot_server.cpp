// SPDX-License-Identifier: Apache-2.0
#include "controller/worker/worker_core.hpp"
#include "drivers/core/log.hpp"

namespace hilltop::controller {

Task<> apply_boot_server(Worker worker, boards::BootServerSettings wanted, Deadline deadline) {
  if (!worker->options.start_boot_server) co_return ok();
  if (worker->boot_server && worker->boot_settings == wanted) co_return ok();
  if (worker->boot_server && !worker->jobs.empty())
    co_return Error(Errc::busy, Blame::infrastructure,
                    "boot_server: its settings change only while no job runs: apply the lab file again later");
  if (const auto old = std::exchange(worker->boot_server, nullptr)) HILLTOP_CO_CHECK(co_await old->shut_down(deadline));
  auto started = co_await worker->options.start_boot_server(wanted);
  if (started) {
    worker->boot_server = *std::move(started);
    worker->boot_settings = std::move(wanted);
    co_return ok();
  }
  // Emulated boards need no port of the lab's: they are served all the same.
  worker->boot_settings = {};
  if (auto bare = co_await worker->options.start_boot_server({})) worker->boot_server = *std::move(bare);
  co_return std::move(started).error().within("boot_server");
}

}  // namespace hilltop::controller
