// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "drivers/protocol/tftp_transfer.hpp"

using namespace hilltop::drivers::tftp;

namespace {

void expect(bool holds) {
  if (!holds) std::abort();
}

/// Packets of [length:1][bytes] to a transfer, each a second after the other: what is kept is bounded, and what is sent
/// are packets.
void drive(const Request& request, std::string_view rest) {
  Limits limits;
  limits.window_bytes = 4096;
  ReadTransfer::Time now;
  ReadTransfer transfer(request, 5000, limits, now);
  std::size_t left = 5000;
  while (!rest.empty() && transfer.state() == ReadTransfer::State::running) {
    while (const auto wanted = transfer.wanted()) {
      expect(wanted <= std::max<std::size_t>(limits.window_bytes, transfer.block_bytes()));
      const auto size = std::min(wanted, left);
      left -= size;
      transfer.feed(std::string(size, '\n'), left == 0);
    }
    for (const auto& packet : transfer.take_packets(now)) expect(read_packet(packet).has_value());
    const std::size_t length = std::min<std::size_t>(static_cast<std::uint8_t>(rest[0]), rest.size() - 1);
    transfer.receive(rest.substr(1, length), now);
    rest.remove_prefix(1 + length);
    now += std::chrono::seconds(1);
    transfer.elapse(now);
    expect(transfer.acknowledged_bytes() <= 10'000);
  }
}

}  // namespace

/// [length of the request:2, big-endian][request] and packets.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view all(reinterpret_cast<const char*>(data), size);
  if (size < 2) return 0;
  const auto length = std::min<std::size_t>(static_cast<std::size_t>(data[0]) << 8 | data[1], size - 2);
  const auto packet = read_packet(all.substr(2, length));
  if (!packet) return packet.error().text.empty() ? (std::abort(), 0) : 0;
  const auto again = read_packet(write_packet(*packet));
  expect(again && write_packet(*again) == write_packet(*packet));
  if (const auto* request = std::get_if<Request>(&*packet)) drive(*request, all.substr(2 + length));
  return 0;
}
