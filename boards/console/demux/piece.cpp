// SPDX-License-Identifier: Apache-2.0
#include "boards/console/demux/piece.hpp"

namespace hilltop::boards::demux {

ChannelTable::ChannelTable() { (void)id("text"); }

ChannelId ChannelTable::id(std::string_view name) {
  if (const auto known = ids_.find(name); known != ids_.end()) return known->second;
  const auto id = static_cast<ChannelId>(names_.size());
  names_.emplace_back(name);
  ids_.emplace(name, id);
  return id;
}

std::string_view to_string(Piece::Kind kind) {
  switch (kind) {
    case Piece::Kind::text:
      return "text";
    case Piece::Kind::frame:
      return "frame";
    case Piece::Kind::part:
      return "part";
    case Piece::Kind::gap:
      return "gap";
  }
  return "text";
}

}  // namespace hilltop::boards::demux
