// SPDX-License-Identifier: Apache-2.0
#include "controller/auth/tokens.hpp"

#include <sodium.h>

#include <array>

namespace hilltop::controller {
namespace {

constexpr std::size_t token_bytes = 32;
using Digest = std::array<unsigned char, 32>;

template <std::size_t N>
std::string to_hex(const std::array<unsigned char, N>& bytes) {
  std::string out(2 * N + 1, '\0');
  sodium_bin2hex(out.data(), out.size(), bytes.data(), N);
  out.pop_back();
  return out;
}

Error denied(std::string text) { return {Errc::denied, Blame::job, std::move(text)}; }

}  // namespace

std::string make_token() {
  std::array<unsigned char, token_bytes> random{};
  randombytes_buf(random.data(), random.size());
  return "htp_" + to_hex(random);
}

std::string token_hash(const std::string& token) {
  Digest digest{};
  crypto_generichash(digest.data(), digest.size(), reinterpret_cast<const unsigned char*>(token.data()), token.size(),
                     nullptr, 0);
  return to_hex(digest);
}

void TokenBook::add(TokenRecord token) {
  id_by_hash_[token.hash] = token.view.id;
  by_id_[token.view.id] = std::move(token);
}

void TokenBook::add_member(const std::string& user, const std::string& group) { groups_.emplace(user, group); }

Result<Principal> TokenBook::authenticate(const std::string& token, UtcTime now) {
  // Looked up by its hash: how long that takes says nothing about any stored token.
  const auto found = id_by_hash_.find(token_hash(token));
  if (found == id_by_hash_.end()) return denied("unknown token");
  auto& view = by_id_.at(found->second).view;
  if (view.revoked) return denied("the token was revoked");
  if (view.expires != UtcTime{} && view.expires <= now) return denied("the token has expired");
  view.last_used = now;
  Principal out;
  out.user = view.user;
  out.role = view.role;
  out.project = view.project;
  const auto [first, last] = groups_.equal_range(view.user);
  for (auto group = first; group != last; ++group) out.groups.push_back(group->second);
  return out;
}

std::vector<TokenView> TokenBook::all() const {
  std::vector<TokenView> out;
  for (const auto& [id, token] : by_id_) out.push_back(token.view);
  return out;
}

TokenRecord* TokenBook::find(std::uint64_t id) {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : &found->second;
}

}  // namespace hilltop::controller
