// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "boards/board_type.hpp"
#include "drivers/core/node.hpp"

namespace hilltop::boards {

/// The methods that a board type may offer: what `deploy to` and `boot method` of a job may say.
[[nodiscard]] const std::vector<std::string>& known_deploy_methods();
[[nodiscard]] const std::vector<std::string>& known_boot_methods();

/// The roles that an address may have, in lab files and board types.
[[nodiscard]] const std::vector<std::string>& address_roles();

/// The type `name` from its file's text with all that it extends merged in. `packs`: the rule packs that there are.
[[nodiscard]] BoardType read_type(const Node& text, const std::string& name, const std::vector<std::string>& packs,
                                  Diagnostics& diagnostics);

}  // namespace hilltop::boards
