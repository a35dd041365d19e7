// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "jobs/definition/lava_names.hpp"
#include "jobs/definition/parts.hpp"

namespace hilltop::jobs::reading {
namespace {

std::optional<AutoLogin> read_auto_login(const Node& node, Place place, Diagnostics& out) {
  MapReader map(node, "boot auto_login", out);
  if (!map.is_map()) return {};
  AutoLogin login{.place = std::move(place)};
  login.login_prompt = map.required_text("login_prompt");
  if (!login.login_prompt.empty())
    check_pattern(node["login_prompt"], "boot auto_login login_prompt", EmptyMatch::refused, out);
  login.username = map.required_text("username");
  login.password_prompt = map.text("password_prompt", 1);
  login.password = map.text("password");
  if (login.password_prompt)
    check_pattern(node["password_prompt"], "boot auto_login password_prompt", EmptyMatch::refused, out);
  if (map.has("password_prompt") != map.has("password")) {
    const bool prompt_only = map.has("password_prompt");
    out.error(map.key_place(prompt_only ? "password_prompt" : "password"),
              prompt_only ? "boot auto_login password_prompt without password"
                          : "boot auto_login password without password_prompt",
              "give both or neither");
  }
  login.login_commands = map.texts("login_commands").value_or(std::vector<std::string>{});
  map.finish();
  return login;
}

void read_login(MapReader& block, Boot& boot) {
  if (const Node prompts = block.take("prompts")) boot.prompts = read_prompts(prompts, "boot prompts", block.out());
  if (const Node login = block.take("auto_login")) {
    boot.auto_login = read_auto_login(login, block.key_place("auto_login"), block.out());
    if (!block.has("prompts"))
      block.out().error(block.key_place("auto_login"), "boot auto_login without prompts",
                        "prompts tell when the login has succeeded");
  }
}

void read_qemu(MapReader& block, Boot& boot) {
  if (const Node connection = block.take("connection"))
    (void)choice(connection, "boot connection", block.out(), {"serial"});
  if (const Node media = block.take("media")) {
    boot.media = choice(media, "boot media", block.out(), {"tmpfs", "img"}).value_or("");
    if (boot.media == "img")
      block.out().error(media.place(), "boot media: img is not supported yet", "supported: tmpfs");
  }
  block.not_supported({"docker"});
  read_login(block, boot);
}

void read_minimal(MapReader& block, Boot& boot) {
  boot.reset = block.boolean("reset").value_or(true);
  boot.pre_power_command = block.boolean("pre_power_command").value_or(false);
  boot.pre_os_command = block.boolean("pre_os_command").value_or(false);
  read_login(block, boot);
}

void refuse_login(MapReader& block) {
  for (const char* key : {"prompts", "auto_login"})
    if (block.take(key))
      block.out().error(block.key_place(key), "boot method monitor takes no " + std::string(key),
                        "it waits for nothing: use minimal or qemu to reach a prompt");
}

BootMethod method_of(std::string_view name) {
  for (const auto method :
       {BootMethod::qemu, BootMethod::monitor, BootMethod::u_boot, BootMethod::grub, BootMethod::grub_efi,
        BootMethod::uefi, BootMethod::kexec, BootMethod::ssh, BootMethod::openocd, BootMethod::pyocd, BootMethod::jlink,
        BootMethod::cmsis_dap, BootMethod::dfu, BootMethod::gdb, BootMethod::musca, BootMethod::recovery})
    if (to_string(method) == name) return method;
  return BootMethod::minimal;
}

}  // namespace

std::vector<std::string> read_prompts(const Node& node, const std::string& what, Diagnostics& out) {
  if (node.is_sequence()) {
    for (const Node& item : node.items())
      if (item.is_string() && !item.text().empty()) check_pattern(item, what, EmptyMatch::warned_of, out);
    if (node.items().empty()) out.warning(node.place(), what + " is empty: nothing is waited for");
    return texts(node, what, out);
  }
  const auto one = text(node, what, out, 1);
  if (!one) return {};
  check_pattern(node, what, EmptyMatch::warned_of, out);
  return {*one};
}

std::optional<ActionBlock> read_boot(MapReader& block, Place place) {
  std::string method = block.required_text("method");
  if (method.empty()) return {};
  const Node node = block.node()["method"];
  const auto& known = lava::boot_methods();
  if (method != "new_connection") std::ranges::replace(method, '_', '-');
  const auto& built = lava::supported_boot_methods();
  if (std::ranges::find(built, method) == built.end()) {
    const bool is_lava = std::ranges::find(known, method) != known.end();
    const auto near = is_lava ? "" : suggest(method, known);
    block.out().error(node.place(),
                      is_lava ? "boot method: " + method + " is not supported yet"
                              : "boot method: '" + method + "' is not a boot method",
                      near.empty() ? "supported: " + listing(built) : near);
    return {};
  }
  Boot boot{.common = read_common(block, std::move(place))};
  boot.method_place = node.place();
  boot.method = method_of(method);
  boot.ignore_kernel_messages = block.boolean("ignore_kernel_messages").value_or(false);
  read_boot_extras(block, boot);
  if (boot.method == BootMethod::qemu) read_qemu(block, boot);
  if (boot.method == BootMethod::minimal) read_minimal(block, boot);
  if (boot.method == BootMethod::monitor) refuse_login(block);
  if (has_loader(boot.method)) read_loader(block, boot);
  if (boot.method == BootMethod::kexec) read_kexec(block, boot);
  if (boot.method == BootMethod::ssh) read_ssh(block, boot);
  if (boot.method == BootMethod::recovery) read_recovery(block, boot);
  if (has_flasher(boot.method)) {
    read_flasher_boot(block, boot);
    read_login(block, boot);
  }
  if (has_loader(boot.method) || boot.method == BootMethod::kexec || boot.method == BootMethod::ssh)
    read_login(block, boot);
  block.finish();
  return boot;
}

}  // namespace hilltop::jobs::reading
