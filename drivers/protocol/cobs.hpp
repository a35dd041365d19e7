// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

/// COBS: frames without zeros, each followed by a zero. Source: S. Cheshire, M. Baker: "Consistent Overhead Byte
/// Stuffing", IEEE/ACM Transactions on Networking 7 (1999) 2, section III.
namespace hilltop::drivers::cobs {

/// The encoded bytes, without the zero behind them.
[[nodiscard]] std::string encoded(std::string_view bytes);
/// What stands before a zero. Nothing where a code points beyond the end, for a zero within, and for no bytes at all.
[[nodiscard]] std::optional<std::string> decoded(std::string_view before_zero);

}  // namespace hilltop::drivers::cobs
