// SPDX-License-Identifier: Apache-2.0
#include "jobs/plan_serving.hpp"

#include <algorithm>

#include "boards/inventory_network.hpp"

namespace hilltop::jobs {

ServingNeeds serving_needs(const JobDefinition& job) {
  ServingNeeds needs;
  for (const auto& block : job.actions) {
    if (const auto* deploy = std::get_if<DeployTftp>(&block); deploy != nullptr && !needs.tftp)
      needs.tftp = deploy->to_place;
    if (const auto* boot = std::get_if<Boot>(&block);
        boot != nullptr && boot->transfer_overlay && !needs.http && fetches_overlay(job, boot->common.name_space))
      needs.http = boot->transfer_overlay->place;
  }
  return needs;
}

bool fetches_overlay(const JobDefinition& job, std::string_view name_space) {
  bool fetches = false, tests = false;
  for (const auto& block : job.actions) {
    if (common_of(block).name_space != name_space) continue;
    const auto* boot = std::get_if<Boot>(&block);
    fetches = fetches || (boot != nullptr && boot->transfer_overlay);
    tests = tests || std::holds_alternative<TestDefinitions>(block);
  }
  return fetches && tests;
}

bool brings_overlay(const JobDefinition& job, std::string_view name_space) {
  return std::ranges::any_of(job.actions, [&](const ActionBlock& block) {
    if (common_of(block).name_space != name_space) return false;
    if (const auto* boot = std::get_if<Boot>(&block)) return boot->transfer_overlay.has_value();
    if (const auto* tmpfs = std::get_if<DeployTmpfs>(&block))
      return std::ranges::any_of(tmpfs->images, &DeployImage::test_shell);
    if (const auto* card = std::get_if<DeployBoard>(&block))
      return std::ranges::any_of(card->images, &DeployImage::test_shell);
    const auto* tftp = std::get_if<DeployTftp>(&block);
    const auto* ramdisk = tftp == nullptr ? nullptr : tftp->file("ramdisk");
    return ramdisk != nullptr && ramdisk->install_overlay;
  });
}

void check_serving(const JobDefinition& job, const boards::BoardConfig& board, const boards::BootServerSettings& server,
                   Diagnostics& out) {
  const auto needs = serving_needs(job);
  if (needs.tftp)
    if (const auto why = boards::why_not_tftp(board, server); !why.empty())
      out.error(*needs.tftp, "deploy to: tftp: " + why);
  if (needs.http)
    if (const auto why = boards::why_not_http(board, server); !why.empty())
      out.error(*needs.http, "boot transfer_overlay: " + why);
}

}  // namespace hilltop::jobs
