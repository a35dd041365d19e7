// SPDX-License-Identifier: Apache-2.0
#include "bench/console/stages.hpp"

namespace hilltop::bench {
std::string cleaned_text(std::string_view raw) { return std::string(raw); }
std::vector<Stage> our_stages(const Input&) { return {}; }
}  // namespace hilltop::bench
