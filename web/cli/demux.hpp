// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "boards/console/analysis.hpp"
#include "web/cli/context.hpp"

namespace hilltop::cli {

/// What `hilltop demux` watches for: the matcher's patterns with their names.
struct WatchedPatterns {
  std::vector<std::string> names;  ///< a rule's id, or the pattern itself
  std::vector<boards::PatternSpec> specs;
};

/// Says what an analysis finds, in one of the forms of `hilltop demux --format`.
class DemuxReport : public boards::AnalysisSink {
 public:
  DemuxReport(const boards::Analysis& analysis, const std::vector<std::string>& pattern_names)
      : analysis_(analysis), pattern_names_(pattern_names) {}
  /// After the last byte. `cpu_s`: what the analysis took.
  virtual void finish(std::uint64_t bytes, double cpu_s) { (void)bytes, (void)cpu_s; }

 protected:
  const boards::Analysis& analysis_;
  const std::vector<std::string>& pattern_names_;
};

/// `format`: text, jsonl or summary.
[[nodiscard]] std::unique_ptr<DemuxReport> make_demux_report(const std::string& format, Context& context,
                                                             const boards::Analysis& analysis,
                                                             const std::vector<std::string>& pattern_names);

}  // namespace hilltop::cli
