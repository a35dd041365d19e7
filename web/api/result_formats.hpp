// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "controller/views.hpp"
#include "web/http/message.hpp"

namespace hilltop::web {

/// A job's results as json, junit, tap or lava. Errors: bad_input (job) for another format.
[[nodiscard]] Result<Response> format_results(const std::string& format, const controller::JobView& job,
                                              const std::vector<jobs::TestCase>& cases);

}  // namespace hilltop::web
