// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "jobs/action/actions.hpp"
#include "jobs/action/fetch.hpp"
#include "jobs/action/legacy_image.hpp"
#include "jobs/action/test_overlay.hpp"
#include "jobs/testshell/overlay_delivery.hpp"

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

struct Ramdisk {
  fs::path file;
  bool header = false;
  LegacyArch arch = LegacyArch::arm;
  std::shared_ptr<const testshell::Overlay> overlay;  ///< nullptr: none
};

/// The ramdisk as the board gets it, at the place of the one that was fetched. Blocks.
Result<> prepare(const Ramdisk& ramdisk, Deadline deadline) {
  const auto beside = [&](const char* ending) {
    auto path = ramdisk.file;
    path += ending;
    return path;
  };
  std::error_code wrong;
  HILLTOP_TRY(const bool stripped, strip_legacy_header(ramdisk.file, deadline));
  if (ramdisk.overlay) {
    const auto with = beside(".overlaid");
    HILLTOP_CHECK(testshell::append_overlay_cpio(*ramdisk.overlay, ramdisk.file, with, Compression::none, deadline));
    fs::rename(with, ramdisk.file, wrong);
  }
  if (!wrong && (ramdisk.header || stripped)) {
    const auto with = beside(".headed");
    HILLTOP_CHECK(add_legacy_header(ramdisk.file, with, ramdisk.arch, deadline));
    fs::rename(with, ramdisk.file, wrong);
  }
  if (wrong) return Error(Errc::io, Blame::infrastructure, "can't replace " + ramdisk.file.string());
  return ok();
}

Task<> prepare_ramdisk(std::shared_ptr<JobRun> run, const DeployTftp* block, fs::path file, ActionContext context) {
  Step step(*run, context, "prepare-tftp-overlay");
  const auto* asked = block->file("ramdisk");
  auto ramdisk = std::make_shared<Ramdisk>(Ramdisk{file, asked->uboot_header, arch_of(*run, *block), nullptr});
  if (asked->install_overlay && needs_overlay(*run->input.definition, context.name_space)) {
    HILLTOP_CO_TRY(ramdisk->overlay, co_await overlay_for(run, context.name_space, step.deadline()));
    run->log(LogLevel::info,
             "adding the test shell's files (" + std::to_string(ramdisk->overlay->bytes()) + " bytes) to the ramdisk");
  }
  if (!ramdisk->overlay && !ramdisk->header) {
    step.succeed();
    co_return ok();
  }
  const auto deadline = step.deadline();
  auto done = co_await run->lane.run([ramdisk, deadline] { return prepare(*ramdisk, deadline); });
  if (!done) co_return std::move(done).within("ramdisk");
  step.succeed();
  co_return ok();
}

}  // namespace

Task<> deploy_tftp(std::shared_ptr<JobRun> run, const DeployTftp* block, ActionContext context) {
  ServedFiles served;
  served.dir = run->input.job_dir / folder_name(context.name_space) / "tftp";
  for (std::size_t i = 0; i < block->files.size(); ++i) {
    const auto* file = &block->files[i];
    const auto folder = served.dir / folder_name(file->label);
    HILLTOP_CO_TRY(const auto put, co_await fetch_into(run, &file->url, file->label, i, folder, context));
    if (file->label == "ramdisk") HILLTOP_CO_CHECK(co_await prepare_ramdisk(run, block, put, context));
    if (file->label == "ramdisk") served.files.ramdisk_has_header = file->uboot_header;
    if (file->label == "kernel") served.files.kernel_kind = file->kind;
    served.files.names[file->label] = put.lexically_relative(served.dir).string();
  }
  run->served[context.name_space] = std::move(served);
  co_return ok();
}

Task<> deploy_overlay(std::shared_ptr<JobRun>, const DeployOverlay*, ActionContext) {
  co_return Error(Errc::unsupported, Blame::job, "deploy to: overlay is not supported yet");
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
