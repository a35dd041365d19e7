// SPDX-License-Identifier: Apache-2.0
#include "jobs/action/flash.hpp"

#include <algorithm>
#include <sstream>

#include "jobs/action/image_format.hpp"
#include "jobs/action/images_apart.hpp"

namespace hilltop::jobs {
namespace {

using drivers::PowerState;

Result<std::vector<drivers::FlashImage>> flash_images(const JobRun& run, const std::vector<DeployedImage>& deployed) {
  const auto& facts = run.input.board->type().flash;
  std::vector<drivers::FlashImage> out;
  for (const auto& image : deployed) {
    HILLTOP_TRY(const auto format, image_format_of(image.path));
    if (std::ranges::find(facts.formats, format) == facts.formats.end() && !facts.formats.empty())
      return Error(Errc::bad_input, Blame::job,
                   "image '" + image.label + "': boards of this type do not take files of its format");
    drivers::FlashImage file{image.path, format, std::nullopt};
    file.part = image.part.empty() ? dfu_part(image.image_arg) : image.part;
    // A file that goes to a place with a name needs no address.
    if (format == drivers::ImageFormat::raw && file.part.empty()) {
      if (!facts.raw_address)
        return Error(Errc::bad_input, Blame::job,
                     "image '" + image.label +
                         "' is neither ELF nor Intel HEX, and boards of this type have no address for raw images");
      file.address = facts.raw_address;
    }
    out.push_back(std::move(file));
  }
  return out;
}

}  // namespace

std::string dfu_part(const std::string& image_arg) {
  std::istringstream words(image_arg);
  for (std::string word; words >> word;) {
    for (const std::string_view option : {"--alt=", "-a="})
      if (word.starts_with(option)) return word.substr(option.size());
    if (word == "--alt" || word == "-a") return words >> word ? word : std::string();
  }
  return {};
}

std::function<void(std::uint64_t done, std::uint64_t total)> progress_log(std::shared_ptr<JobRun> run,
                                                                          std::string verb) {
  auto shown = std::make_shared<std::uint64_t>(0);  // percent
  return [run, shown, verb](std::uint64_t done, std::uint64_t total) {
    const auto percent = total == 0 ? 100 : done * 100 / total;
    if (percent < *shown + 10) return;
    *shown = percent - percent % 10;
    run->log(LogLevel::info, verb + " " + std::to_string(percent) + " % of " + std::to_string(total) + " bytes");
  };
}

Task<> flash_board(std::shared_ptr<JobRun> run, std::vector<DeployedImage> deployed, ActionContext context) {
  Step step(*run, context, "flash-device");
  HILLTOP_CO_TRY(auto images, flash_images(*run, deployed));
  const auto apart = [images] { return images_apart(images); };
  HILLTOP_CO_CHECK(co_await run->lane.run(apart));
  run->log(LogLevel::info, "flashing " + std::to_string(images.size()) + (images.size() == 1 ? " image" : " images"));
  const drivers::FlashProgress progress = progress_log(run, "flashed");
  auto result = co_await run->input.board->flash(std::move(images), progress, step.deadline());
  if (!result) co_return std::move(result).within("flash");
  step.succeed();
  co_return ok();
}

Task<> boot_recovery(std::shared_ptr<JobRun> run, const Boot* block, ActionContext context) {
  Step step(*run, context, "recovery-mode");
  auto& board = *run->input.board;
  HILLTOP_CO_CHECK(co_await board.power(PowerState::off, step.deadline()));
  run->log(LogLevel::info, block->into_recovery ? "bringing the board to its recovery mode" : "back to normal starts");
  HILLTOP_CO_CHECK(co_await board.recovery(block->into_recovery, step.deadline()));
  run->cursor = run->booted_at = run->console->end();
  run->console_log->started_at(run->booted_at);
  HILLTOP_CO_CHECK(co_await board.power(PowerState::on, step.deadline()));
  step.succeed();
  co_return ok();
}

}  // namespace hilltop::jobs
