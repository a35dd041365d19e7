// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "drivers/core/lane.hpp"
#include "jobs/results.hpp"

namespace hilltop::controller {

/// The logs of jobs: one file each, data_dir/jobs/ID/log.jsonl, a JSON object a line
/// {"n": number, "dt": RFC 3339, "lvl", "msg", "ns"?}. Written on a lane of its own, in order.
class JobLogs {
 public:
  explicit JobLogs(std::filesystem::path data_dir);
  ~JobLogs();
  JobLogs(const JobLogs&) = delete;
  JobLogs& operator=(const JobLogs&) = delete;

  [[nodiscard]] std::filesystem::path path(std::uint64_t job) const;

  /// Appends lines, the first of which is line `first`. When they can be read from the file, `done` runs on `home`.
  void append(std::uint64_t job, std::uint64_t first, std::vector<jobs::LogLine> lines, asio::any_io_executor home,
              std::function<void()> done);
  /// All that was appended is on disk (power cut included), and the file is closed.
  Task<> finish(std::uint64_t job);
  /// After a crash: cuts a line that was not written to its end. Value: the number of the last line. Blocks.
  Result<std::uint64_t> repair(std::uint64_t job);

 private:
  struct Files;
  std::filesystem::path dir_;
  std::shared_ptr<Files> files_;  // used on the lane only
  Lane lane_;
};

/// One line of the file, without its line end. Text that is not UTF-8 gets U+FFFD.
[[nodiscard]] std::string to_json_line(std::uint64_t number, const jobs::LogLine& line);

}  // namespace hilltop::controller
