// SPDX-License-Identifier: Apache-2.0
#include "jobs/plan_loader_checks.hpp"

#include <charconv>

#include "jobs/loader_script.hpp"

namespace hilltop::jobs::planning {
namespace {

bool is_address(std::string_view text) {
  if (!text.starts_with("0x") && !text.starts_with("0X")) return false;
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data() + 2, text.data() + text.size(), value, 16);
  return error == std::errc() && end == text.data() + text.size();
}

LoaderFiles planned_files(const DeployTftp* served) {
  LoaderFiles files;
  if (served == nullptr) return files;
  for (const auto& file : served->files) {
    files.names[file.label] = file.label + "/file";
    if (file.label == "kernel") files.kernel_kind = file.kind;
    if (file.label == "ramdisk") files.ramdisk_has_header = file.uboot_header;
  }
  return files;
}

}  // namespace

const std::set<std::string, std::less<>>& loader_context_keys() {
  static const std::set<std::string, std::less<>> keys = {
      "bootloader_prompt", "uboot_extra_error_message", "uboot_needs_interrupt",
      "booti_dtb_addr",    "booti_kernel_addr",         "booti_ramdisk_addr",
      "bootm_dtb_addr",    "bootm_kernel_addr",         "bootm_ramdisk_addr",
      "bootz_dtb_addr",    "bootz_kernel_addr",         "bootz_ramdisk_addr"};
  return keys;
}

void check_loader_context(const JobDefinition& job, const std::string& key, const Place& place, Diagnostics& out) {
  const auto& value = job.context.at(key);
  if (key.ends_with("_addr") && !is_address(value))
    out.error(place, "context " + key + ": '" + value + "' is no address", "write it as 0x40400000");
  if (key != "bootloader_prompt" && key != "uboot_extra_error_message") return;
  if (const auto compiled = boards::PatternSet::compile({value}); !compiled)
    out.error(place, "context " + key + ": " + compiled.error().text);
}

void check_loader(const JobDefinition& job, const Boot& boot, const DeployTftp* served, const boards::BoardType& type,
                  Diagnostics& out) {
  if (!has_loader(boot.method) || !boot.loader || !type.boots(to_string(boot.method))) return;
  const auto facts = loader_facts(type, boot.method, job.context);
  if (!facts) {
    out.error(boot.method_place, "boot method: board type " + type.name + " does not say how its " +
                                     std::string(to_string(boot.method)) + " is talked to");
    return;
  }
  if (boot.use_bootscript && served == nullptr)
    out.error(boot.loader->place, "boot use_bootscript: nothing was deployed by tftp that the script could lie beside",
              "put deploy to: tftp before it");
  const auto words = loader_words(*facts, job.context, planned_files(served));
  if (const auto lines = loader_lines(*facts, *boot.loader, words); !lines)
    out.error(boot.loader->place, "boot commands: " + lines.error().text);
}

}  // namespace hilltop::jobs::planning
