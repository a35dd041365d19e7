// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/jobs/planning.hpp"

namespace hilltop::jobs {
namespace {

const std::filesystem::path source_dir = HILLTOP_SOURCE_DIR;
const std::filesystem::path jobs_dir = source_dir / "deploy/labs/demo/jobs";

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

std::vector<std::string> yaml_files(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.path().extension() == ".yaml") names.push_back(entry.path().stem());
  std::ranges::sort(names);
  return names;
}

std::string with_firmware(std::string text) {
  static const std::string placeholder = "@FIRMWARE@";
  for (std::size_t at = text.find("://" + placeholder); at != std::string::npos; at = text.find("://" + placeholder))
    text.replace(at + 3, placeholder.size(), "/firmware");
  return text;
}

/// Linux boards are those that are shipped: their boot loader's lines are half of the job.
boards::BoardType type_for(const std::string& name) {
  Diagnostics ignored;  // its own test complains
  static const auto shipped =
      boards::BoardTypes::load(source_dir / "boards/types", source_dir / "boards/rules", ignored);
  if (const auto* type = shipped.find(name);
      type != nullptr && (!type->loaders.empty() || !type->boot_stages.empty() || type->boots("ssh")))
    return *type;
  return name == "qemu" ? machine_type(name) : flashed_type(name, name == "mps2-an521" ? 2 : 1);
}

/// Compares with tests/golden/`path`; HILLTOP_UPDATE_GOLDEN=1 writes it instead.
void expect_golden(const std::string& path, const std::string& actual) {
  const std::filesystem::path golden = source_dir / "tests/golden" / path;
  if (std::getenv("HILLTOP_UPDATE_GOLDEN") != nullptr) std::ofstream(golden, std::ios::binary) << actual;
  EXPECT_EQ(actual, read_file(golden)) << "HILLTOP_UPDATE_GOLDEN=1 writes " << golden;
}

std::string name_of(const testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  std::ranges::replace(name, '-', '_');
  return name;
}

class DemoJobs : public testing::TestWithParam<std::string> {};

TEST_P(DemoJobs, AreReadAndPlannedWithoutAWord) {
  const std::string text = read_file(jobs_dir / (GetParam() + ".yaml"));
  EXPECT_LT(std::ranges::count(text, '\n'), 70);
  Diagnostics diagnostics;
  const auto job = read_job(with_firmware(text), GetParam() + ".yaml", diagnostics);
  ASSERT_TRUE(job) << diagnostics.to_string();
  const Plan plan = make_plan(*job, type_for(job->device_type), diagnostics);
  EXPECT_EQ(diagnostics.to_string(), "");
  expect_golden("plans/" + GetParam() + ".txt", plan.to_text());
}

INSTANTIATE_TEST_SUITE_P(Files, DemoJobs, testing::ValuesIn(yaml_files(jobs_dir)), name_of);

/// Jobs of LAVA's language with all that is in it: what is said of them, and how they are planned.
class GoldenJobs : public testing::TestWithParam<std::string> {};

TEST_P(GoldenJobs, AreAsTheyWere) {
  Diagnostics diagnostics;
  const auto job =
      read_job(read_file(source_dir / "tests/golden/jobs" / (GetParam() + ".yaml")), GetParam() + ".yaml", diagnostics);
  std::string text = job ? make_plan(*job, type_for(job->device_type), diagnostics).to_text() : "";
  if (!diagnostics.all().empty()) text = diagnostics.to_string() + "\n" + text;
  expect_golden("plans/" + GetParam() + ".txt", text);
}

INSTANTIATE_TEST_SUITE_P(Files, GoldenJobs, testing::ValuesIn(yaml_files(source_dir / "tests/golden/jobs")), name_of);

}  // namespace
}  // namespace hilltop::jobs
