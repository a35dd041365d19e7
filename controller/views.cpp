// SPDX-License-Identifier: Apache-2.0
#include "controller/views.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <nlohmann/json.hpp>

namespace hilltop::controller {
namespace {

constexpr std::array<std::string_view, 4> role_names = {"viewer", "submitter", "technician", "admin"};
constexpr std::array<std::string_view, 4> board_state_names = {"idle", "leased", "cleaning", "offline"};
constexpr std::array<std::string_view, 6> health_names = {"unknown", "good",        "suspect",
                                                          "bad",     "maintenance", "retired"};
constexpr std::array<std::string_view, 3> lease_state_names = {"waiting", "active", "ended"};
constexpr std::array<std::string_view, 5> job_state_names = {"submitted", "scheduled", "running", "canceling",
                                                             "finished"};

template <class E, std::size_t N>
std::optional<E> enum_from(const std::array<std::string_view, N>& names, std::string_view text) {
  const auto found = std::ranges::find(names, text);
  if (found == names.end()) return std::nullopt;
  return static_cast<E>(found - names.begin());
}

nlohmann::json time_or_null(UtcTime time) {
  if (time == UtcTime{}) return nullptr;
  return to_rfc3339(time);
}

template <class T>
nlohmann::json value_or_null(const std::optional<T>& value) {
  if (!value) return nullptr;
  return *value;
}

nlohmann::json case_json(const jobs::TestCase& test_case) {
  nlohmann::json out = {{"name", test_case.name},
                        {"result", jobs::to_string(test_case.result)},
                        {"measurement", value_or_null(test_case.measurement)},
                        {"units", test_case.units},
                        {"duration_s", value_or_null(test_case.duration_s)},
                        {"line", test_case.line}};
  if (!test_case.message.empty()) out["message"] = test_case.message;
  return out;
}

/// Suites in the order in which their first case was reported.
nlohmann::json suites_json(const std::vector<jobs::TestCase>& cases) {
  auto suites = nlohmann::json::array();
  std::map<std::string, std::size_t> index;
  for (const auto& test_case : cases) {
    const auto [found, fresh] = index.emplace(test_case.suite, suites.size());
    if (fresh) suites.push_back({{"name", test_case.suite}, {"cases", nlohmann::json::array()}});
    suites[found->second]["cases"].push_back(case_json(test_case));
  }
  return suites;
}

}  // namespace

std::string_view to_string(Role role) noexcept { return role_names[static_cast<std::size_t>(role)]; }
std::optional<Role> role_from(std::string_view text) noexcept { return enum_from<Role>(role_names, text); }
std::string_view to_string(BoardState state) noexcept { return board_state_names[static_cast<std::size_t>(state)]; }
std::string_view to_string(BoardHealth health) noexcept { return health_names[static_cast<std::size_t>(health)]; }
std::optional<BoardHealth> board_health_from(std::string_view text) noexcept {
  return enum_from<BoardHealth>(health_names, text);
}
std::string_view to_string(LeaseState state) noexcept { return lease_state_names[static_cast<std::size_t>(state)]; }
std::optional<LeaseState> lease_state_from(std::string_view text) noexcept {
  return enum_from<LeaseState>(lease_state_names, text);
}
std::string_view to_string(JobState state) noexcept { return job_state_names[static_cast<std::size_t>(state)]; }
std::optional<JobState> job_state_from(std::string_view text) noexcept {
  return enum_from<JobState>(job_state_names, text);
}

nlohmann::json to_json(const JobView& job, const std::vector<jobs::TestCase>* cases) {
  const auto* outcome = job.outcome ? &*job.outcome : nullptr;
  const bool blamed = outcome != nullptr && outcome->blame.has_value();
  nlohmann::json out = {{"id", job.id},
                        {"name", job.name},
                        {"state", to_string(job.state)},
                        {"verdict", outcome ? nlohmann::json(jobs::to_string(outcome->verdict)) : nlohmann::json()},
                        {"reason", outcome ? outcome->reason : ""},
                        {"blame", blamed ? nlohmann::json(to_string(*outcome->blame)) : nlohmann::json()},
                        {"board", job.board.empty() ? nlohmann::json() : nlohmann::json(job.board)},
                        {"board_type", job.board_type},
                        {"submitted", time_or_null(job.submitted)},
                        {"started", time_or_null(job.started)},
                        {"finished", time_or_null(job.finished)}};
  out.update({{"project", job.project},
              {"submitter", job.submitter},
              {"priority", job.priority},
              {"attempt", job.attempt},
              {"tags", job.tags},
              {"waiting_for", job.waiting_for},
              {"current_action", job.current_action},
              {"lease", value_or_null(job.lease)},
              {"cases", job.cases},
              {"passed", job.passed},
              {"failed", job.failed},
              {"rerun_of", value_or_null(job.rerun_of)}});
  if (cases != nullptr) out["suites"] = suites_json(*cases);
  return out;
}

nlohmann::json console_use_json(const BoardView& board) {
  auto writers = nlohmann::json::array();
  for (const auto& one : board.writers)
    writers.push_back(
        {{"console", one.console}, {"name", one.name}, {"from", one.from}, {"since", time_or_null(one.since)}});
  auto ports = nlohmann::json::array();
  for (const auto& one : board.ports)
    ports.push_back({{"console", one.console}, {"protocol", one.kind}, {"where", one.where}, {"owner", one.owner}});
  return {{"writers", std::move(writers)}, {"ports", std::move(ports)}};
}

nlohmann::json to_json(const BoardView& board) {
  nlohmann::json out = {{"name", board.name},
                        {"type", board.type},
                        {"description", board.description},
                        {"tags", board.tags},
                        {"worker", board.worker},
                        {"state", to_string(board.state)},
                        {"health", to_string(board.health)},
                        {"health_reason", board.health_reason},
                        {"problem", board.problem},
                        {"power", board.power},
                        {"power_found", board.power_found},
                        {"power_problem", board.power_problem},
                        {"consoles", board.consoles},
                        {"offers", board.offers},
                        {"lease", value_or_null(board.lease)},
                        {"holder", board.holder},
                        {"job", value_or_null(board.job)}};
  out.update(console_use_json(board));
  return out;
}

nlohmann::json to_json(const LeaseView& lease) {
  return {{"id", lease.id},
          {"state", to_string(lease.state)},
          {"owner", lease.owner},
          {"project", lease.project},
          {"wanted", lease.wanted},
          {"tags", lease.tags},
          {"board", lease.board.empty() ? nlohmann::json() : nlohmann::json(lease.board)},
          {"job", value_or_null(lease.job)},
          {"priority", lease.priority},
          {"created", time_or_null(lease.created)},
          {"started", time_or_null(lease.started)},
          {"ends", time_or_null(lease.ends)},
          {"ended", time_or_null(lease.ended)},
          {"end_reason", lease.end_reason},
          {"waiting_for", lease.waiting_for}};
}

}  // namespace hilltop::controller
