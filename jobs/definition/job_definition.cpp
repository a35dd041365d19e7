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
  std::string_view operator()(const DeployTftp&) const { return "deploy"; }
  std::string_view operator()(const DeployOverlay&) const { return "deploy"; }
  std::string_view operator()(const DeployDownload&) const { return "deploy"; }
  std::string_view operator()(const DeployBoard&) const { return "deploy"; }
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
    case BootMethod::u_boot:
      return "u-boot";
    case BootMethod::grub:
      return "grub";
    case BootMethod::grub_efi:
      return "grub-efi";
    case BootMethod::uefi:
      return "uefi";
    case BootMethod::kexec:
      return "kexec";
    case BootMethod::ssh:
      return "ssh";
    case BootMethod::openocd:
      return "openocd";
    case BootMethod::pyocd:
      return "pyocd";
    case BootMethod::jlink:
      return "jlink";
    case BootMethod::cmsis_dap:
      return "cmsis-dap";
    case BootMethod::dfu:
      return "dfu";
    case BootMethod::gdb:
      return "gdb";
    case BootMethod::musca:
      return "musca";
    case BootMethod::recovery:
      return "recovery";
  }
  return "";
}

bool has_loader(BootMethod method) noexcept {
  return method == BootMethod::u_boot || method == BootMethod::grub || method == BootMethod::grub_efi ||
         method == BootMethod::uefi;
}

bool has_flasher(BootMethod method) noexcept {
  return method == BootMethod::openocd || method == BootMethod::pyocd || method == BootMethod::jlink ||
         method == BootMethod::cmsis_dap || method == BootMethod::dfu || method == BootMethod::gdb ||
         method == BootMethod::musca;
}

const DeployFile* DeployTftp::file(std::string_view label) const {
  for (const auto& one : files)
    if (one.label == label) return &one;
  return nullptr;
}

const BlockCommon& common_of(const ActionBlock& block) {
  return std::visit([](const auto& one) -> const BlockCommon& { return one.common; }, block);
}

std::string_view kind_of(const ActionBlock& block) { return std::visit(KindOf{}, block); }

}  // namespace hilltop::jobs
