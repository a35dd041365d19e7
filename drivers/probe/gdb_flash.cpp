// SPDX-License-Identifier: Apache-2.0
#include "drivers/probe/gdb_flash.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace hilltop::drivers {
namespace {

std::uint64_t size_of(const std::vector<Segment>& segments) {
  std::uint64_t sum = 0;
  for (const auto& segment : segments) sum += segment.bytes.size();
  return sum;
}

Error differs(const Segment& wanted, std::size_t offset, std::string_view found) {
  std::size_t i = 0;
  while (i < found.size() && found[i] == wanted.bytes[offset + i]) ++i;
  return Error(Errc::mismatch, Blame::dut,
               fmt::format("read back at {:#x}: {:#04x} instead of {:#04x}", wanted.address + offset + i,
                           static_cast<unsigned char>(found[i]), static_cast<unsigned char>(wanted.bytes[offset + i])));
}

Task<> verify_segment(std::shared_ptr<GdbClient> gdb, Segment segment, Deadline deadline) {
  for (std::size_t at = 0; at < segment.bytes.size(); at += gdb->chunk_bytes()) {
    if (co_await is_canceled()) co_return canceled_error("flash");
    const auto length = std::min(gdb->chunk_bytes(), segment.bytes.size() - at);
    HILLTOP_CO_TRY(const auto found, co_await GdbClient::read(gdb, segment.address + at, length, deadline));
    if (segment.bytes.compare(at, length, found) != 0) co_return differs(segment, at, found);
  }
  co_return ok();
}

}  // namespace

Task<> write_segments(std::shared_ptr<GdbClient> gdb, std::vector<Segment> segments, FlashProgress progress,
                      Deadline deadline) {
  const auto total = size_of(segments);
  std::uint64_t done = 0;
  for (const auto& segment : segments) {
    for (std::size_t at = 0; at < segment.bytes.size(); at += gdb->chunk_bytes()) {
      if (co_await is_canceled()) co_return canceled_error("flash");
      auto chunk = segment.bytes.substr(at, gdb->chunk_bytes());
      done += chunk.size();
      HILLTOP_CO_CHECK(
          (co_await GdbClient::write(gdb, segment.address + at, std::move(chunk), deadline)).within("write"));
      if (progress) progress(done, total);
    }
  }
  co_return ok();
}

Task<> write_and_verify(std::shared_ptr<GdbClient> gdb, std::vector<Image> images, FlashProgress progress,
                        Deadline deadline) {
  std::vector<Segment> segments;
  for (const auto& image : images) segments.insert(segments.end(), image.segments.begin(), image.segments.end());
  HILLTOP_CO_CHECK(co_await write_segments(gdb, segments, std::move(progress), deadline));
  for (const auto& segment : segments)
    HILLTOP_CO_CHECK((co_await verify_segment(gdb, segment, deadline)).within("verify"));
  co_return ok();
}

}  // namespace hilltop::drivers
