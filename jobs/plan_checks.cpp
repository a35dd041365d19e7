// SPDX-License-Identifier: Apache-2.0
#include "jobs/plan_checks.hpp"

#include <algorithm>
#include <charconv>
#include <set>

#include "jobs/definition/reader.hpp"
#include "jobs/loader_script.hpp"
#include "jobs/plan_loader_checks.hpp"
#include "jobs/plan_serving.hpp"

namespace hilltop::jobs::planning {
namespace {

using reading::listing;

/// What of `context` reaches an emulated machine, or this program.
const std::set<std::string, std::less<>>& machine_keys() {
  static const std::set<std::string, std::less<>> keys = {"arch",   "cpu",        "extra_options", "machine",
                                                          "memory", "model",      "monitor",       "netdevice",
                                                          "no_kvm", "no_network", "serial",        "vga"};
  return keys;
}

bool is_count(const std::string& text) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && value >= 1 && value <= 1000;
}

void check_name(const JobDefinition& job, const boards::BoardType& type, Diagnostics& out) {
  if (job.device_type == type.name || std::ranges::find(type.aliases, job.device_type) != type.aliases.end()) return;
  out.error(job.device_type_place,
            "device_type: '" + job.device_type + "' is not '" + type.name + "', the board type it is planned for");
}

void check_architecture(const JobDefinition& job, const boards::BoardType& type, Diagnostics& out) {
  const auto& offered = type.available_architectures;
  const auto chosen = job.context.find("arch");
  if (chosen == job.context.end()) {
    if (!type.context.contains("arch"))
      out.error(job.device_type_place, "context arch is missing: board type " + type.name + " needs it",
                "one of " + listing(offered, "or"));
    return;
  }
  if (std::ranges::find(offered, chosen->second) != offered.end()) return;
  const auto near = suggest(chosen->second, offered);
  out.error(job.context_places.at("arch"), "context arch: board type " + type.name + " has no '" + chosen->second + "'",
            near.empty() ? "one of " + listing(offered, "or") : near);
}

void check_context(const JobDefinition& job, const boards::BoardType& type, Diagnostics& out) {
  if (type.configurable_machine) check_architecture(job, type, out);
  for (const auto& [key, place] : job.context_places) {
    if (key == "boot_retry" || key == "failure_retry") {
      if (!is_count(job.context.at(key))) out.error(place, "context " + key + ": expected a number from 1 to 1000");
    } else if (loader_context_keys().contains(key) && !type.loaders.empty()) {
      check_loader_context(job, key, place, out);
    } else if (key == "lava_test_results_dir" || key == "test_character_delay") {
      continue;  // the test shell's
    } else if (!machine_keys().contains(key)) {
      out.warning(place, "context " + key + " has no effect: hilltop does not use it");
    } else if (!type.configurable_machine) {
      out.warning(place, "context " + key + " has no effect: the machine of board type " + type.name + " is fixed");
    }
  }
}

/// Walks the blocks in order, and knows what came before.
class BlockChecks {
 public:
  BlockChecks(const JobDefinition& job, const boards::BoardType& type, Diagnostics& out)
      : job_(job), type_(type), out_(out) {}

  void operator()(const DeployTmpfs& deploy) {
    check_deploy(deploy);
    note_deployed(deploy.common, false);
  }

  void operator()(const DeployTftp& deploy) {
    if (!type_.deploys("tftp"))
      out_.error(deploy.to_place, "deploy to: board type " + type_.name + " fetches nothing by tftp", offered());
    note_deployed(deploy.common, true);
    served_[deploy.common.name_space] = &deploy;
  }

  void operator()(const DeployOverlay& deploy) {
    if (!type_.deploys("overlay"))
      out_.error(deploy.to_place, "deploy to: board type " + type_.name + " does not offer 'overlay'", offered());
    const auto& name = deploy.common.name_space;
    if (!fetches_overlay(job_, name))
      out_.warning(deploy.to_place, "deploy to: overlay" + in(name) + " has no effect: no boot there fetches it",
                   "give the boot transfer_overlay, and a test with definitions after it");
  }

  void operator()(const DeployDownload&) {}

  void operator()(const DeployBoard& deploy) {
    if (!offers(deploy.to))
      out_.error(deploy.to_place, "deploy to: board type " + type_.name + " does not offer '" + deploy.to + "'",
                 offered());
    else if (deploy.way == DeployBoard::Way::flash)
      check_flash(deploy.to_place, deploy.images_place, deploy.images.size());
    if (deploy.way == DeployBoard::Way::files) return;
    note_deployed(deploy.common, false);
    unbooted_.erase(deploy.common.name_space);  // what is written stays, whatever comes next
  }

  void operator()(const Boot& boot) {
    const std::string method(to_string(boot.method));
    if (!type_.boots(method))
      out_.error(boot.method_place, "boot method: board type " + type_.name + " does not boot by '" + method + "'",
                 type_.boot_methods.empty() ? "" : "it offers " + listing(type_.boot_methods));
    if (boot.pre_power_command) no_command(boot.common.place, "pre_power_command");
    if (boot.pre_os_command) no_command(boot.common.place, "pre_os_command");
    if (boot.transfer_overlay) check_transfer(boot);
    if (boot.method == BootMethod::recovery) return;
    if (boot.method == BootMethod::kexec || !boot.soft_reboot.empty())
      check_running(boot);
    else
      check_something_to_boot(boot);
    const auto served = served_.find(boot.common.name_space);
    check_loader(job_, boot, served == served_.end() ? nullptr : served->second, type_, out_);
    if (!boot.refused.empty() || !boot.boot_finished.empty()) {
      booted_.erase(boot.common.name_space);
      unbooted_.erase(boot.common.name_space);
      return;
    }
    booted_.insert(boot.common.name_space);
    unbooted_.erase(boot.common.name_space);
  }

  void operator()(const TestMonitors& test) { check_test(test.common); }
  void operator()(const TestInteractive& test) { check_test(test.common); }
  void operator()(const TestDefinitions& test) {
    check_test(test.common);
    const auto& name = test.common.name_space;
    if (!type_.configurable_machine && !brings_overlay(job_, name))
      out_.error(
          test.common.place, "test definitions" + in(name) + ": nothing brings the test shell's files to the board",
          "a ramdisk does (deploy to: tftp), an image with overlays: {lava: true}, or a boot with transfer_overlay");
  }

  void operator()(const CommandBlock& command) {
    if (command.name == "pre_power_command" || command.name == "pre_os_command")
      no_command(command.name_place, command.name);
    if (command.name == "power_cut" && booted_.empty())
      out_.error(command.name_place, "command power_cut: nothing was booted before it", "put a boot before it");
  }

  void finish() {
    for (const auto& [name, deploy] : unbooted_)
      out_.warning(deploy->place, "deploy" + in(name) + " has no effect: no boot follows it");
  }

 private:
  static std::string in(const std::string& name_space) {
    return name_space == "common" ? "" : " in namespace '" + name_space + "'";
  }

  /// What can be flashed can be flashed at once, and a Musca that boots so is one.
  bool offers(const std::string& target) const {
    return type_.deploys(target) || (target == "flasher" && type_.flash.supported) ||
           (target == "musca" && type_.boots("musca"));
  }

  void no_command(const Place& place, const std::string& name) {
    out_.error(place, "board type " + type_.name + " has no command '" + name + "'",
               "commands of a lab's own are not supported yet");
  }

  void check_deploy(const DeployTmpfs& deploy) {
    if (!type_.deploys("tmpfs")) {
      out_.error(deploy.to_place, "deploy to: board type " + type_.name + " does not offer 'tmpfs'",
                 type_.deploy_methods.empty() ? "it boots what is on the board: leave deploy out"
                                              : "it offers " + listing(type_.deploy_methods));
      return;
    }
    for (const DeployImage& image : deploy.images) {
      if (type_.configurable_machine && image.image_arg.empty())
        out_.warning(image.place, "deploy images " + image.label + " has no image_arg: the machine does not get it");
      if (!type_.configurable_machine && !image.image_arg.empty() && !type_.boots("dfu"))
        out_.warning(image.place, "deploy images " + image.label + " image_arg has no effect: board type " +
                                      type_.name + " is flashed");
    }
    if (!type_.configurable_machine && !check_drives(deploy))
      check_flash(deploy.to_place, deploy.images_place, deploy.images.size());
  }

  std::string offered() const {
    return type_.deploy_methods.empty() ? "" : "it offers " + listing(type_.deploy_methods);
  }

  /// A deploy that nothing boots before the next one in its namespace is lost; tftp and tmpfs go together.
  void note_deployed(const BlockCommon& deploy, bool tftp) {
    const auto earlier = unbooted_.find(deploy.name_space);
    const bool same_kind = served_.contains(deploy.name_space) == tftp;
    if (earlier != unbooted_.end() && same_kind)
      out_.warning(earlier->second->place,
                   "deploy" + in(deploy.name_space) + " has no effect: a later one replaces it");
    deployed_[deploy.name_space] = &deploy;
    unbooted_[deploy.name_space] = &deploy;
  }

  /// Whether images of this type's boards are drives, by their names; complains of other labels.
  bool check_drives(const DeployTmpfs& deploy) {
    const Node drives = type_.drivers["emulator"]["drives"];
    if (type_.flash.supported || !drives || !drives.is_map()) return false;
    std::vector<std::string> names;
    for (const auto& [key, value] : drives.entries()) names.push_back(key.text());
    for (const DeployImage& image : deploy.images)
      if (std::ranges::find(names, image.label) == names.end())
        out_.error(image.place, "deploy images: boards of type " + type_.name + " have no drive '" + image.label + "'",
                   "their drives are " + listing(names));
    return true;
  }

  /// The files are fetched by the shell that the boot reached.
  void check_transfer(const Boot& boot) {
    const auto& place = boot.transfer_overlay->place;
    if (type_.configurable_machine)
      out_.error(place, "boot transfer_overlay: a machine of type " + type_.name + " has no way to the lab's files",
                 "leave it out: the test shell's files come on a drive of their own");
    else if (!boot.refused.empty() || effective_prompts(boot, type_).empty())
      out_.error(place, "boot transfer_overlay needs a shell to type to", "give the boot prompts");
    else if (!fetches_overlay(job_, boot.common.name_space))
      out_.warning(place,
                   "boot transfer_overlay" + in(boot.common.name_space) + " has no effect: no test shell runs there");
  }

  /// kexec and a soft reboot go on from a system that runs.
  void check_running(const Boot& boot) {
    if (booted_.contains(boot.common.name_space)) return;
    out_.error(
        boot.method_place,
        (boot.method == BootMethod::kexec ? std::string("boot method: kexec") : std::string("boot soft_reboot")) +
            in(boot.common.name_space) + ": nothing was booted there before it",
        "put another boot before it");
  }

  void check_flash(const Place& to, const Place& images_place, std::size_t images) {
    if (!type_.flash.supported) {
      out_.error(to, "deploy to: boards of type " + type_.name + " cannot be flashed",
                 "the board type states no flash facts with a source");
    } else if (images > type_.flash.max_images) {
      out_.error(images_place, "deploy images: " + std::to_string(images) + " images, and board type " + type_.name +
                                   " takes " + std::to_string(type_.flash.max_images));
    }
  }

  void check_something_to_boot(const Boot& boot) {
    if (deployed_.contains(boot.common.name_space)) return;
    if (!deployed_.empty())
      out_.error(boot.common.place, "boot" + in(boot.common.name_space) + ": nothing was deployed there",
                 "something was deployed in " + listing(names_deployed()));
    else if (type_.configurable_machine)
      out_.error(boot.common.place,
                 "boot: nothing was deployed, and a machine of type " + type_.name + " has nothing of its own to boot",
                 "put a deploy before it");
  }

  void check_test(const BlockCommon& common) {
    const std::string& wanted = common.connection_namespace.empty() ? common.name_space : common.connection_namespace;
    if (booted_.contains(wanted)) return;
    out_.error(common.place, "test" + in(wanted) + ": nothing was booted there before it",
               booted_.empty() ? "put a boot before it"
                               : "something was booted in " + listing({booted_.begin(), booted_.end()}));
  }

  std::vector<std::string> names_deployed() const {
    std::vector<std::string> names;
    for (const auto& [name, deploy] : deployed_) names.push_back(name);
    return names;
  }

  const JobDefinition& job_;
  const boards::BoardType& type_;
  Diagnostics& out_;
  std::map<std::string, const BlockCommon*> deployed_, unbooted_;
  std::map<std::string, const DeployTftp*> served_;
  std::set<std::string> booted_;
};

}  // namespace

void check_against_type(const JobDefinition& job, const boards::BoardType& type, Diagnostics& out) {
  check_name(job, type, out);
  check_context(job, type, out);
  BlockChecks checks(job, type, out);
  for (const ActionBlock& block : job.actions) std::visit(checks, block);
  checks.finish();
}

}  // namespace hilltop::jobs::planning
