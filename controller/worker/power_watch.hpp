// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "controller/worker/worker_core.hpp"

namespace hilltop::controller {

/// Asks an open board again and again how its power stands, until its session closes: a board that is on though nobody
/// switched it (or off), and a unit that does not answer, are told once with the board's status. All boards are asked
/// at the same moment, so that a unit which tells of all its outlets is asked once for all of them; a board that is
/// busy with something else is left out of that round. Nothing where the board has no power unit of its own.
void watch_power_state(const Worker& worker, const std::shared_ptr<WorkerBoard>& board);

}  // namespace hilltop::controller
