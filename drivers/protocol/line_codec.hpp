// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace hilltop::drivers {

/// What stands between a wire and the bytes of a console: a transport with escapes and commands of its own.
/// Pure: no socket, no clock. Thread: one at a time.
class LineCodec {
 public:
  virtual ~LineCodec() = default;

  /// Decodes what came from the wire, in place: the first bytes of `wire`, as many as are returned, are the console's.
  /// The same bytes in all, however they are cut.
  virtual std::size_t receive(std::span<char> wire) = 0;
  /// Appends to `wire` what carries `bytes` to the peer.
  virtual void send(std::string_view bytes, std::string& wire) = 0;
  /// What the transport itself has to say to the peer (answers, requests), in order; "" when nothing. To be written
  /// between two send()s, never in the middle of one's bytes.
  virtual std::string take_output() = 0;
  /// Whether the peer is expected to say any moment how it wants to be spoken to: bytes had better wait for that, at
  /// most `settling_patience`, for a peer that does not know the transport says nothing.
  [[nodiscard]] virtual bool settling() const { return false; }
  static constexpr std::chrono::milliseconds settling_patience{1000};
  /// Whether the peer has asked to be sent nothing for now.
  [[nodiscard]] virtual bool suspended() const { return false; }
};

}  // namespace hilltop::drivers
