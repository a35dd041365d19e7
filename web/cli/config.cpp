// SPDX-License-Identifier: Apache-2.0
#include "web/cli/config.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string_view>

#include "drivers/core/node.hpp"

namespace hilltop::cli {
namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

/// JSON strings are YAML strings: quotes and escapes are right for any token.
std::string quoted(const std::string& text) {
  return nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string to_text(const Config& config) {
  std::string text = "# Written by `hilltop login`: the server that the hilltop command talks to.\n";
  text += "server: " + quoted(config.server) + "\n";
  text += "token: " + quoted(config.token) + "\n";
  if (!config.ca_file.empty()) text += "ca_file: " + quoted(config.ca_file) + "\n";
  return text;
}

Result<> write_all(int fd, std::string_view text, const std::string& name) {
  while (!text.empty()) {
    const auto n = ::write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return system_error(name, errno);
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  if (::fsync(fd) != 0) return system_error(name, errno);
  return ok();
}

}  // namespace

std::filesystem::path config_path() {
  if (const auto xdg = environment("XDG_CONFIG_HOME"); !xdg.empty() && xdg.front() == '/')
    return std::filesystem::path(xdg) / "hilltop/config.yaml";
  return std::filesystem::path(environment("HOME")) / ".config/hilltop/config.yaml";
}

Result<Config> read_config(const std::filesystem::path& path) {
  std::error_code none;
  if (!std::filesystem::exists(path, none)) return Config{};
  Diagnostics diagnostics;
  const Node node = read_yaml_file(path.string(), diagnostics);
  if (node && !node.is_null() && !node.is_map())
    diagnostics.error(node.place(), "expected a map with server and token", "write it anew: hilltop login");
  if (diagnostics.has_errors()) return diagnostics.to_error(Blame::configuration);
  return Config{node["server"].text(), node["token"].text(), node["ca_file"].text()};
}

Result<> write_config(const std::filesystem::path& path, const Config& config) {
  std::error_code failed;
  const auto folder = path.parent_path();
  if (std::filesystem::create_directories(folder, failed))
    std::filesystem::permissions(folder, std::filesystem::perms::owner_all, failed);
  if (failed) return system_error(folder.string(), failed.value());
  // Made under another name and renamed: who reads meanwhile sees the old file or the new one.
  std::string temporary = path.string() + ".XXXXXX";
  const int fd = ::mkostemp(temporary.data(), O_CLOEXEC);  // mkostemp makes it 0600
  if (fd < 0) return system_error(temporary, errno);
  auto written = write_all(fd, to_text(config), temporary);
  ::close(fd);
  if (written && ::rename(temporary.c_str(), path.c_str()) != 0) written = system_error(path.string(), errno);
  if (!written) ::unlink(temporary.c_str());
  return written;
}

std::string normal_url(std::string url) {
  if (!url.empty() && url.find("://") == std::string::npos) url = "http://" + url;
  while (url.ends_with('/')) url.pop_back();
  return url;
}

Target resolve_target(const std::string& option_server, const std::string& option_token,
                      const std::string& option_ca_file, const Config& config,
                      const std::filesystem::path& config_file) {
  Target target;
  const auto remembered = normal_url(config.server);
  if (!option_server.empty()) {
    target.server = normal_url(option_server);
    target.origin = "--server";
  } else if (const auto url = environment("HILLTOP_URL"); !url.empty()) {
    target.server = normal_url(url);
    target.origin = "HILLTOP_URL";
  } else if (!remembered.empty()) {
    target.server = remembered;
    target.origin = config_file.string();
  }
  if (!option_token.empty())
    target.token = option_token;
  else if (const auto token = environment("HILLTOP_TOKEN"); !token.empty())
    target.token = token;
  else if (target.server == remembered)
    target.token = config.token;  // never sent to a server that it was not made for
  target.ca_file = !option_ca_file.empty() ? option_ca_file : environment("HILLTOP_CA_FILE");
  if (target.ca_file.empty() && target.server == remembered) target.ca_file = config.ca_file;
  return target;
}

}  // namespace hilltop::cli
