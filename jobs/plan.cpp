// SPDX-License-Identifier: Apache-2.0
#include "jobs/plan.hpp"

#include <algorithm>
#include <cstdlib>

#include "jobs/definition/reader.hpp"
#include "jobs/loader_script.hpp"
#include "jobs/plan_checks.hpp"
#include "jobs/plan_timeouts.hpp"

namespace hilltop::jobs {
namespace {

using namespace planning;

/// A URL as it may be shown: without a user's name and password.
std::string shown(const std::string& url) {
  const std::size_t host = url.find("://");
  if (host == std::string::npos) return url;
  const std::size_t path = url.find('/', host + 3);
  const std::size_t at = url.rfind('@', path);
  if (at == std::string::npos || at < host + 3) return url;
  return url.substr(0, host + 3) + "***" + url.substr(at);
}

std::string_view to_string(Compression compression) {
  switch (compression) {
    case Compression::none:
      return "";
    case Compression::gz:
      return "gz";
    case Compression::xz:
      return "xz";
    case Compression::bz2:
      return "bz2";
    case Compression::zstd:
      return "zstd";
    case Compression::zip:
      return "zip";
  }
  return "";
}

std::string fetch_summary(const std::string& label, const UrlSpec& url) {
  std::vector<std::string> notes;
  if (url.compression != Compression::none) notes.emplace_back(to_string(url.compression));
  if (url.archive_tar) notes.emplace_back("tar");
  if (url.sha512sum)
    notes.emplace_back("sha512 checked");
  else if (url.sha256sum)
    notes.emplace_back("sha256 checked");
  else if (url.md5sum)
    notes.emplace_back("md5 checked");
  std::string text = "fetch " + label + " from " + shown(url.url);
  for (const std::string& note : notes) text += (&note == notes.data() ? " (" : ", ") + note;
  return notes.empty() ? text : text + ")";
}

template <class List, class Text>
std::string joined(const List& list, const Text& text) {
  std::string result;
  for (const auto& one : list) result += (result.empty() ? "" : ", ") + text(one);
  return result;
}

std::string quoted(const std::string& text) { return "'" + text + "'"; }

/// Builds the actions of one block after another.
class Planner {
 public:
  Planner(const JobDefinition& job, const boards::BoardType& type) : job_(job), type_(type) {}

  /// The action of block `number` (1-based).
  PlannedAction plan(const ActionBlock& block, std::size_t number) {
    level_ = std::to_string(number);
    block_ = &common_of(block);
    return std::visit([this](const auto& one) { return plan_block(one); }, block);
  }

  PlannedAction plan_finalize(std::size_t number) const {
    PlannedAction finalize{.level = std::to_string(number), .name = "finalize", .summary = "leave the board clean"};
    finalize.timeout = cleanup_timeout(type_, "finalize");
    PlannedAction off{.level = finalize.level + ".1", .name = "power-off", .summary = "power off, and read it back"};
    off.timeout = cleanup_timeout(type_, "power-off");
    for (PlannedAction* action : {&finalize, &off}) {
      action->connection_timeout = connection_timeout({job_, type_, nullptr, nullptr, action->name});
      action->attempt_budget = action->timeout.value;
    }
    finalize.children.push_back(std::move(off));
    return finalize;
  }

 private:
  PlannedAction make(std::string name, std::string summary, const PlannedAction* parent,
                     std::uint32_t attempts = 1) const {
    PlannedAction action{.name = std::move(name), .summary = std::move(summary), .name_space = block_->name_space};
    action.level = parent ? parent->level + "." + std::to_string(parent->children.size() + 1) : level_;
    action.attempts = attempts;
    action.repeat = parent ? 1 : block_->repeat;
    const TimeoutQuery query{job_, type_, block_, parent, action.name};
    action.timeout = action_timeout(query);
    action.connection_timeout = connection_timeout(query);
    action.attempt_budget = action.timeout.value / (action.attempts * action.repeat);
    return action;
  }

  PlannedAction make_block(std::string name, std::string summary) const {
    return make(std::move(name), std::move(summary), nullptr, block_->failure_retry.value_or(1));
  }

  /// failure_retry of the block, else of the context, else of the board type; `repeat` excludes it.
  std::uint32_t boot_attempts() const {
    if (block_->failure_retry) return *block_->failure_retry;
    if (block_->repeat > 1) return 1;
    for (const char* key : {"boot_retry", "failure_retry"})
      if (const auto found = job_.context.find(key); found != job_.context.end())
        return static_cast<std::uint32_t>(std::clamp(std::atoi(found->second.c_str()), 1, 1000));
    return static_cast<std::uint32_t>(std::max<std::size_t>(1, type_.failure_retry));
  }

  static void add(PlannedAction& parent, PlannedAction child) { parent.children.push_back(std::move(child)); }

  void add_download(PlannedAction& action, const std::string& label, const UrlSpec& url) const {
    PlannedAction retry = make("download-retry", "", &action);
    add(retry,
        make(url.url.starts_with("file:") ? "file-download" : "http-download", fetch_summary(label, url), &retry));
    add(action, std::move(retry));
  }

  PlannedAction plan_block(const DeployTmpfs& deploy) {
    PlannedAction action = make_block("deployimages", "");
    for (const DeployImage& image : deploy.images) {
      add_download(action, image.label, image.url);
      for (const FileOverlay& overlay : image.overlays) add_download(action, overlay.name, overlay.url);
    }
    if (deploy.log_dictionary) add_download(action, "log_dictionary", deploy.log_dictionary->url);
    deployed_[deploy.common.name_space] = &deploy;
    return action;
  }

  PlannedAction plan_block(const DeployTftp& deploy) {
    PlannedAction action = make_block("tftp-deploy", "");
    for (const DeployFile& file : deploy.files) add_download(action, file.label, file.url);
    if (deploy.modules) add_download(action, "modules", *deploy.modules);
    if (deploy.file("ramdisk") != nullptr)
      add(action, make("prepare-tftp-overlay", "make the ramdisk ready for the board", &action));
    deployed_.erase(deploy.common.name_space);
    return action;
  }

  PlannedAction plan_block(const DeployOverlay&) { return make_block("deploy-overlay", "make the test shell's files"); }

  PlannedAction plan_block(const DeployDownload& deploy) {
    PlannedAction action = make_block("download-deploy", "");
    for (const DeployImage& image : deploy.images) add_download(action, image.label, image.url);
    return action;
  }

  PlannedAction plan_block(const DeployBoard& deploy) {
    const bool storage = deploy.way == DeployBoard::Way::storage;
    PlannedAction action = make_block((storage ? std::string("storage") : deploy.to) + "-deploy", "");
    for (const DeployImage& image : deploy.images) {
      add_download(action, image.label, image.url);
      for (const FileOverlay& overlay : image.overlays) add_download(action, overlay.name, overlay.url);
    }
    if (storage) add(action, make("dd-image", "write the board's card, and read it back", &action));
    if (deploy.way == DeployBoard::Way::flash)
      add(action,
          make("flash-device", "flash " + joined(deploy.images, [](const auto& one) { return one.label; }), &action));
    deployed_.erase(deploy.common.name_space);
    return action;
  }

  PlannedAction plan_recovery(const Boot& boot) const {
    PlannedAction action = make("boot-recovery", "", nullptr, boot_attempts());
    const auto* words = boot.into_recovery ? "start the board in its recovery mode" : "start the board as usual";
    add(action, make("recovery-mode", words, &action));
    return action;
  }

  PlannedAction plan_block(const Boot& boot) {
    const bool machine = type_.configurable_machine;
    if (has_loader(boot.method)) return plan_loader(boot);
    if (boot.method == BootMethod::kexec) return plan_kexec(boot);
    if (boot.method == BootMethod::ssh) return plan_ssh(boot);
    if (boot.method == BootMethod::recovery) return plan_recovery(boot);
    if (boot.method == BootMethod::qemu || (machine && boot.method == BootMethod::monitor)) return plan_machine(boot);
    const auto method = std::string(to_string(boot.method));
    PlannedAction action =
        make(has_flasher(boot.method) ? "boot-" + method : method + "-boot", "", nullptr, boot_attempts());
    add(action, make("connect-device", "listen on the console", &action));
    const auto deployed = deployed_.find(boot.common.name_space);
    if (machine) add(action, make("execute-qemu", with_stages(machine_summary()), &action));
    if (!machine && deployed != deployed_.end() && type_.flash.supported)
      add(action,
          make("flash-device",
               "flash " + joined(deployed->second->images, [](const auto& image) { return image.label; }), &action));
    if (!machine) add_start(action, boot);
    add_login(action, boot);
    return action;
  }

  PlannedAction plan_machine(const Boot& boot) {
    if (boot.method == BootMethod::monitor) {
      PlannedAction action = make("boot-monitored-qemu", "", nullptr, boot_attempts());
      add(action, make("execute-qemu", with_stages(machine_summary()), &action));
      return action;
    }
    PlannedAction action = make("boot-image-retry", "", nullptr, boot_attempts());
    PlannedAction image = make("boot-qemu-image", "", &action);
    add(image, make("execute-qemu", with_stages(machine_summary()), &image));
    add(action, std::move(image));
    add_login(action, boot);
    return action;
  }

  /// What is done, and by when each stage of the boot that follows must have begun.
  std::string with_stages(std::string summary) const {
    std::string stages;
    for (const auto& stage : type_.boot_stages) {
      stages += (stages.empty() ? "; then " : ", ") + stage.name;
      if (stage.timeout.count() > 0)
        stages += " within " + std::to_string(stage.timeout / std::chrono::seconds(1)) + " s";
    }
    return summary + stages;
  }

  void add_start(PlannedAction& action, const Boot& boot) const {
    if (!boot.soft_reboot.empty())
      add(action, make("soft-reboot", with_stages("type " + joined(boot.soft_reboot, quoted)), &action));
    else if (boot.reset)
      add(action, make("reset-device", with_stages("start the board anew"), &action));
  }

  std::string machine_summary() const {
    std::map<std::string, std::string> context = type_.context;
    for (const auto& [key, value] : job_.context) context[key] = value;
    std::string text = "start a machine:";
    for (const char* key : {"arch", "machine", "cpu", "memory"})
      if (const auto found = context.find(key); found != context.end())
        text += " " + std::string(key) + " " + found->second;
    return text;
  }

  PlannedAction plan_loader(const Boot& boot) const {
    const std::string name = boot.method == BootMethod::u_boot ? "uboot-action"
                             : boot.method == BootMethod::uefi ? "uefi-shell-main-action"
                                                               : "grub-main-action";
    PlannedAction action = make(name, "", nullptr, boot_attempts());
    add(action, make("connect-device", "listen on the console", &action));
    add_start(action, boot);
    const auto facts = loader_facts(type_, boot.method, job_.context);
    if (facts && facts->needs_interrupt) add(action, make("bootloader-interrupt", "stop the automatic boot", &action));
    if (boot.loader) {
      const auto lines = boot.loader->set.empty() ? std::to_string(boot.loader->lines.size()) + " lines of the job"
                                                  : "the board type's lines '" + boot.loader->set + "'";
      add(action, make("bootloader-commands", boot.use_bootscript ? lines + " in one script" : lines, &action));
    }
    add_login(action, boot);
    return action;
  }

  PlannedAction plan_kexec(const Boot& boot) const {
    PlannedAction action = make("kexec-boot", "", nullptr, boot_attempts());
    const auto how = boot.kexec->on_panic ? " by a crash of the running system" : " from the running system";
    add(action, make("kexec-device", "start " + boot.kexec->kernel + how, &action));
    add_login(action, boot);
    return action;
  }

  PlannedAction plan_ssh(const Boot& boot) const {
    PlannedAction action = make("login-ssh", "", nullptr, boot_attempts());
    add(action, make("primary-ssh", "log in by ssh", &action));
    add_login(action, boot);
    return action;
  }

  void add_login(PlannedAction& action, const Boot& boot) const {
    if (!boot.refused.empty()) {
      add(action, make("expect-refused", "the board must say " + joined(boot.refused, quoted), &action));
      return;
    }
    if (!boot.boot_finished.empty()) {
      const auto words = "wait for " + joined(boot.boot_finished, quoted) + ", then power off";
      add(action, make("installer-wait", words, &action));
      return;
    }
    const auto& prompts = effective_prompts(boot, type_);
    if (prompts.empty() && !boot.auto_login) return;
    std::string summary = boot.auto_login ? "log in as " + boot.auto_login->username + ", then wait" : "wait";
    add(action, make("auto-login-action", summary + " for " + joined(prompts, quoted), &action));
    if (boot.transfer_overlay)
      add(action, make("overlay-transfer", "the board fetches the test shell's files", &action));
  }

  PlannedAction plan_block(const TestMonitors& test) {
    return make_block("lava-test-monitor",
                      "watch for " + joined(test.monitors, [](const Monitor& one) { return one.name; }));
  }

  PlannedAction plan_block(const TestInteractive& test) {
    return make_block("lava-test-interactive", "run " + joined(test.scripts, [](const InteractiveScript& one) {
                                                 return one.name + " (" + std::to_string(one.script.size()) +
                                                        (one.script.size() == 1 ? " step)" : " steps)");
                                               }));
  }

  PlannedAction plan_block(const TestDefinitions& test) {
    return make_block("lava-test-shell",
                      "run " + joined(test.definitions, [](const TestDefinition& one) { return one.name; }));
  }

  PlannedAction plan_block(const CommandBlock& command) { return make_block("user-command", command.name); }

  const JobDefinition& job_;
  const boards::BoardType& type_;
  std::string level_;
  const BlockCommon* block_ = nullptr;
  std::map<std::string, const DeployTmpfs*> deployed_;
};

}  // namespace

const PlannedAction* PlannedAction::find(std::string_view wanted) const {
  for (const PlannedAction& child : children) {
    if (child.name == wanted) return &child;
    if (const PlannedAction* below = child.find(wanted)) return below;
  }
  return nullptr;
}

Plan make_plan(const JobDefinition& job, const boards::BoardType& type, Diagnostics& diagnostics) {
  Diagnostics found;
  check_against_type(job, type, found);
  Plan plan;
  const TimeoutSpec& whole = job.timeouts.job;
  plan.job_timeout = {whole.value, "job timeouts.job (line " + std::to_string(whole.place.line) + ")", whole.skip};
  plan.board_type = type.name;
  Planner planner(job, type);
  for (const ActionBlock& block : job.actions) plan.actions.push_back(planner.plan(block, plan.actions.size() + 1));
  plan.actions.push_back(planner.plan_finalize(plan.actions.size() + 1));
  warn_of_unused(job, plan, found);
  reading::append_sorted(found, diagnostics);
  return plan;
}

}  // namespace hilltop::jobs
