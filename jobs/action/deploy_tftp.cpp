// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "jobs/action/actions.hpp"
#include "jobs/action/fetch.hpp"
#include "jobs/action/ramdisk.hpp"
#include "jobs/action/serving.hpp"
#include "jobs/action/test_overlay.hpp"

namespace hilltop::jobs {
namespace {

namespace fs = std::filesystem;

/// What U-Boot's header says the ramdisk is for: by the command that starts the kernel (booti is 64-bit Arm's or
/// RISC-V's, bootz 32-bit Arm's); U-Boot refuses another architecture's.
LegacyArch arch_of(const JobRun& run, const DeployTftp& block) {
  const auto& type = run.input.board->type();
  const auto system = type.drivers["emulator"]["system"];
  const bool riscv = system && system.is_string() && system.text().starts_with("riscv");
  if (riscv) return LegacyArch::riscv;
  const auto* kernel = block.file("kernel");
  const auto loader = type.loaders.find("u-boot");
  if (kernel != nullptr && kernel->kind == "image") return LegacyArch::arm64;
  if (kernel != nullptr && !kernel->kind.empty()) return LegacyArch::arm;
  return loader != type.loaders.end() && loader->second.boot_command == "booti" ? LegacyArch::arm64 : LegacyArch::arm;
}

/// The ramdisk as the board gets it, at the place of the one that was fetched.
Task<> prepare_ramdisk(std::shared_ptr<JobRun> run, const DeployTftp* block, fs::path file, fs::path modules,
                       ActionContext context) {
  Step step(*run, context, "prepare-tftp-overlay");
  const auto* asked = block->file("ramdisk");
  auto ramdisk = std::make_shared<Ramdisk>();
  ramdisk->file = std::move(file);
  ramdisk->compression = asked->url.archive_tar ? Compression::none : kept_compression(asked->url);
  ramdisk->header = asked->uboot_header;
  ramdisk->arch = arch_of(*run, *block);
  if (!modules.empty() && asked->install_modules) {
    ramdisk->modules = std::move(modules);
    ramdisk->modules_compression = block->modules->compression;
  }
  if (asked->install_overlay && needs_overlay(*run->input.definition, context.name_space)) {
    HILLTOP_CO_TRY(ramdisk->overlay, co_await overlay_for(run, context.name_space, step.deadline()));
    run->log(LogLevel::info,
             "adding the test shell's files (" + std::to_string(ramdisk->overlay->bytes()) + " bytes) to the ramdisk");
  }
  auto work = [ramdisk, deadline = step.deadline()] { return make_ramdisk(*ramdisk, deadline); };
  auto done = co_await run->lane.run(std::move(work));
  if (!done) co_return std::move(done).error().within("ramdisk");
  for (const auto& line : *done) run->log(LogLevel::info, "ramdisk: " + line);
  step.succeed();
  co_return ok();
}

/// The modules stay out of the TFTP folder: the board has no use for the file. "": there are none.
Task<fs::path> fetch_modules(std::shared_ptr<JobRun> run, const DeployTftp* block, ActionContext context) {
  if (!block->modules) co_return fs::path();
  auto url = std::make_shared<UrlSpec>(*block->modules);
  url->compression = Compression::none;  // read as it is, member by member
  url->archive_tar = false;
  const auto folder = run->input.job_dir / folder_name(context.name_space) / "modules";
  co_return co_await fetch_into(run, url.get(), "modules", block->files.size(), folder, context);
}

Task<fs::path> fetch_file(std::shared_ptr<JobRun> run, const DeployFile* file, std::size_t index, fs::path folder,
                          ActionContext context) {
  auto url = std::make_shared<UrlSpec>(file->url);
  if (file->label == "ramdisk" && kept_compression(file->url) != Compression::none)
    url->compression = Compression::none;  // prepare_ramdisk sees to it
  co_return co_await fetch_into(run, url.get(), file->label, index, std::move(folder), context);
}

}  // namespace

Task<> deploy_tftp(std::shared_ptr<JobRun> run, const DeployTftp* block, ActionContext context) {
  ServedFiles served;
  served.dir = run->input.job_dir / folder_name(context.name_space) / "tftp";
  fs::path ramdisk;
  for (std::size_t i = 0; i < block->files.size(); ++i) {
    const auto* file = &block->files[i];
    const auto folder = served.dir / folder_name(file->label);
    HILLTOP_CO_TRY(const auto put, co_await fetch_file(run, file, i, folder, context));
    if (file->label == "ramdisk") ramdisk = put;
    if (file->label == "ramdisk") served.files.ramdisk_has_header = file->uboot_header;
    if (file->label == "kernel") served.files.kernel_kind = file->kind;
    served.files.names[file->label] = put.lexically_relative(served.dir).string();
  }
  HILLTOP_CO_TRY(const auto modules, co_await fetch_modules(run, block, context));
  if (!ramdisk.empty()) HILLTOP_CO_CHECK(co_await prepare_ramdisk(run, block, ramdisk, modules, context));
  run->served[context.name_space] = std::move(served);
  co_return ok();
}

Task<> deploy_overlay(std::shared_ptr<JobRun> run, const DeployOverlay*, ActionContext context) {
  co_return co_await make_fetchable_overlay(run, context.name_space, context.deadline);
}

Task<> deploy_download(std::shared_ptr<JobRun> run, const DeployDownload* block, ActionContext context) {
  for (std::size_t i = 0; i < block->images.size(); ++i) {
    const auto& image = block->images[i];
    const auto folder = run->input.job_dir / folder_name(context.name_space) / "download" / folder_name(image.label);
    HILLTOP_CO_CHECK(co_await fetch_into(run, &image.url, image.label, i, folder, context));
  }
  co_return ok();
}

}  // namespace hilltop::jobs
