// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "controller/farm.hpp"
#include "web/http/message.hpp"

/// What people do to a board, for hop().
namespace hilltop::web {

/// Sends a command that touches the board: its lease or the role technician is needed.
/// Errors: those of Farm::may_operate and WorkerLink::call.
/// Thread: the control thread.
Task<controller::WorkerReply> operate(std::shared_ptr<controller::Farm> farm, controller::Principal who,
                                      std::string board, controller::WorkerCommand command, Deadline deadline);
/// The same for a command that reads files, which stay until it has ended, whatever becomes of the request.
Task<controller::WorkerReply> operate_with_files(std::shared_ptr<controller::Farm> farm, controller::Principal who,
                                                 std::string board, controller::WorkerCommand command,
                                                 Deadline deadline, std::shared_ptr<TemporaryFolder> files);
/// Sends a command that only looks: the board must be one that `who` sees.
Task<controller::WorkerReply> look(std::shared_ptr<controller::Farm> farm, controller::Principal who, std::string board,
                                   controller::WorkerCommand command, Deadline deadline);

}  // namespace hilltop::web
