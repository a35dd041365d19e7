// SPDX-License-Identifier: Apache-2.0
#include "tests/usb_lab/models/state_log.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <stdexcept>

namespace hilltop::usb_lab {

void StateLog::put(std::string_view line) const {
  if (path_.empty()) return;
  const int file = ::open(path_.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0666);
  if (file < 0) throw std::runtime_error("cannot append to " + path_);
  const auto whole = std::string(line) + "\n";
  const auto written = ::write(file, whole.data(), whole.size());
  ::close(file);
  if (written != static_cast<ssize_t>(whole.size())) throw std::runtime_error("cannot append to " + path_);
}

}  // namespace hilltop::usb_lab
