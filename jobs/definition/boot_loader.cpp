// SPDX-License-Identifier: Apache-2.0
#include <cmath>

#include "jobs/definition/parts.hpp"

/// Keys of the boot methods of Linux boards (LAVA 1.7, 2.2), and of `power_cut`.
namespace hilltop::jobs::reading {
namespace {

std::string read_message(MapReader& map, const char* key) {
  auto message = map.text(key).value_or("");
  if (!message.empty()) check_pattern(map.node()[key], map.name_of(key), EmptyMatch::refused, map.out());
  return message;
}

void read_parameters(const Node& node, Boot& boot, Diagnostics& out) {
  MapReader map(node, "boot parameters", out);
  if (!map.is_map()) return;
  if (map.has("bootloader-final-message")) boot.final_message = read_message(map, "bootloader-final-message");
  boot.kernel_start_message = read_message(map, "kernel-start-message");
  boot.shutdown_message = read_message(map, "shutdown-message");
  if (boot.method == BootMethod::ssh) map.not_supported({"hostID", "host_key"});  // several boards: MultiNode
  map.finish();
  if (boot.final_message && !boot.final_message->empty() && !has_loader(boot.method))
    out.error(map.key_place("bootloader-final-message"),
              "boot parameters bootloader-final-message: boot method " + std::string(to_string(boot.method)) +
                  " talks to no boot loader",
              "wait for it with prompts");
}

/// A text or a list of texts.
std::vector<std::string> text_or_texts(const Node& node, const std::string& what, Diagnostics& out) {
  if (node.is_sequence()) return texts(node, what, out);
  const auto one = text(node, what, out, 1);
  return one ? std::vector<std::string>{*one} : std::vector<std::string>{};
}

void read_transfer(const Node& node, Boot& boot, Place place, Diagnostics& out) {
  MapReader map(node, "boot transfer_overlay", out);
  if (!map.is_map()) return;
  TransferOverlay transfer{.place = std::move(place)};
  const auto method = map.text("transfer_method").value_or("http");
  if (method != "http") {
    const auto why = method == "nfs"      ? " is not supported: hilltop serves no NFS, for it runs without root"
                     : method == "zmodem" ? " is not supported: a console carries no file transfers"
                                          : " is not known";
    out.error(node["transfer_method"].place(), "boot transfer_overlay transfer_method: " + method + why,
              "supported: http");
    return;
  }
  transfer.download_command = map.required_text("download_command");
  transfer.unpack_command = map.required_text("unpack_command");
  map.finish();
  boot.transfer_overlay = std::move(transfer);
}

/// hilltop's own: a negative test passes only for the right reason.
void read_expect(const Node& node, Boot& boot, Diagnostics& out) {
  MapReader map(node, "boot expect", out);
  if (!map.is_map()) return;
  boot.refused_place = map.key_place("refused");
  const Node refused = map.require("refused");
  if (refused) boot.refused = text_or_texts(refused, "boot expect refused", out);
  for (const Node& one : refused&& refused.is_sequence() ? refused.items() : std::vector<Node>{refused})
    if (one && one.is_string() && !one.text().empty())
      check_pattern(one, "boot expect refused", EmptyMatch::refused, out);
  map.finish();
  if (boot.method == BootMethod::monitor || boot.method == BootMethod::kexec || boot.method == BootMethod::ssh)
    out.error(boot.refused_place, "boot expect refused: boot method " + std::string(to_string(boot.method)) +
                                      " waits for nothing that could be refused");
}

std::optional<std::chrono::nanoseconds> read_seconds(MapReader& map, const char* key) {
  const Node node = map.take(key);
  if (!node) return {};
  const auto shown = scalar(node, map.name_of(key), map.out());
  if (!shown) return {};
  char* end = nullptr;
  const double value = std::strtod(shown->c_str(), &end);
  constexpr double longest_s = 86400;
  if (node.is_string() || end == shown->c_str() || *end != '\0' || !(value >= 0) || value > longest_s) {
    map.out().error(node.place(), map.name_of(key) + ": expected a number of seconds from 0 to 86400");
    return {};
  }
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(value));
}

}  // namespace

void read_loader(MapReader& block, Boot& boot) {
  if (const Node commands = block.take("commands")) {
    LoaderScript script{.place = commands.place()};
    if (commands.is_sequence())
      script.lines = texts(commands, "boot commands", block.out());
    else
      script.set = text(commands, "boot commands", block.out(), 1).value_or("");
    if (commands.is_sequence() && commands.items().empty())
      block.out().error(commands.place(), "boot commands is empty", "name a set of the board type's, or write lines");
    boot.loader = std::move(script);
  } else {
    block.out().error(boot.common.place, "boot commands is missing",
                      "name a set of the board type's, or write lines for the boot loader");
  }
  if (boot.method != BootMethod::uefi) boot.reset = block.boolean("reset").value_or(true);
  read_loader_options(block, boot);
}

void read_kexec(MapReader& block, Boot& boot) {
  KexecCommand kexec;
  kexec.boot_message = block.required_text("boot_message");
  if (!kexec.boot_message.empty())
    check_pattern(block.node()["boot_message"], "boot boot_message", EmptyMatch::refused, block.out());
  if (auto command = block.text("command", 1)) kexec.command = *std::move(command);
  kexec.kernel = block.text("kernel", 1).value_or("");
  kexec.ramdisk = block.text("initrd", 1).value_or("");
  kexec.dtb = block.text("dtb", 1).value_or("");
  kexec.options = block.texts("options").value_or(std::vector<std::string>{});
  read_kexec_options(block, kexec);
  boot.kexec = std::move(kexec);
}

void read_boot_extras(MapReader& block, Boot& boot) {
  if (const Node parameters = block.take("parameters")) read_parameters(parameters, boot, block.out());
  if (const Node commands = block.take("soft_reboot"))
    boot.soft_reboot = text_or_texts(commands, "boot soft_reboot", block.out());
  if (const Node transfer = block.take("transfer_overlay"))
    read_transfer(transfer, boot, block.key_place("transfer_overlay"), block.out());
  if (const Node expect = block.take("expect")) read_expect(expect, boot, block.out());
}

CutMoment read_cut_moment(const Node& node, Diagnostics& out) {
  CutMoment moment;
  MapReader map(node, "command after", out);
  if (!map.is_map()) return moment;
  moment.pattern = read_message(map, "pattern");
  const auto least = read_seconds(map, "seconds");
  const auto most = read_seconds(map, "up_to_seconds");
  map.finish();
  moment.least = least.value_or(std::chrono::nanoseconds(0));
  moment.most = most.value_or(moment.least);
  if (moment.most < moment.least)
    out.error(map.key_place("up_to_seconds"), "command after up_to_seconds is less than seconds");
  return moment;
}

}  // namespace hilltop::jobs::reading
