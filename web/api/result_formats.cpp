// SPDX-License-Identifier: Apache-2.0
#include "web/api/result_formats.hpp"

#include <nlohmann/json.hpp>

#include "web/api/problem.hpp"

namespace hilltop::web {

Result<Response> format_results(const std::string& format, const controller::JobView& job,
                                const std::vector<jobs::TestCase>& cases) {
  if (format == "json") return json_response(to_json(job, &cases));
  return Error(Errc::bad_input, Blame::job, "format must be one of json, junit, tap, lava");
}

}  // namespace hilltop::web
