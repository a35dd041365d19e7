// SPDX-License-Identifier: Apache-2.0
#include "tests/usb_lab/models/debug/rtt_target.hpp"

#include <algorithm>

#include "tests/usb_lab/models/bytes.hpp"

namespace hilltop::usb_lab {
namespace {

constexpr std::uint32_t block = 0x20000400;
constexpr std::uint32_t write_offset = block + 24 + 12;
constexpr std::uint32_t read_offset = block + 24 + 16;
constexpr std::uint32_t ring = block + 24 + 24;
constexpr unsigned smallest = 16, largest = 32768;
constexpr unsigned period = 251;

}  // namespace

RttTarget::RttTarget(const Options& options) : FlatTarget(options), size_(options.number("rtt", 0)) {
  if (size_ < smallest || size_ > largest) throw UsageError("rtt=SIZE: 16 to 32768 bytes");
  constexpr std::string_view signature("SEGGER RTT\0\0\0\0\0\0", 16);
  Bytes bytes(signature.begin(), signature.end());
  for (const std::uint32_t one : {1U, 0U, 0U, ring, size_, 0U, 0U, 0U}) put32(bytes, one);
  FlatTarget::write(block, bytes);
}

bool RttTarget::read(std::uint32_t address, std::span<std::uint8_t> bytes) {
  if (running()) talk();
  return FlatTarget::read(address, bytes);
}

std::uint32_t RttTarget::word(std::uint32_t address) {
  Bytes bytes(4);
  FlatTarget::read(address, bytes);
  return get32(bytes, 0);
}

/// One byte of the ring stays empty, so that full is not empty.
void RttTarget::talk() {
  const auto read = word(read_offset);
  if (read >= size_) return;  // the host's mistake: a firmware would write no more either
  auto room = (read + size_ - write_ - 1) % size_;
  if (room == 0) return;
  while (room > 0) {
    Bytes piece(std::min(room, size_ - write_));
    for (auto& byte : piece) byte = static_cast<std::uint8_t>(said_++ % period);
    FlatTarget::write(ring + write_, piece);
    room -= static_cast<std::uint32_t>(piece.size());
    write_ = (write_ + static_cast<std::uint32_t>(piece.size())) % size_;
  }
  Bytes offset;
  put32(offset, write_);
  FlatTarget::write(write_offset, offset);
}

}  // namespace hilltop::usb_lab
