// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "web/cli/context.hpp"

namespace hilltop::cli {

/// `hilltop console BOARD --since ...`: what is shown of a transcript instead of the live console.
struct TranscriptOptions {
  std::string since, until, around, format;
  bool follow = false;
  /// Whether any was given.
  [[nodiscard]] bool wanted() const {
    return follow || !since.empty() || !until.empty() || !around.empty() || !format.empty();
  }
};

int show_transcript(Context& context, Api& api, const std::string& board, const std::string& console,
                    const std::string& from, const TranscriptOptions& options);

}  // namespace hilltop::cli
