// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <string>

#include "boards/board_type.hpp"
#include "jobs/plan.hpp"

namespace hilltop::jobs {

/// A board that is flashed, with nothing of a shipped board type in it.
inline boards::BoardType flashed_type(std::string name, std::size_t max_images = 1) {
  boards::BoardType type;
  type.name = std::move(name);
  type.flash.supported = true;
  type.flash.max_images = max_images;
  type.deploy_methods = {"tmpfs"};
  type.boot_methods = {"minimal", "monitor"};
  return type;
}

/// A board whose machine the job chooses.
inline boards::BoardType machine_type(std::string name) {
  boards::BoardType type;
  type.name = std::move(name);
  type.configurable_machine = true;
  type.available_architectures = {"aarch64", "arm", "x86_64"};
  type.deploy_methods = {"tmpfs"};
  type.boot_methods = {"qemu", "monitor"};
  return type;
}

inline JobDefinition must_read(const std::string& text) {
  Diagnostics diagnostics;
  auto job = read_job(text, "job", diagnostics);
  EXPECT_TRUE(job) << diagnostics.to_string();
  return job.value_or(JobDefinition{});
}

}  // namespace hilltop::jobs
