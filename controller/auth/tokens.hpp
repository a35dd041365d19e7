// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>

#include "controller/store/store.hpp"

namespace hilltop::controller {

/// A new API token: "htp_" and 256 random bits in hex.
[[nodiscard]] std::string make_token();

/// BLAKE2b-256 of a token, hex: what is stored. A fast hash is right here: Argon2 slows down the guessing of secrets
/// that people choose, and a token has 256 random bits, which nobody guesses; each API request would pay for it.
/// Source: OWASP Password Storage (scope: passwords); libsodium crypto_generichash.
[[nodiscard]] std::string token_hash(const std::string& token);

/// All tokens by hash, and who is in which group. Thread: the control thread.
class TokenBook {
 public:
  void add(TokenRecord token);
  void add_member(const std::string& user, const std::string& group);
  [[nodiscard]] bool empty() const { return by_id_.empty(); }

  /// Who presents `token` at `now`; marks it as used. Errors: denied (job): unknown, expired or revoked.
  Result<Principal> authenticate(const std::string& token, UtcTime now);

  [[nodiscard]] std::vector<TokenView> all() const;
  /// The record, or nullptr.
  [[nodiscard]] TokenRecord* find(std::uint64_t id);

 private:
  std::map<std::uint64_t, TokenRecord> by_id_;
  std::unordered_map<std::string, std::uint64_t> id_by_hash_;
  std::multimap<std::string, std::string> groups_;
};

}  // namespace hilltop::controller
