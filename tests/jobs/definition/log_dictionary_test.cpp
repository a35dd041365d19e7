// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>

#include "jobs/definition/job_definition.hpp"

namespace hilltop::jobs {
namespace {

using ::testing::HasSubstr;

std::optional<JobDefinition> read(const std::string& dictionary, std::string& complaints) {
  Diagnostics diagnostics;
  auto job = read_job(
      "job_name: j\ndevice_type: qemu\nvisibility: public\ntimeouts: {job: {minutes: 5}}\nactions:\n"
      "- deploy:\n    to: tmpfs\n    images: {fw: {url: 'http://lab/fw.elf'}}\n    log_dictionary: " +
          dictionary + "\n",
      "job.yaml", diagnostics);
  complaints = diagnostics.to_string();
  return job;
}

TEST(LogDictionary, IsReadLikeAnImageAndIsNone) {
  std::string complaints;
  const auto job = read("{url: 'http://lab/d.json.gz', compression: gz, mode: hex}", complaints);
  ASSERT_TRUE(job) << complaints;
  const auto& deploy = std::get<DeployTmpfs>(job->actions.at(0));
  ASSERT_TRUE(deploy.log_dictionary);
  EXPECT_EQ(deploy.log_dictionary->url.url, "http://lab/d.json.gz");
  EXPECT_EQ(deploy.log_dictionary->url.compression, Compression::gz);
  EXPECT_EQ(deploy.log_dictionary->mode, "hex");
  EXPECT_EQ(deploy.images.size(), 1U);
}

TEST(LogDictionary, MistakesHaveTheirPlace) {
  std::string complaints;
  EXPECT_FALSE(read("{mode: hex}", complaints));
  EXPECT_THAT(complaints, HasSubstr("deploy log_dictionary"));
  EXPECT_FALSE(read("{url: 'http://lab/d.json', mode: octal}", complaints));
  EXPECT_THAT(complaints, HasSubstr("deploy log_dictionary mode"));
  EXPECT_FALSE(read("{url: 'http://lab/d.json', image_arg: x}", complaints));
  EXPECT_THAT(complaints, HasSubstr("image_arg"));
  EXPECT_FALSE(read("log.json", complaints));
}

}  // namespace
}  // namespace hilltop::jobs
