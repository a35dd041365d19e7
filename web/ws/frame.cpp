// SPDX-License-Identifier: Apache-2.0
#include "web/ws/frame.hpp"

#include <algorithm>

namespace hilltop::web {
namespace {

constexpr std::size_t control_limit = 125;
constexpr unsigned char final_bit = 0x80, reserved_bits = 0x70, opcode_bits = 0x0f;
constexpr unsigned char mask_bit = 0x80, length_bits = 0x7f;

bool is_control(Opcode opcode) { return static_cast<std::uint8_t>(opcode) >= 8; }

bool is_known(unsigned opcode) { return opcode <= 2 || (opcode >= 8 && opcode <= 10); }

/// Codes that may stand in a close frame. Source: RFC 6455 7.4.1, 7.4.2.
bool is_close_code(unsigned code) {
  return (code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006) ||
         (code >= 3000 && code < 5000);
}

/// `text` without what is over `limit`, nor a part of a character.
std::string_view cut_text(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return text;
  while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xc0U) == 0x80) --limit;
  return text.substr(0, limit);
}

/// Octets of the character that starts with `lead`, 0 for none; `low` and `high` bound the second one.
std::size_t utf8_length(unsigned char lead, unsigned char& low, unsigned char& high) {
  low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead < 0xe0) return 2;
  if (lead >= 0xe0 && lead < 0xf0) return 3;
  return lead >= 0xf0 && lead < 0xf5 ? 4 : 0;
}

}  // namespace

bool is_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    unsigned char low = 0, high = 0;
    const auto length = utf8_length(static_cast<unsigned char>(text[at]), low, high);
    if (length == 0 || text.size() - at < length) return false;
    for (std::size_t i = 1; i < length; ++i) {
      const auto c = static_cast<unsigned char>(text[at + i]);
      if (c < low || c > high) return false;
      low = 0x80;
      high = 0xbf;
    }
    at += length;
  }
  return true;
}

std::string make_frame(Opcode opcode, std::string_view payload) {
  if (is_control(opcode)) payload = payload.substr(0, control_limit);
  const auto size = payload.size();
  std::string out;
  out.reserve(frame_header_bytes(size) + size);
  out += static_cast<char>(final_bit | static_cast<unsigned char>(opcode));
  const int octets = size < 126 ? 0 : size < 65536 ? 2 : 8;
  out += static_cast<char>(octets == 0 ? size : octets == 2 ? 126 : 127);
  for (int shift = 8 * (octets - 1); shift >= 0; shift -= 8) out += static_cast<char>(size >> shift & 255U);
  return out += payload;
}

std::string make_close_frame(CloseCode code, std::string_view reason) {
  const auto number = static_cast<std::uint16_t>(code);
  std::string payload = {static_cast<char>(number >> 8), static_cast<char>(number & 255)};
  return make_frame(Opcode::close, payload += cut_text(reason, control_limit - 2));
}

Error FrameReader::refuse(CloseCode code, const char* what) {
  code_ = code;
  failed_ = true;
  return {Errc::protocol, Blame::infrastructure, std::string("WebSocket: ") + what};
}

/// True when the header is whole.
bool FrameReader::take_header(std::string_view& bytes) {
  while (header_have_ < header_need_ && !bytes.empty()) {
    header_[header_have_++] = static_cast<unsigned char>(bytes.front());
    bytes.remove_prefix(1);
    if (header_have_ != 2) continue;
    const unsigned length = header_[1] & length_bits;
    header_need_ = 2 + (length == 126 ? 2U : length == 127 ? 8U : 0U) + ((header_[1] & mask_bit) != 0 ? 4U : 0U);
  }
  return header_have_ == header_need_;
}

/// False when it is not written in the fewest octets, as it must be.
bool FrameReader::read_length() {
  left_ = header_[1] & length_bits;
  const std::size_t octets = header_need_ - 6;  // beside the two that every header has, and the mask
  if (octets == 0) return true;
  left_ = 0;
  for (std::size_t i = 0; i < octets; ++i) left_ = left_ << 8U | header_[2 + i];
  return left_ >= (octets == 2 ? 126U : 65536U) && left_ >> 63U == 0;
}

Result<> FrameReader::begin_frame() {
  const unsigned opcode = header_[0] & opcode_bits;
  if ((header_[0] & reserved_bits) != 0 || !is_known(opcode))
    return refuse(CloseCode::protocol, "a frame of a kind that was not agreed on");
  if ((header_[1] & mask_bit) == 0) return refuse(CloseCode::protocol, "a frame that is not masked");
  final_ = (header_[0] & final_bit) != 0;
  opcode_ = static_cast<Opcode>(opcode);
  control_ = is_control(opcode_);
  if (!read_length()) return refuse(CloseCode::protocol, "a length that is longer than it need be");
  mask_at_ = 0;
  if (control_) {
    if (!final_ || left_ > control_limit) return refuse(CloseCode::protocol, "a control frame in pieces, or too long");
    control_data_.clear();
    return ok();
  }
  if ((opcode_ == Opcode::continuation) != message_opcode_.has_value())
    return refuse(CloseCode::protocol, "a message within another, or the end of none");
  if (!message_opcode_) message_opcode_ = opcode_;
  if (left_ > limit_ - message_.size()) return refuse(CloseCode::too_big, "a message that is too long");
  return ok();
}

void FrameReader::take_payload(std::string_view& bytes) {
  const auto take = static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size()));
  auto& into = control_ ? control_data_ : message_;
  const auto begin = into.size();
  into.append(bytes.substr(0, take));
  const auto* mask = header_.data() + header_need_ - 4;
  for (std::size_t i = 0; i < take; ++i, ++mask_at_) into[begin + i] ^= static_cast<char>(mask[mask_at_ & 3U]);
  bytes.remove_prefix(take);
  left_ -= take;
}

Result<std::optional<FrameReader::Item>> FrameReader::end_frame() {
  header_have_ = 0;
  header_need_ = 2;
  in_payload_ = false;
  std::optional<Item> out;
  if (control_) {
    out = Item{opcode_, std::move(control_data_)};
    if (opcode_ != Opcode::close || out->data.empty()) return out;
    if (out->data.size() < 2 ||
        !is_close_code(static_cast<unsigned char>(out->data[0]) << 8U | static_cast<unsigned char>(out->data[1])))
      return refuse(CloseCode::protocol, "a goodbye with a code that there is not");
    if (!is_utf8(std::string_view(out->data).substr(2)))
      return refuse(CloseCode::not_text, "a reason that is no UTF-8");
    return out;
  }
  if (!final_) return out;
  out = Item{*message_opcode_, std::move(message_)};
  message_.clear();
  message_opcode_.reset();
  if (out->opcode == Opcode::text && !is_utf8(out->data)) return refuse(CloseCode::not_text, "text that is no UTF-8");
  return out;
}

Result<std::optional<FrameReader::Item>> FrameReader::next(std::string_view& bytes) {
  if (failed_) return Error(Errc::protocol, Blame::infrastructure, "WebSocket: the connection has failed");
  for (;;) {
    if (!in_payload_) {
      if (!take_header(bytes)) return std::optional<Item>();
      HILLTOP_CHECK(begin_frame());
      in_payload_ = true;
    }
    take_payload(bytes);
    if (left_ > 0) return std::optional<Item>();
    HILLTOP_TRY(auto item, end_frame());
    if (item) return item;
  }
}

}  // namespace hilltop::web
