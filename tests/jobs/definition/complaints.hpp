// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <ostream>
#include <string>

#include "jobs/definition/job_definition.hpp"

namespace hilltop::jobs {

/// Four lines that every job needs; what follows begins on line 5.
inline constexpr const char* job_head =
    "job_name: t\n"
    "device_type: microbit\n"
    "visibility: public\n"
    "timeouts: {job: {minutes: 5}}\n";

/// A text, and all that is said of it: a line each, "job:LINE:COLUMN: message (suggestion)"; "" when it is fine.
struct Complaint {
  const char* name;
  std::string text;
  std::string expected;
};

inline std::ostream& operator<<(std::ostream& out, const Complaint& one) { return out << one.name; }

/// With top-level lines that begin on line 5, and a good boot action.
inline Complaint top(const char* name, const std::string& lines, const std::string& expected) {
  return {name, job_head + lines + "\nactions:\n- boot: {method: minimal}\n", expected};
}

/// With action blocks that begin on line 6.
inline Complaint actions(const char* name, const std::string& blocks, const std::string& expected) {
  return {name, job_head + std::string("actions:\n") + blocks + "\n", expected};
}

inline std::string complaints_of(const std::string& text) {
  Diagnostics diagnostics;
  const bool read = read_job(text, "job", diagnostics).has_value();
  EXPECT_EQ(read, !diagnostics.has_errors());
  std::string lines;
  for (const Diagnostic& one : diagnostics.all()) lines += (lines.empty() ? "" : "\n") + one.to_string();
  return lines;
}

inline void PrintTo(const Complaint& one, std::ostream* out) { *out << one.name; }

class Complaints : public testing::TestWithParam<Complaint> {};

inline std::string name_of(const testing::TestParamInfo<Complaint>& info) { return info.param.name; }

}  // namespace hilltop::jobs
