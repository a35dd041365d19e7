// SPDX-License-Identifier: Apache-2.0
#include "jobs/definition/job_definition.hpp"

#include <array>

namespace hilltop::jobs {
namespace {

constexpr std::array<std::pair<CaseResult, std::string_view>, 4> case_results = {{{CaseResult::pass, "pass"},
                                                                                  {CaseResult::fail, "fail"},
                                                                                  {CaseResult::skip, "skip"},
                                                                                  {CaseResult::unknown, "unknown"}}};

struct KindOf {
  std::string_view operator()(const DeployTmpfs&) const { return "deploy"; }
  std::string_view operator()(const Boot&) const { return "boot"; }
  std::string_view operator()(const TestMonitors&) const { return "test"; }
  std::string_view operator()(const TestInteractive&) const { return "test"; }
  std::string_view operator()(const TestDefinitions&) const { return "test"; }
  std::string_view operator()(const CommandBlock&) const { return "command"; }
};

}  // namespace

std::string_view to_string(CaseResult result) noexcept {
  for (const auto& [value, name] : case_results)
    if (value == result) return name;
  return "unknown";
}

std::optional<CaseResult> case_result_from(std::string_view text) noexcept {
  for (const auto& [value, name] : case_results)
    if (name == text) return value;
  return {};
}

std::string_view to_string(BootMethod method) noexcept {
  switch (method) {
    case BootMethod::qemu:
      return "qemu";
    case BootMethod::minimal:
      return "minimal";
    case BootMethod::monitor:
      return "monitor";
  }
  return "";
}

const BlockCommon& common_of(const ActionBlock& block) {
  return std::visit([](const auto& one) -> const BlockCommon& { return one.common; }, block);
}

std::string_view kind_of(const ActionBlock& block) { return std::visit(KindOf{}, block); }

}  // namespace hilltop::jobs
