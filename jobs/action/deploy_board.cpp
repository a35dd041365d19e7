// SPDX-License-Identifier: Apache-2.0
// Images that go to the board at once: by its flasher, or onto its card.
#include <algorithm>

#include "jobs/action/actions.hpp"
#include "jobs/action/fetch.hpp"
#include "jobs/action/flash.hpp"
#include "jobs/action/image_overlay.hpp"

namespace hilltop::jobs {
namespace {

Task<std::vector<DeployedImage>> fetch_all(std::shared_ptr<JobRun> run, const DeployBoard* block,
                                           ActionContext context) {
  std::vector<DeployedImage> out;
  std::size_t downloads = 0;
  for (const auto& image : block->images) {
    const auto folder = run->input.job_dir / folder_name(context.name_space) / folder_name(image.label);
    HILLTOP_CO_TRY(auto put, co_await fetch_into(run, &image.url, image.label, downloads, folder, context));
    HILLTOP_CO_CHECK(co_await overlay_image(run, &image, put, downloads + 1, context));
    downloads += 1 + image.overlays.size();
    DeployedImage one{image.label, std::move(put), image.image_arg};
    one.part = image.rename;
    out.push_back(std::move(one));
  }
  co_return out;
}

/// The board loses its power first: a card is not taken from a system that runs.
Task<> write_card(std::shared_ptr<JobRun> run, std::vector<DeployedImage> images, ActionContext context) {
  Step step(*run, context, "dd-image");
  auto& board = *run->input.board;
  auto off = co_await board.power(drivers::PowerState::off, step.deadline());
  if (!off && off.error().code != Errc::unsupported) co_return off;
  drivers::StorageImage card;
  for (auto& image : images) (image.label == "bmap" ? card.bmap : card.path) = image.path;
  run->log(LogLevel::info, "writing the board's card");
  const drivers::StorageProgress progress = progress_log(run, "wrote");
  HILLTOP_CO_CHECK(co_await board.write_storage(std::move(card), progress, step.deadline()));
  step.succeed();
  co_return ok();
}

}  // namespace

Task<> deploy_board(std::shared_ptr<JobRun> run, const DeployBoard* block, ActionContext context) {
  HILLTOP_CO_TRY(auto images, co_await fetch_all(run, block, context));
  run->deployed.erase(context.name_space);  // what was deployed there before is not flashed over this
  if (block->way == DeployBoard::Way::flash) co_return co_await flash_board(run, std::move(images), context);
  if (block->way == DeployBoard::Way::storage) co_return co_await write_card(run, std::move(images), context);
  co_return ok();
}

}  // namespace hilltop::jobs
