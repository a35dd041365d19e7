// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <system_error>

#include "boards/console/demux/demux.hpp"
#include "jobs/action/actions.hpp"
#include "jobs/action/fetch.hpp"
#include "jobs/action/image_overlay.hpp"
#include "jobs/action/test_overlay.hpp"
#include "jobs/testshell/overlay_delivery.hpp"

namespace hilltop::jobs {
namespace {

namespace fs = std::filesystem;

Task<DeployedImage> deploy_one(std::shared_ptr<JobRun> run, const DeployImage* image, std::size_t index,
                               ActionContext context) {
  const auto folder = run->input.job_dir / folder_name(context.name_space) / folder_name(image->label);
  HILLTOP_CO_TRY(auto put, co_await fetch_into(run, &image->url, image->label, index, folder, context));
  HILLTOP_CO_CHECK(co_await overlay_image(run, image, put, index + 1, context));
  DeployedImage out{image->label, std::move(put), image->image_arg};
  co_return out;
}

/// A machine of the job's choice whose images have no place for the test shell's files gets them on a drive of their
/// own, as LAVA does it; it is mounted when the board has booted.
Task<std::optional<DeployedImage>> overlay_drive(std::shared_ptr<JobRun> run, const DeployTmpfs* block,
                                                 ActionContext context) {
  const bool placed = std::ranges::any_of(block->images, [](const auto& image) { return image.test_shell; });
  if (placed || run->input.board->machine() == nullptr || !needs_overlay(*run->input.definition, context.name_space))
    co_return std::optional<DeployedImage>();
  HILLTOP_CO_TRY(const auto overlay, co_await overlay_for(run, context.name_space, context.deadline));
  HILLTOP_CO_TRY(const auto folder,
                 empty_folder(run->input.job_dir / folder_name(context.name_space) / "lava-overlay"));
  HILLTOP_CO_TRY(const auto scratch, empty_folder(folder / "scratch"));
  DeployedImage drive{"lava-overlay", folder / "overlay.ext2",
                      "-drive file={lava-overlay},format=raw,if=virtio,media=disk,id=lavatest"};
  HILLTOP_CO_CHECK(co_await testshell::make_overlay_drive(overlay, drive.path, scratch, context.deadline));
  co_return std::optional(std::move(drive));
}

/// What reads records by the database in `file`.
Result<boards::demux::Demux> dictionary_reader(const fs::path& file, const std::string& mode) {
  boards::demux::DecoderSpec spec;
  spec.name = "dictlog";
  spec.mode = mode;
  spec.database = file.filename().string();
  auto made = boards::demux::Demux::make(
      {spec}, [&](const std::string&) { return boards::demux::read_database_file(file.string()); });
  if (!made) return Error(Errc::bad_input, Blame::job, made.error().text).within("deploy log_dictionary");
  return made;
}

/// From here on the console's records are read by the job's database: in its log, and by whatever else reads the
/// console.
Task<> use_dictionary(std::shared_ptr<JobRun> run, const LogDictionary* dictionary, std::size_t index,
                      ActionContext context) {
  const auto folder = run->input.job_dir / folder_name(context.name_space) / "log-dictionary";
  const std::string label = "log_dictionary";
  HILLTOP_CO_TRY(const auto file, co_await fetch_into(run, &dictionary->url, label, index, folder, context));
  auto make = [file, mode = dictionary->mode] { return dictionary_reader(file, mode); };
  HILLTOP_CO_TRY(auto reader, co_await run->lane.run(std::move(make)));
  if (run->console_log) run->console_log->take_apart(std::move(reader));
  if (run->input.use_dictionary) HILLTOP_CO_CHECK(co_await run->input.use_dictionary(file, dictionary->mode));
  run->log(LogLevel::info, "dictionary logs on the console are read by " + file.filename().string());
  co_return ok();
}

}  // namespace

Task<> deploy_tmpfs(std::shared_ptr<JobRun> run, const DeployTmpfs* block, ActionContext context) {
  std::vector<DeployedImage> images;
  std::size_t downloads = 0;
  for (const auto& image : block->images) {
    HILLTOP_CO_TRY(auto deployed, co_await deploy_one(run, &image, downloads, context));
    downloads += 1 + image.overlays.size();
    images.push_back(std::move(deployed));
  }
  if (block->log_dictionary)
    HILLTOP_CO_CHECK(co_await use_dictionary(run, &*block->log_dictionary, downloads, context));
  HILLTOP_CO_TRY(auto drive, co_await overlay_drive(run, block, context));
  if (drive)
    run->overlay_drives.insert(context.name_space);
  else
    run->overlay_drives.erase(context.name_space);
  if (drive) images.push_back(*std::move(drive));
  run->deployed[context.name_space] = std::move(images);
  co_return ok();
}

}  // namespace hilltop::jobs
