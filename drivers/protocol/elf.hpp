// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/protocol/image.hpp"

namespace hilltop::drivers {

/// Reads what an ELF file loads: the file bytes of its PT_LOAD segments at their physical addresses (where .data waits
/// in flash, not where it runs). 32 and 64 bit, little-endian, executables. Errors: bad_input (job) with what is wrong.
/// Source: Tool Interface Standard, Executable and Linking Format 1.2; System V ABI gABI 4.1, chapters 4 and 5.
Result<Image> read_elf(std::string_view bytes, std::string name);

}  // namespace hilltop::drivers
