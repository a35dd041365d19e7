// SPDX-License-Identifier: Apache-2.0
// What a client of a WebSocket sends: the same items at any piece size, and never more memory than a message may have.
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "web/ws/frame.hpp"

namespace {

using hilltop::web::FrameReader;
using hilltop::web::Opcode;

constexpr std::size_t limit = 256;

struct Seen {
  std::vector<std::pair<Opcode, std::string>> items;
  int refused = 0;
  bool operator==(const Seen&) const = default;
};

Seen read(std::string_view bytes, std::size_t piece) {
  FrameReader reader(limit);
  Seen seen;
  for (std::size_t at = 0; at < bytes.size() && seen.refused == 0; at += piece) {
    auto part = bytes.substr(at, piece);
    for (;;) {
      auto item = reader.next(part);
      if (!item) {
        seen.refused = static_cast<int>(reader.close_code());
        break;
      }
      if (!*item) {
        if (!part.empty()) std::abort();
        break;
      }
      if ((*item)->data.size() > limit) std::abort();
      seen.items.emplace_back((*item)->opcode, std::move((*item)->data));
    }
  }
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (bytes.empty()) return 0;
  const auto whole = read(bytes, bytes.size());
  if (!(read(bytes, 1) == whole) || !(read(bytes, 3) == whole)) std::abort();
  return 0;
}
