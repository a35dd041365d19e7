// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <type_traits>

#include "drivers/protocol/rfc2217.hpp"

using namespace hilltop::drivers;

namespace {

void expect(bool holds) {
  if (!holds) std::abort();
}

std::string receive(LineCodec& codec, std::string_view wire, std::size_t chunk) {
  std::string out;
  for (std::size_t at = 0; at < wire.size(); at += std::min(chunk, wire.size() - at)) {
    std::string piece(wire.substr(at, chunk));
    const auto kept = codec.receive(piece);
    expect(kept <= piece.size());
    out += piece.substr(0, kept);
  }
  return out;
}

/// The same data and the same answers at any chunk size; and answers are bounded by what was heard. An option's refusal
/// and an answer to a setting that came with it may change places.
template <class Codec>
void same_at_any_chunk(const Codec& fresh, std::string_view wire, std::size_t chunk) {
  Codec whole = fresh;
  Codec cut = fresh;
  const auto data = receive(whole, wire, wire.size());
  expect(data.size() <= wire.size());
  expect(receive(cut, wire, chunk) == data);
  auto output = whole.take_output();
  auto output_when_cut = cut.take_output();
  if (!std::is_same_v<Codec, telnet::Telnet>) {
    std::ranges::sort(output);
    std::ranges::sort(output_when_cut);
  }
  expect(output_when_cut == output);
  expect(output.size() <= 1024 + 40 * wire.size());
}

/// What is sent arrives, whatever was negotiated before.
template <class From, class To>
void comes_through(From from, To to, std::string_view bytes) {
  (void)from.take_output();
  (void)to.take_output();
  std::string wire;
  from.send(bytes, wire);
  expect(wire.size() <= 2 * bytes.size());
  expect(receive(to, wire, 3) == bytes);
}

}  // namespace

/// [chunk:1][bytes]
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view wire(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t chunk = 1 + data[0] % 64;
  telnet::Policy policy;
  policy.ours.set(telnet::binary);
  policy.theirs.set(telnet::binary).set(telnet::echo);
  same_at_any_chunk(telnet::Telnet(policy), wire, chunk);
  same_at_any_chunk(rfc2217::Client(LineSettings{}), wire, chunk);
  same_at_any_chunk(rfc2217::Server("fuzz"), wire, chunk);
  comes_through(rfc2217::Client(LineSettings{}), rfc2217::Server("fuzz"), wire);
  comes_through(telnet::Telnet(policy), telnet::Telnet(policy), wire);
  return 0;
}
