// SPDX-License-Identifier: Apache-2.0
#include "drivers/api/storage_mux.hpp"

namespace hilltop::drivers {

std::string_view to_string(MuxSide side) noexcept {
  switch (side) {
    case MuxSide::off:
      return "off";
    case MuxSide::host:
      return "host";
    case MuxSide::board:
      return "board";
    case MuxSide::unknown:
      break;
  }
  return "unknown";
}

Task<> StorageMux::write(StorageImage, StorageProgress, Deadline) {
  co_return Error(Errc::unsupported, Blame::configuration, "this mux shows no disk that could be written");
}

}  // namespace hilltop::drivers
