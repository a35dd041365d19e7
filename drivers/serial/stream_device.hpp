// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string_view>

#include "drivers/api/device.hpp"

namespace hilltop::drivers {

/// A device that is one console, "main".
class StreamDevice final : public Device {
 public:
  explicit StreamDevice(std::unique_ptr<ByteStream> stream) : stream_(std::move(stream)) {}
  ByteStream* console(std::string_view name) override { return name == "main" ? stream_.get() : nullptr; }
  Task<> shut_down(Deadline) override { return nothing_to_end(); }

 private:
  static Task<> nothing_to_end() { co_return ok(); }
  std::unique_ptr<ByteStream> stream_;
};

template <class Stream, class... Args>
std::unique_ptr<Device> make_stream_device(Args&&... args) {
  return std::make_unique<StreamDevice>(std::make_unique<Stream>(std::forward<Args>(args)...));
}

}  // namespace hilltop::drivers
