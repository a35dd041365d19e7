// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace hilltop::drivers {

enum class DigestKind : std::uint8_t { md5, sha256, sha512 };

/// A running digest, by OpenSSL. MD5 is there for what others ask for (LAVA's md5sum, HTTP's digest access): it keeps
/// no secret and proves no origin.
class Digest {
 public:
  explicit Digest(DigestKind kind = DigestKind::sha256);
  ~Digest();
  Digest(Digest&&) noexcept;
  Digest& operator=(Digest&&) noexcept;

  void feed(std::string_view bytes);
  /// In lower-case hexadecimal digits. Once.
  [[nodiscard]] std::string hex();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Of all of `bytes`.
[[nodiscard]] std::string digest_of(DigestKind kind, std::string_view bytes);

}  // namespace hilltop::drivers
