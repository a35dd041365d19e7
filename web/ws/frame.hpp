// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "drivers/core/result.hpp"

/// The server's side of WebSocket frames: pure state, no socket. Source: RFC 6455 5 (frames), 7.4 (close codes).
namespace hilltop::web {

enum class Opcode : std::uint8_t { continuation = 0, text = 1, binary = 2, close = 8, ping = 9, pong = 10 };

/// Why a connection ends, as a close frame says it.
enum class CloseCode : std::uint16_t { normal = 1000, protocol = 1002, not_text = 1007, too_big = 1009 };

/// Whole frames as they go over the wire, made once for all who get them.
using FramePtr = std::shared_ptr<const std::string>;

/// Octets before the payload of a frame that a server sends: those frames are not masked.
[[nodiscard]] constexpr std::size_t frame_header_bytes(std::size_t payload) {
  return payload < 126 ? 2 : payload < 65536 ? 4 : 10;
}
/// One whole, unmasked frame. A control frame's payload is cut to the 125 octets that it may have.
[[nodiscard]] std::string make_frame(Opcode opcode, std::string_view payload);
/// A close frame; the reason is cut to what it may have, and not within a character.
[[nodiscard]] std::string make_close_frame(CloseCode code, std::string_view reason);

/// Takes apart what a client sends, in any pieces, with bounded memory.
class FrameReader {
 public:
  /// A whole message (text, binary) or a control frame. `close`: the data is its code and reason, as the client sent
  /// them.
  struct Item {
    Opcode opcode = Opcode::binary;
    std::string data;
  };

  explicit FrameReader(std::size_t message_limit) : limit_(message_limit) {}

  /// Goes through `bytes` up to the end of the first item in them, and takes what it has read off their front. Nothing:
  /// all of them are used, and more is wanted.
  /// Errors: protocol (infrastructure) for what no client may send; close_code() then says which code to answer with,
  /// and nothing more is read.
  Result<std::optional<Item>> next(std::string_view& bytes);
  [[nodiscard]] CloseCode close_code() const { return code_; }

 private:
  Error refuse(CloseCode code, const char* what);
  bool take_header(std::string_view& bytes);
  bool read_length();
  Result<> begin_frame();
  void take_payload(std::string_view& bytes);
  Result<std::optional<Item>> end_frame();

  const std::size_t limit_;
  CloseCode code_ = CloseCode::normal;
  std::array<unsigned char, 14> header_{};
  std::size_t header_have_ = 0, header_need_ = 2;
  bool in_payload_ = false, failed_ = false;
  bool final_ = false, control_ = false;
  Opcode opcode_ = Opcode::continuation;  ///< of the frame
  std::optional<Opcode> message_opcode_;  ///< of a message that is not whole yet
  std::uint64_t left_ = 0;                ///< octets of the payload that are still to come
  std::size_t mask_at_ = 0;
  std::string message_, control_data_;
};

/// Whether `text` is UTF-8 (RFC 3629).
[[nodiscard]] bool is_utf8(std::string_view text);

}  // namespace hilltop::web
