// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "controller/farm_state.hpp"
#include "drivers/core/log.hpp"

namespace hilltop::controller {
namespace {

TokenRecord new_token(FarmState& farm, const std::string& token, std::string user, std::string name, Role role,
                      std::string project, std::chrono::seconds valid_for) {
  TokenRecord out;
  out.view.id = ++farm.last_token;
  out.view.user = std::move(user);
  out.view.name = std::move(name);
  out.view.project = project.empty() ? "default" : std::move(project);
  out.view.role = role;
  out.view.created = utc_now();
  if (valid_for.count() > 0) out.view.expires = out.view.created + valid_for;
  out.hash = token_hash(token);
  return out;
}

Changes changes_for(const TokenRecord& token) {
  Changes out;
  out.emplace_back(PutUser{token.view.user, token.view.project, token.view.role});
  out.emplace_back(PutToken{token});
  return out;
}

}  // namespace

Task<std::pair<TokenView, std::string>> create_token(FarmRef farm, Principal who, std::string user, std::string name,
                                                     Role role, std::string project, std::chrono::seconds valid_for) {
  HILLTOP_CO_CHECK(need(who, Role::admin, "making a token"));
  if (user.empty()) co_return Error(Errc::bad_input, Blame::job, "a token belongs to a user: name one");
  auto text = make_token();
  auto token = new_token(*farm, text, std::move(user), std::move(name), role, std::move(project), valid_for);
  auto changes = changes_for(token);
  add_audit(changes, who, "token create", std::to_string(token.view.id),
            fmt::format("{} {}", token.view.user, to_string(role)));
  HILLTOP_CO_CHECK(co_await save_and_wait(farm, std::move(changes)));
  farm->tokens.add(token);
  co_return std::pair(token.view, std::move(text));
}

Task<> revoke_token(FarmRef farm, Principal who, std::uint64_t id) {
  HILLTOP_CO_CHECK(need(who, Role::admin, "revoking a token"));
  auto* token = farm->tokens.find(id);
  if (token == nullptr) co_return Error(Errc::not_found, Blame::job, fmt::format("there is no token {}", id));
  token->view.revoked = true;  // at once, whatever the disk does
  Changes changes;
  changes.emplace_back(PutToken{*token});
  add_audit(changes, who, "token revoke", std::to_string(id));
  co_return co_await save_and_wait(farm, std::move(changes));
}

Task<> ensure_admin_token(FarmRef farm) {
  if (!farm->tokens.empty()) co_return ok();
  const auto text = make_token();
  const auto file = farm->options.data_dir / "admin.token";
  // The file first: when this is cut short, the next start makes both anew.
  HILLTOP_CO_CHECK(replace_file(file, text + "\n", 0600));
  auto token = new_token(*farm, text, "admin", "first start", Role::admin, "default", std::chrono::seconds(0));
  HILLTOP_CO_CHECK(co_await save_and_wait(farm, changes_for(token)));
  farm->tokens.add(std::move(token));
  log::info("a token of role admin is in {}", file.string());
  co_return ok();
}

}  // namespace hilltop::controller
