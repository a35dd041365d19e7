// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "web/http/message.hpp"

namespace hilltop::web {

/// A job's log from line `from` on (1-based), as far as it goes now: "jsonl" as it is stored; "text" for people; "lava"
/// as LAVA's YAML (a list of maps, each in flow style on a line of its own). Errors: bad_input (job) for another
/// format.
[[nodiscard]] Result<Response> log_response(const std::filesystem::path& path, std::string_view format,
                                            std::uint64_t from);

/// One line of a log, converted; without its line end.
[[nodiscard]] std::string log_line_as_text(std::string_view json_line);
[[nodiscard]] std::string log_line_as_lava(std::string_view json_line);

}  // namespace hilltop::web
