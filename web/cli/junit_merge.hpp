// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace hilltop::cli {

/// One JUnit document with the <testsuite> elements of all `documents`, in their order; one document stays as it is.
/// Shape: each is what GET /jobs/ID/results?format=junit answers: an optional XML declaration, then one <testsuites>
/// (or one <testsuite>) element.
[[nodiscard]] std::string merged_junit(const std::vector<std::string>& documents);

}  // namespace hilltop::cli
