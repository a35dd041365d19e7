// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/byte_stream.hpp"
#include "drivers/protocol/rfc2217.hpp"

namespace hilltop::controller {

/// What `line` (nullptr: a wire that cannot be driven) now has of what is demanded or asked about.
[[nodiscard]] std::uint32_t present_setting(const drivers::rfc2217::Demand& demand, const drivers::ByteStream* line);
/// Whether a demand would change how `line` is driven.
[[nodiscard]] bool drives_line(const drivers::rfc2217::Demand& demand, const drivers::ByteStream* line);

/// Drives `line` as an RFC 2217 client wants it. Value: what to answer, which
/// is what the line then has. A wire without a rate, such as an emulated board's, takes every setting. One that is not
/// taken is answered with what stays. Errors: those of ByteStream::set_line and hold_break, the line's refusal aside.
Result<std::uint32_t> meet_demand(const drivers::rfc2217::Demand& demand, drivers::ByteStream* line);

}  // namespace hilltop::controller
