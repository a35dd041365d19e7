// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "drivers/core/result.hpp"

namespace hilltop::drivers {

/// QEMU's "name,key=value,flag": the first word, and the rest. Source: QEMU 7.2, util/keyval and qemu-option
/// documentation.
struct OptionValue {
  std::string first;  ///< "" where the value begins with a key
  std::vector<std::pair<std::string, std::string>> keys;

  [[nodiscard]] const std::string* find(std::string_view key) const;
  [[nodiscard]] std::string to_string() const;
};

/// Errors: denied (job) for an escaped comma: no harmless value has one.
Result<OptionValue> read_option_value(std::string_view text);

/// Refuses keys that are not in `allowed`. Errors: denied (job) naming `option` and the key.
Result<> only_keys(std::string_view option, const OptionValue& value, std::initializer_list<std::string_view> allowed);

/// `path` made canonical, links followed. Errors: denied (job) when it is not below `job_dir`, or is no plain file.
Result<std::string> file_of_job(std::string_view option, std::string_view path, const std::filesystem::path& job_dir);

/// The format of a disk image: "raw" or "qcow2". Errors: denied (job) for a qcow2 image that names another file, and so
/// could reach any file of the host. Source: QEMU, docs/interop/qcow2.txt, header fields.
Result<std::string> disk_format(std::string_view option, const std::string& path);

[[nodiscard]] Error denied(std::string text);

}  // namespace hilltop::drivers
