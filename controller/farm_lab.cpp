// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>

#include "boards/inventory_complaints.hpp"
#include "controller/farm_state.hpp"
#include "drivers/core/log.hpp"

namespace hilltop::controller {
namespace {

constexpr auto time_to_apply = 120s;

Result<> write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const auto written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return system_error("write", errno);
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  if (::fsync(fd) != 0) return system_error("fsync", errno);
  return ok();
}

void take_config(FarmBoard& board, const boards::BoardConfig& config) {
  board.config = config;
  board.view.name = config.name;
  board.view.type = config.type;
  board.view.description = config.description;
  board.view.tags = config.tags;
  board.view.worker = "local";
}

bool in_use(const FarmBoard& board) { return board.view.lease.has_value() || board.cleaning; }

}  // namespace

std::vector<std::string> merge_boards(FarmState& farm, Changes& changes) {
  std::vector<std::string> waiting;
  std::vector<std::string> gone;
  for (auto& [name, board] : farm.boards) {
    const auto* now = farm.inventory.find(name);
    const bool differs = now == nullptr || !(*now == board.config);
    board.stale = differs && in_use(board);
    if (board.stale) waiting.push_back(name);
    if (!differs || board.stale) continue;
    board.ready = false;
    board.view.problem = "being opened";
    if (now == nullptr)
      gone.push_back(name);
    else
      take_config(board, *now);
    if (now != nullptr) refresh_board(farm, board, changes);
  }
  for (const auto& name : gone) {
    farm.boards.erase(name);
    farm.scheduler.remove_board(name);
    add_event(farm, changes, "board.state", name, {{"state", "removed"}});
  }
  for (const auto& config : farm.inventory.boards) {
    if (farm.boards.contains(config.name)) continue;
    auto& board = farm.boards[config.name];
    take_config(board, config);
    board.view.state = BoardState::offline;
    board.view.problem = "being opened";
    board.view.power = "unknown";
    refresh_board(farm, board, changes);
  }
  return waiting;
}

Result<std::string> read_text(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  if (!in) return system_error(file.string(), errno);
  return std::string((std::istreambuf_iterator<char>(in)), {});
}

Result<> replace_file(const std::filesystem::path& file, const std::string& text, unsigned mode) {
  const auto fresh = file.string() + ".new";
  ::unlink(fresh.c_str());  // of a run that died; its mode may be another
  const int fd = ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
  if (fd < 0) return system_error(fresh, errno);
  auto written = write_all(fd, text);
  ::close(fd);
  if (!written) return std::move(written).within(fresh);
  if (::rename(fresh.c_str(), file.c_str()) != 0) return system_error(file.string(), errno);
  return ok();
}

Task<> synchronise_boards(FarmRef farm) {
  Changes changes;
  ApplyInventory command;
  command.keep = merge_boards(*farm, changes);
  command.text = farm->lab_text;
  command.file_name = farm->options.lab_file.string();
  save(*farm, std::move(changes));
  auto applied = co_await farm->worker->call(std::move(command), Deadline::after(time_to_apply));
  dispatch(*farm);
  if (!applied) co_return std::move(applied).error().within("lab");
  co_return ok();
}

Task<boards::InventoryChange> apply_lab(FarmRef farm, Principal who, std::string text, std::string shown_as) {
  HILLTOP_CO_CHECK(need(who, Role::admin, "changing the lab"));
  const bool from_file = text.empty();
  if (from_file) {
    HILLTOP_CO_TRY(text, read_text(farm->options.lab_file));
  }
  Diagnostics diagnostics;
  auto inventory = boards::read_inventory_text(text, farm->options.lab_file, farm->options.types, farm->options.drivers,
                                               diagnostics);
  if (!from_file && !shown_as.empty())
    diagnostics = boards::renamed(diagnostics, farm->options.lab_file.string(), shown_as);
  if (diagnostics.has_errors()) co_return diagnostics.to_error(from_file ? Blame::configuration : Blame::job);
  if (!from_file) HILLTOP_CO_CHECK(replace_file(farm->options.lab_file, text, 0644));
  auto change = boards::compare(farm->inventory, inventory);
  farm->inventory = std::move(inventory);
  farm->lab_text = std::move(text);
  Changes changes;
  add_event(*farm, changes, "lab", "",
            {{"added", change.added}, {"removed", change.removed}, {"changed", change.changed}});
  add_audit(changes, who, "lab apply", farm->options.lab_file.string());
  HILLTOP_CO_CHECK(co_await save_and_wait(farm, std::move(changes)));
  HILLTOP_CO_CHECK(co_await synchronise_boards(farm));
  co_return change;
}

}  // namespace hilltop::controller
