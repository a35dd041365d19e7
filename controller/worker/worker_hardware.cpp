// SPDX-License-Identifier: Apache-2.0
// What is plugged into a worker, and whether its boards can be used: discovery, the doctor, a board's own word.
#include <grp.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "boards/discovery.hpp"
#include "boards/doctor.hpp"
#include "controller/worker/worker_core.hpp"
#include "drivers/core/lane.hpp"
#include "drivers/core/process.hpp"

namespace hilltop::controller {
namespace {

constexpr auto tool_time = 10s;

std::string as_text(const nlohmann::json& json) {
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::vector<boards::BoardConfig> configs_of(const WorkerCore& worker) {
  std::vector<boards::BoardConfig> out;
  for (const auto& [name, board] : worker.boards) out.push_back(board->config);
  return out;
}

/// Some hundred small files: on a thread of their own, since one of them may belong to a device that hangs.
asio::awaitable<drivers::HardwareList> hardware_of(Worker worker) {
  if (!worker->options.list_hardware) co_return drivers::HardwareList{};
  const auto lane = std::make_shared<Lane>();
  co_return co_await lane->run(worker->options.list_hardware);
}

std::vector<std::string> own_groups() {
  std::vector<gid_t> ids(static_cast<std::size_t>(std::max(0, ::getgroups(0, nullptr))) + 1);
  const int count = ::getgroups(static_cast<int>(ids.size()), ids.data());
  ids.resize(static_cast<std::size_t>(std::max(0, count)));
  std::vector<std::string> out;
  for (const auto id : ids)
    if (const auto* group = ::getgrgid(id)) out.emplace_back(group->gr_name);  // NOLINT: the worker's thread alone
  return out;
}

bool has_udev_rules() {
  std::error_code none;
  for (const auto* folder : {"/etc/udev/rules.d", "/usr/lib/udev/rules.d", "/lib/udev/rules.d", "/run/udev/rules.d"})
    if (std::filesystem::exists(std::filesystem::path(folder) / "70-hilltop.rules", none)) return true;
  return false;
}

boards::DoctorView::Access access_to(const std::string& path) {
  return {::access(path.c_str(), F_OK) == 0, ::access(path.c_str(), R_OK | W_OK) == 0};
}

Task<boards::DoctorCheck> ask_tool(boards::NeededTool tool, Deadline deadline) {
  auto said = co_await run_tool(Command(tool.argv), deadline.at_most(tool_time));
  if (!said && said.error().code == Errc::canceled) co_return std::move(said).error();
  co_return boards::check_tool(tool, said ? said->status : -1, said ? said->text : "");
}

}  // namespace

Task<WorkerReply> discover_hardware(Worker worker) {
  const auto hardware = co_await hardware_of(worker);
  WorkerReply out;
  out.text = as_text(to_json(boards::discover(hardware, *worker->options.types, configs_of(*worker))));
  co_return out;
}

Task<WorkerReply> check_lab_hardware(Worker worker, Deadline deadline) {
  boards::DoctorView view;
  view.hardware = co_await hardware_of(worker);
  view.groups = own_groups();
  view.is_root = ::geteuid() == 0;
  view.has_udev_rules = has_udev_rules();
  view.access = access_to;
  const auto configs = configs_of(*worker);
  auto checks = check_permissions(view, configs);
  for (auto& tool : boards::needed_tools(configs)) {
    HILLTOP_CO_TRY(auto check, co_await ask_tool(std::move(tool), deadline));
    checks.push_back(std::move(check));
  }
  WorkerReply out;
  out.text = as_text(to_json(checks));
  co_return out;
}

Task<WorkerReply> identify_board(Worker worker, IdentifyBoard command, Deadline deadline) {
  HILLTOP_CO_TRY(auto session, session_of(worker, command.board));
  HILLTOP_CO_TRY(const auto identity, co_await session->identify(deadline));
  WorkerReply out;
  out.text = as_text({{"name", identity.name},
                      {"serial", identity.serial},
                      {"firmware", identity.firmware},
                      {"target", identity.target}});
  co_return out;
}

}  // namespace hilltop::controller
