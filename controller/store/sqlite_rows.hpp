// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "controller/store/sqlite.hpp"
#include "controller/store/store.hpp"

/// Rows of each table to plain structs and back. One file a table (sqlite_jobs.cpp, ...).
namespace hilltop::controller::sqlite {

Result<> apply(Database& database, const InsertJob& change);
Result<> apply(Database& database, const UpdateJob& change);
Result<> apply(Database& database, const PutLease& change);
Result<> apply(Database& database, const PutBoard& change);
Result<> apply(Database& database, const AddCase& change);
Result<> apply(Database& database, const AddEvent& change);
Result<> apply(Database& database, const PutToken& change);
Result<> apply(Database& database, const PutUser& change);
Result<> apply(Database& database, const PutMember& change);
Result<> apply(Database& database, const AddAudit& change);

Result<std::vector<JobRecord>> open_jobs(Database& database);
Result<std::vector<JobRecord>> find_jobs(Database& database, const JobQuery& query);
Result<JobRecord> find_job(Database& database, std::uint64_t id);
Result<std::string> find_definition(Database& database, std::uint64_t job);
Result<std::vector<jobs::TestCase>> find_cases(Database& database, std::uint64_t job);
Result<std::vector<LeaseView>> open_leases(Database& database);
Result<std::vector<LeaseView>> ended_leases(Database& database, std::size_t limit);
Result<LeaseView> find_lease(Database& database, std::uint64_t id);
Result<std::vector<BoardRecord>> all_boards(Database& database);
Result<std::vector<FarmEvent>> find_events(Database& database, std::uint64_t after, std::size_t limit);
Result<std::vector<TokenRecord>> all_tokens(Database& database);
Result<std::vector<Membership>> all_memberships(Database& database);
/// The largest id of `table` ever used, 0 for none.
Result<std::uint64_t> largest(Database& database, const char* sql);

/// Lists of words as JSON text.
[[nodiscard]] std::string words_to_json(const std::vector<std::string>& words);
[[nodiscard]] std::vector<std::string> words_from_json(const std::string& text);

}  // namespace hilltop::controller::sqlite
