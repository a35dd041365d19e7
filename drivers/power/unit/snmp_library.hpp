// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "drivers/core/result.hpp"
#include "drivers/power/unit/unit_template.hpp"

namespace hilltop::drivers::unit {

/// Opens a session of net-snmp's single-session interface; nothing is sent. `version`: "1", "2c" (then `community` is
/// in `variables`), "3" (then `user`, and perhaps `auth` (MD5, SHA, SHA-256...), `auth_password`, `priv` (DES, AES...),
/// `priv_password`). Errors: bad_input (configuration) for a protocol or password that is none; unavailable.
Result<void*> open_snmp_session(const std::string& version, const std::string& peer, const Variables& variables);

}  // namespace hilltop::drivers::unit
