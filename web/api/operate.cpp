// SPDX-License-Identifier: Apache-2.0
#include "web/api/operate.hpp"

namespace hilltop::web {

Task<controller::WorkerReply> operate(std::shared_ptr<controller::Farm> farm, controller::Principal who,
                                      std::string board, controller::WorkerCommand command, Deadline deadline) {
  HILLTOP_CO_CHECK(farm->may_operate(who, board));
  co_return co_await farm->worker().call(std::move(command), deadline);
}

Task<controller::WorkerReply> operate_with_files(std::shared_ptr<controller::Farm> farm, controller::Principal who,
                                                 std::string board, controller::WorkerCommand command,
                                                 Deadline deadline, std::shared_ptr<TemporaryFolder> files) {
  auto reply = co_await operate(std::move(farm), std::move(who), std::move(board), std::move(command), deadline);
  files.reset();
  co_return reply;
}

Task<controller::WorkerReply> look(std::shared_ptr<controller::Farm> farm, controller::Principal who, std::string board,
                                   controller::WorkerCommand command, Deadline deadline) {
  HILLTOP_CO_CHECK(farm->board(who, board));
  co_return co_await farm->worker().call(std::move(command), deadline);
}

}  // namespace hilltop::web
