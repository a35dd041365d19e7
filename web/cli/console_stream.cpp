// SPDX-License-Identifier: Apache-2.0
#include "web/cli/console_stream.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "web/cli/context.hpp"

namespace hilltop::cli {
namespace {

std::string gap_notice(std::uint64_t from, std::uint64_t to) {
  return fmt::format("gap: {} bytes are missing here (offsets {} to {})", to - from, from, to);
}

}  // namespace

ConsoleStream::Shown ConsoleStream::begins_at(std::uint64_t offset) {
  Shown shown;
  if (next_ && offset > *next_) shown.notice = gap_notice(*next_, offset);
  if (!next_ || offset > *next_) next_ = offset;
  arriving_ = offset;  // before next_: what was shown already is left out
  return shown;
}

ConsoleStream::Shown ConsoleStream::binary(std::string_view bytes) {
  const auto end = arriving_ + bytes.size();
  const auto wanted = next_.value_or(arriving_);
  const auto known = std::min<std::uint64_t>(wanted - std::min(wanted, arriving_), bytes.size());
  arriving_ = end;
  next_ = std::max(wanted, end);
  return {std::string(bytes.substr(known)), "", false};
}

ConsoleStream::Shown ConsoleStream::text(std::string_view json) {
  const auto frame = Json::parse(json, nullptr, false);
  if (!frame.is_object()) return {};
  if (frame.contains("offset")) return begins_at(number_at(frame, "offset"));
  if (frame.contains("gap")) {
    const auto from = number_at(frame["gap"], "from");
    const auto to = number_at(frame["gap"], "to");
    arriving_ = to;
    if (next_.value_or(0) >= to) return {};
    next_ = to;
    return {"", gap_notice(from, to), false};
  }
  if (frame.contains("end")) return {"", printable(text_at(frame, "end")), true};
  return {};
}

}  // namespace hilltop::cli
