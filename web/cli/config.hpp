// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "drivers/core/result.hpp"

namespace hilltop::cli {

/// What `hilltop login` remembers.
struct Config {
  std::string server;
  std::string token;
  std::string ca_file;  ///< PEM of the authority that signed the server's certificate; "" = the system's
};

/// Where the command works, after options, environment and config file were looked at, in this order.
struct Target {
  std::string server = "http://127.0.0.1:8080";
  std::string token;
  std::string ca_file;
  std::string origin = "the default";  ///< of the address, for messages: "--server", "HILLTOP_URL", the file's path
};

/// $XDG_CONFIG_HOME/hilltop/config.yaml, else ~/.config/hilltop/config.yaml. Source: XDG Base Directory 0.8.
[[nodiscard]] std::filesystem::path config_path();

/// Reads the file; an empty Config when there is none. Errors: bad_input (configuration) with the place.
[[nodiscard]] Result<Config> read_config(const std::filesystem::path& path);

/// Writes it whole or not at all, mode 0600 from its first byte on, folders 0700. Errors: io (infrastructure).
[[nodiscard]] Result<> write_config(const std::filesystem::path& path, const Config& config);

/// `option_server` and `option_token` are what the command line said ("" = nothing). The file's token goes to the
/// file's server only.
[[nodiscard]] Target resolve_target(const std::string& option_server, const std::string& option_token,
                                    const std::string& option_ca_file, const Config& config,
                                    const std::filesystem::path& config_file);

/// "http://host:port" of what people type: a host, host:port, with a trailing slash or not.
[[nodiscard]] std::string normal_url(std::string url);

}  // namespace hilltop::cli
