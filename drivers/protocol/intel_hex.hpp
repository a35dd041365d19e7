// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/protocol/image.hpp"

namespace hilltop::drivers {

/// Reads Intel HEX: data (00), end of file (01), extended segment and linear addresses (02, 04), start addresses (03,
/// 05). Lines may end in \n, \r\n or \r; empty ones are skipped. Overlapping records are an error. Errors: bad_input
/// (job) with the line and what is wrong there. Source: Intel, Hexadecimal Object File Format Specification, revision
/// A, 1988.
Result<Image> read_intel_hex(std::string_view text, std::string name);

}  // namespace hilltop::drivers
