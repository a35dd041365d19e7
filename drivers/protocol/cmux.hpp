// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// The multiplexer of modems: several serial lines (DLCIs) over one. Source: 3GPP TS 27.010 V17 (GSM 07.10): 5.2.1
/// frame structure, 5.2.6 basic option, 5.2.7 advanced option, 5.4.6.3 control messages, annex B the FCS.
namespace hilltop::drivers::cmux {

inline constexpr char basic_flag = '\xf9';
inline constexpr char advanced_flag = '\x7e';
inline constexpr char advanced_escape = '\x7d';
inline constexpr std::size_t most_info = 32767;  ///< a length of 15 bits

/// Control fields without the P/F bit. Source: table 2 of 5.2.1.3.
enum class Type : std::uint8_t { sabm = 0x2f, ua = 0x63, dm = 0x0f, disc = 0x43, uih = 0xef, ui = 0x03 };

struct Frame {
  std::uint8_t dlci = 0;  ///< 0 is the control channel; 1 to 61 carry data
  bool command = true;    ///< the C/R bit
  bool poll = false;      ///< the P/F bit
  Type type = Type::uih;
  std::string_view info;
};

/// With its flags. `frame.info`: at most most_info bytes.
[[nodiscard]] std::string encoded_basic(const Frame& frame);
[[nodiscard]] std::string encoded_advanced(const Frame& frame);

struct Parsed {
  enum class Fit : std::uint8_t { no, yes, more } fit = Fit::no;  ///< more: the bytes end before it is certain
  Frame frame;                                                    ///< its info is part of what was parsed
  std::size_t size = 0;                                           ///< bytes of the frame, with the flag behind it
  std::size_t info_at = 0;
};
/// A frame of the basic option whose opening flag stands before `bytes`. Frames with more than `most` bytes of
/// information are none.
[[nodiscard]] Parsed parse_basic(std::string_view bytes, std::size_t most = most_info);
/// A frame of the advanced option: the unescaped bytes between two flags.
[[nodiscard]] std::optional<Frame> parse_advanced(std::string_view between_flags);
/// Nothing where the escaped bytes end within an escape.
[[nodiscard]] std::optional<std::string> unescaped(std::string_view between_flags);
/// Whether a frame of either option can begin so: its address, and its control field if it is there.
[[nodiscard]] Parsed::Fit fit_header(std::string_view bytes);

/// The MSC message of the control channel: the V.24 signals of a line. Source: 5.4.6.3.7.
struct ModemStatus {
  std::uint8_t dlci = 0;
  bool command = true;
  std::uint8_t signals = 0;  ///< bit 1 FC, bit 2 RTC, bit 3 RTR, bit 6 IC, bit 7 DV
};
[[nodiscard]] std::string encoded(const ModemStatus& message);  ///< the information of a UIH frame on DLCI 0
[[nodiscard]] std::optional<ModemStatus> modem_status_of(std::string_view info);

}  // namespace hilltop::drivers::cmux
