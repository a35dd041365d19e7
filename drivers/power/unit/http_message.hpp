// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "drivers/core/result.hpp"

namespace hilltop::drivers::unit {

/// What a server answered. Source: RFC 9112.
struct HttpReply {
  int status = 0;
  std::multimap<std::string, std::string> headers;  ///< names in small letters
  std::string body;

  [[nodiscard]] std::string header(const std::string& name) const;
};

/// Takes an answer apart as it comes. Bounded: 16 KiB of head, 1 MiB of body; more is an error. Small servers are
/// forgiven bare line feeds, a missing reason and HTTP/1.0.
class HttpReader {
 public:
  /// More bytes. Errors: protocol (infrastructure).
  Result<> add(std::string_view bytes);
  /// The peer has closed. Errors: unavailable (infrastructure) when the answer is not whole.
  Result<> end();
  [[nodiscard]] bool done() const { return done_; }
  [[nodiscard]] HttpReply take() { return std::move(reply_); }

 private:
  Result<> read_head();
  Result<> read_body();
  Result<> read_chunks();
  [[nodiscard]] std::optional<std::string> take_line();

  std::string pending_;
  HttpReply reply_;
  std::size_t head_bytes_ = 0;
  std::optional<std::size_t> length_;  // of the body, where it is told
  std::optional<std::size_t> chunk_;   // what is left of the one that is being read
  bool has_head_ = false, chunked_ = false, last_chunk_ = false, done_ = false;
};

/// What a server wants to know who asks. Source: RFC 7617 (Basic), RFC 7616 (Digest), RFC 6750 (Bearer).
struct HttpCredentials {
  std::string user, password, token;
};

/// The value of an `Authorization` header that answers the challenges of `reply` (its `WWW-Authenticate` headers):
/// the strongest digest that is known, MD5 or SHA-256. `cnonce`: random. Nothing where there is none to answer.
[[nodiscard]] std::optional<std::string> digest_answer(const HttpReply& reply, const HttpCredentials& who,
                                                       std::string_view method, std::string_view path,
                                                       const std::string& cnonce);
[[nodiscard]] std::string basic_answer(const HttpCredentials& who);

}  // namespace hilltop::drivers::unit
