// SPDX-License-Identifier: Apache-2.0
#include "tests/usb_lab/models/debug/target.hpp"

#include <fstream>

#include "tests/usb_lab/models/debug/flat_target.hpp"
#include "tests/usb_lab/models/debug/gdb_target.hpp"
#include "tests/usb_lab/models/debug/rtt_target.hpp"

namespace hilltop::usb_lab {

PowerProbe::PowerProbe(const Options& options) {
  const auto text = options.text("powered");
  if (text.empty()) return;
  const auto colon = text.rfind(':');
  if (colon == text.npos) throw UsageError("powered=FILE:PORT");
  file_ = text.substr(0, colon);
  prefix_ = "vbus " + text.substr(colon + 1) + " ";
}

bool PowerProbe::on() const {
  std::ifstream file(file_);
  bool now = true;
  for (std::string line; std::getline(file, line);)
    if (line.starts_with(prefix_) && !prefix_.empty()) now = line.ends_with(" on");
  return now;
}

std::unique_ptr<Target> make_target(const Options& options) {
  if (options.has("gdb")) return std::make_unique<GdbTarget>(options);
  if (options.has("rtt")) return std::make_unique<RttTarget>(options);
  return std::make_unique<FlatTarget>(options);
}

}  // namespace hilltop::usb_lab
