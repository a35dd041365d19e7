// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "drivers/protocol/image.hpp"

namespace hilltop::drivers {

/// Reads Motorola S-records: S0 to S3 and S5 to S9. Checksums, the count record and the end record are held against the
/// rest. Errors: bad_input (job) as "NAME:LINE: what is wrong". Source: Motorola M68000 family programmer's reference
/// manual, appendix C; written as GNU objcopy writes it.
Result<Image> read_srec(std::string_view text, std::string name);

/// Whether `head`, the first bytes of a file, begin with a record that is whole or cut off after 64 bytes.
[[nodiscard]] bool is_srec(std::string_view head);

}  // namespace hilltop::drivers
