// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string_view>

#include "controller/store/sqlite.hpp"

namespace hilltop::controller::sqlite {

/// The newest schema that this program knows.
[[nodiscard]] int newest_schema() noexcept;

/// The statements that bring a database from `version` - 1 to `version`. For tests that make old files.
[[nodiscard]] std::string_view migration_to(int version) noexcept;

/// Brings `database` (of `file`) to the newest schema, one migration a transaction, after a copy FILE.before-version-N
/// where there was something. Errors: unsupported (configuration) for a newer schema or a file that is not hilltop's.
Result<> upgrade(Database& database, const std::filesystem::path& file);

}  // namespace hilltop::controller::sqlite
