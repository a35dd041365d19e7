// SPDX-License-Identifier: Apache-2.0
#include "jobs/action/image_overlay.hpp"

#include <map>
#include <vector>

#include "jobs/action/archive_overlay.hpp"
#include "jobs/action/fetch.hpp"
#include "jobs/action/sparse_image.hpp"
#include "jobs/action/test_overlay.hpp"
#include "jobs/testshell/overlay_delivery.hpp"

namespace hilltop::jobs {
namespace {

namespace fs = std::filesystem;
using OverlayRef = std::shared_ptr<const testshell::Overlay>;

/// An image while overlays go into it.
struct Target {
  std::shared_ptr<JobRun> run;
  const DeployImage* image;
  fs::path file, folder;
  ActionContext context;
};

Result<> append_cpio(testshell::Overlay overlay, const fs::path& file, Deadline deadline) {
  HILLTOP_TRY(const auto facts, read_ramdisk(file, deadline));
  fit_to_ramdisk(overlay, facts);
  auto with = file;
  with += ".overlaid";
  HILLTOP_CHECK(testshell::append_overlay_cpio(overlay, file, with, Compression::none, deadline));
  std::error_code wrong;
  fs::rename(with, file, wrong);
  if (wrong) return Error(Errc::io, Blame::infrastructure, "can't replace " + file.string());
  return ok();
}

Task<> put_in(std::shared_ptr<Target> target, OverlayRef overlay) {
  const auto deadline = target->context.deadline;
  const auto& file = target->file;
  if (target->image->overlay == ImageOverlay::ext4) {
    HILLTOP_CO_TRY(const auto scratch, empty_folder(target->folder / "scratch"));
    co_return co_await testshell::inject_overlay_ext4(overlay, file, target->image->partition, scratch, deadline);
  }
  const bool tar = target->image->overlay == ImageOverlay::tar;
  auto work = [overlay, file, deadline, tar]() -> Result<> {
    return tar ? append_overlay_tar(*overlay, file, deadline) : append_cpio(*overlay, file, deadline);
  };
  co_return co_await target->run->lane.run(std::move(work));
}

Task<OverlayRef> fetch_overlay(std::shared_ptr<Target> target, const FileOverlay* wanted, std::size_t index) {
  const auto folder = target->folder / ("overlay-" + folder_name(wanted->name));
  auto url = std::make_shared<UrlSpec>(wanted->url);
  const auto compression = url->compression;
  if (wanted->is_tar) url->compression = Compression::none, url->archive_tar = false;  // read member by member
  HILLTOP_CO_TRY(const auto file,
                 co_await fetch_into(target->run, url.get(), wanted->name, index, folder, target->context));
  const auto deadline = target->context.deadline;
  auto work = [wanted, file, folder, compression, deadline] {
    return wanted->is_tar ? overlay_of_tar(file, compression, wanted->path, folder / "members", {}, deadline)
                          : overlay_of_file(file, wanted->path);
  };
  auto overlay = co_await target->run->lane.run(std::move(work));
  if (!overlay) co_return std::move(overlay).error().within(wanted->name);
  const OverlayRef out = std::make_shared<const testshell::Overlay>(*std::move(overlay));
  co_return out;
}

/// One over the other: where two have a path, the later one counts.
testshell::Overlay merged(const std::vector<OverlayRef>& overlays) {
  testshell::Overlay out;
  std::map<std::string, testshell::OverlayEntry> entries;  // a folder sorts before what is in it
  for (const auto& overlay : overlays) {
    if (!overlay->dir.empty()) out.dir = overlay->dir;
    for (const auto& entry : overlay->entries) entries[entry.path] = entry;
  }
  for (auto& [path, entry] : entries) out.entries.push_back(std::move(entry));
  return out;
}

/// All at once: an image may have to be converted for it.
Task<> put_all_in(std::shared_ptr<Target> target, std::size_t index) {
  const auto* image = target->image;
  const auto& run = target->run;
  std::vector<OverlayRef> overlays;
  for (const auto& wanted : image->overlays) {
    HILLTOP_CO_TRY(overlays.emplace_back(), co_await fetch_overlay(target, &wanted, index++));
    run->log(LogLevel::info, "adding " + wanted.name + " (" + std::to_string(overlays.back()->entries.size()) +
                                 " files, " + std::to_string(overlays.back()->bytes()) + " bytes) to " + image->label);
  }
  const auto& name_space = target->context.name_space;
  if (image->test_shell && needs_overlay(*run->input.definition, name_space)) {
    HILLTOP_CO_TRY(overlays.emplace_back(), co_await overlay_for(run, name_space, target->context.deadline));
    run->log(LogLevel::info, "adding the test shell's files (" + std::to_string(overlays.back()->bytes()) +
                                 " bytes) to " + image->label);
  }
  if (overlays.empty()) co_return ok();
  auto all = std::make_shared<const testshell::Overlay>(merged(overlays));
  co_return co_await put_in(target, std::move(all));
}

}  // namespace

Result<fs::path> empty_folder(const fs::path& folder) {
  std::error_code wrong;
  fs::remove_all(folder, wrong);
  fs::create_directories(folder, wrong);
  if (wrong) return Error(Errc::io, Blame::infrastructure, "can't make " + folder.string() + ": " + wrong.message());
  return folder;
}

Task<> overlay_image(std::shared_ptr<JobRun> run, const DeployImage* image, fs::path file, std::size_t index,
                     ActionContext context) {
  if (image->overlay == ImageOverlay::none) co_return ok();
  auto target = std::make_shared<Target>(Target{run, image, file, file.parent_path(), context});
  if (image->overlay == ImageOverlay::ext4) {
    auto expand = [file, deadline = context.deadline] { return expand_sparse_image(file, deadline); };
    auto expanded = co_await run->lane.run(std::move(expand));
    if (!expanded) co_return std::move(expanded).error().within(image->label);
    if (*expanded) run->log(LogLevel::info, image->label + " was a sparse image, and is a raw one now");
  }
  auto done = co_await put_all_in(target, index);
  co_return std::move(done).within(image->label);
}

}  // namespace hilltop::jobs
