// SPDX-License-Identifier: Apache-2.0
// LAVA's transfer_overlay: the booted system fetches the test shell's files itself.
#include <fmt/format.h>

#include "jobs/action/dialog.hpp"
#include "jobs/action/serving.hpp"

namespace hilltop::jobs {
namespace {

using boards::PatternSet;

struct Transfer {
  std::shared_ptr<JobRun> run;
  std::shared_ptr<Dialog> dialog;
  std::vector<std::string> prompts;
  FetchableOverlay overlay;
};

Error no_answer(const Transfer& transfer, const std::string& what) {
  if (!transfer.dialog->heard_anything())
    return transfer.run->fail(Finding::board_silent, what + ": the board was silent");
  return transfer.run->fail(Finding::not_reached, what + "; the last words were: " + transfer.dialog->tail());
}

/// Types a command, which says its status in a way that its own echo does not, and waits for the next prompt. Value:
/// the status.
Task<int> type_command(std::shared_ptr<Transfer> transfer, std::string command, Deadline deadline) {
  auto& dialog = *transfer->dialog;
  HILLTOP_CO_CHECK(co_await dialog.type(command + "; printf '<LAVA_%s %s>\\n' OVERLAY $?", false, deadline));
  Awaited status;
  HILLTOP_CO_TRY(status.others, PatternSet::compile({"<LAVA_OVERLAY (?P<status>[0-9]+)>"}));
  auto match = co_await dialog.expect(std::move(status), deadline);
  if (!match && match.error().code == Errc::timeout) co_return no_answer(*transfer, "'" + command + "' did not end");
  if (!match) co_return std::move(match).error();
  const int value = std::atoi(match->groups["status"].c_str());
  Awaited prompt;
  HILLTOP_CO_TRY(prompt.prompts, PatternSet::compile(transfer->prompts));
  auto back = co_await dialog.expect(std::move(prompt), deadline);
  if (!back && back.error().code == Errc::timeout) co_return no_answer(*transfer, "no prompt after '" + command + "'");
  if (!back) co_return std::move(back).error();
  co_return value;
}

/// Why a download may have failed: what the boot server saw of it.
std::string seen_of_it(const Transfer& transfer, std::uint64_t requests_before) {
  if (transfer.run->boot_requests > requests_before) return "; what it asked for is above";
  return "; it asked for nothing at " + transfer.overlay.url + ": is its network up?";
}

Task<> fetch_and_unpack(std::shared_ptr<Transfer> transfer, const TransferOverlay* commands, Deadline deadline) {
  const auto& overlay = transfer->overlay;
  auto& run = *transfer->run;
  // Where an earlier boot left one, downloaders give the new one another name.
  HILLTOP_CO_CHECK(co_await type_command(transfer, "rm -f " + overlay.name, deadline));
  const auto before = run.boot_requests;
  HILLTOP_CO_TRY(const auto fetched,
                 co_await type_command(transfer, commands->download_command + " " + overlay.url, deadline));
  if (fetched != 0)
    co_return run.fail(Finding::not_reached,
                       fmt::format("the board could not fetch the test shell's files: '{}' ended with status {}{}",
                                   commands->download_command, fetched, seen_of_it(*transfer, before)));
  HILLTOP_CO_TRY(const auto unpacked,
                 co_await type_command(transfer, commands->unpack_command + " " + overlay.name, deadline));
  if (unpacked != 0)
    co_return run.fail(Finding::not_reached,
                       fmt::format("the board could not unpack the test shell's files: '{}' ended with status {}",
                                   commands->unpack_command, unpacked));
  co_return ok();
}

}  // namespace

Task<> transfer_overlay(std::shared_ptr<JobRun> run, const Boot* block, ActionContext context) {
  if (!block->transfer_overlay) co_return ok();
  Step step(*run, context, "overlay-transfer");
  const auto found = run->fetchable.find(context.name_space);
  if (found == run->fetchable.end()) {
    run->log(LogLevel::info, "no test shell runs here: the board has nothing to fetch");
    step.succeed();
    co_return ok();
  }
  if (found->second.url.empty())
    co_return Error(Errc::unsupported, Blame::configuration, "this lab serves no files to this board by http");
  auto transfer = std::make_shared<Transfer>();
  transfer->run = run;
  transfer->dialog = std::make_shared<Dialog>(run);
  transfer->prompts = block->prompts;
  transfer->overlay = found->second;
  HILLTOP_CO_CHECK(co_await fetch_and_unpack(transfer, &*block->transfer_overlay, step.deadline()));
  step.succeed();
  co_return ok();
}

}  // namespace hilltop::jobs
