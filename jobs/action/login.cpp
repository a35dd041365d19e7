// SPDX-License-Identifier: Apache-2.0
#include "jobs/action/login.hpp"

#include "jobs/action/dialog.hpp"

namespace hilltop::jobs {
namespace {

using boards::PatternSet;

// Source: texts of util-linux login(1) and BusyBox login.
constexpr std::string_view refused = "[Ll]ogin incorrect|[Ll]ogin timed out|Login failed";

struct Login {
  std::shared_ptr<JobRun> run;
  const Boot* block;
  Deadline deadline = Deadline::never();
  std::shared_ptr<Dialog> dialog;
  std::shared_ptr<BootWatch> watch;
};

/// Notes why the board is not where it should be.
Error not_there(const Login& login, const std::string& wanted) {
  auto what = wanted + " was not seen in time";
  if (!login.dialog->heard_anything()) return login.run->fail(Finding::board_silent, what + ": the board was silent");
  const auto faults = login.run->console_log->faults(0, UINT64_MAX);
  if (!faults.empty()) what += "; it said: " + faults.back().text;
  return login.run->fail(Finding::not_reached, what + "; the last words were: " + login.dialog->tail());
}

/// Waits for one of `patterns` (as answers, if something was typed). Value: its index.
Task<std::size_t> wait_for(std::shared_ptr<Login> login, std::vector<std::string> patterns, std::string wanted) {
  Awaited awaited;
  HILLTOP_CO_TRY(awaited.prompts, PatternSet::compile(std::move(patterns)));
  auto match = co_await expect_booting(login->run, login->watch, login->dialog, awaited, login->deadline);
  if (match) co_return match->index;
  if (match.error().code == Errc::timeout) co_return not_there(*login, wanted);
  co_return std::move(match).error();
}

Error login_refused(const Login& login) {
  return login.run->fail(Finding::not_reached,
                         "the board refused the login as '" + login.block->auto_login->username + "'");
}

std::vector<std::string> with_refusal(std::vector<std::string> patterns) {
  patterns.insert(patterns.begin(), std::string(refused));
  return patterns;
}

Task<> type_credentials(std::shared_ptr<Login> login) {
  const auto& how = *login->block->auto_login;
  HILLTOP_CO_TRY(const auto seen,
                 co_await wait_for(login, {how.login_prompt}, "the login prompt '" + how.login_prompt + "'"));
  static_cast<void>(seen);
  HILLTOP_CO_CHECK(co_await login->dialog->type(how.username, false, login->deadline));
  if (!how.password_prompt || !how.password) co_return ok();
  const auto wanted = "the password prompt '" + *how.password_prompt + "'";
  HILLTOP_CO_TRY(const auto answer, co_await wait_for(login, with_refusal({*how.password_prompt}), wanted));
  if (answer == 0) co_return login_refused(*login);
  co_return co_await login->dialog->type(*how.password, true, login->deadline);
}

Task<> wait_for_shell(std::shared_ptr<Login> login) {
  HILLTOP_CO_TRY(const auto answer, co_await wait_for(login, with_refusal(login->block->prompts), "a prompt"));
  if (answer == 0) co_return login_refused(*login);
  co_return ok();
}

}  // namespace

Task<> reach_prompt(std::shared_ptr<JobRun> run, const Boot* block, std::shared_ptr<BootWatch> watch,
                    Deadline deadline) {
  auto login = std::make_shared<Login>();
  login->run = run;
  login->block = block;
  login->deadline = deadline;
  login->dialog = std::make_shared<Dialog>(run);
  login->watch = std::move(watch);
  if (block->auto_login) HILLTOP_CO_CHECK(co_await type_credentials(login));
  if (block->prompts.empty()) co_return ok();
  if (!block->auto_login) {
    HILLTOP_CO_TRY(const auto seen, co_await wait_for(login, block->prompts, "a prompt"));
    run->log(LogLevel::info, "the board is at its prompt '" + block->prompts[seen] + "'");
    co_return ok();
  }
  HILLTOP_CO_CHECK(co_await wait_for_shell(login));
  for (const auto& command : block->auto_login->login_commands) {
    HILLTOP_CO_CHECK(co_await login->dialog->type(command, false, deadline));
    HILLTOP_CO_CHECK(co_await wait_for_shell(login));
  }
  run->log(LogLevel::info, "logged in as '" + block->auto_login->username + "'");
  co_return ok();
}

}  // namespace hilltop::jobs
