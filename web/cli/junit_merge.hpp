// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace hilltop::cli {

/// A JUnit document as GET /jobs/ID/results?format=junit answers it: an optional XML declaration, then one <testsuites>
/// (or one <testsuite>) element.
struct JunitPart {
  std::string prefix;  ///< "first", "first#2", or "" where the names tell it apart by themselves
  std::string document;
};

/// One JUnit document with the <testsuite> elements of all `parts`, in their order: names of suites and classes gain
/// their part's prefix ("first#2.lava"), as readers tell cases apart by class and name and drop the second of two. One
/// part stays as it is. Source: GitLab's page "Unit test reports".
[[nodiscard]] std::string merged_junit(const std::vector<JunitPart>& parts);

/// A document for what has no results: one suite with one case, an error of `type` that holds `text`. A file that
/// became no job is (its name, "submit", "refused", the complaints).
[[nodiscard]] std::string error_junit(const std::string& suite, const std::string& test_case, const std::string& type,
                                      const std::string& text);

}  // namespace hilltop::cli
