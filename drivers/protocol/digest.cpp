// SPDX-License-Identifier: Apache-2.0
#include "drivers/protocol/digest.hpp"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <array>

namespace hilltop::drivers {
namespace {

const EVP_MD* algorithm(DigestKind kind) {
  switch (kind) {
    case DigestKind::md5:
      return EVP_md5();
    case DigestKind::sha256:
      return EVP_sha256();
    case DigestKind::sha512:
      break;
  }
  return EVP_sha512();
}

}  // namespace

// Source: OpenSSL, EVP_DigestInit(3).
struct Digest::State {
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context{EVP_MD_CTX_new(), &EVP_MD_CTX_free};
};

Digest::Digest(DigestKind kind) : state_(std::make_unique<State>()) {
  EVP_DigestInit_ex(state_->context.get(), algorithm(kind), nullptr);
}
Digest::~Digest() = default;
Digest::Digest(Digest&&) noexcept = default;
Digest& Digest::operator=(Digest&&) noexcept = default;

void Digest::feed(std::string_view bytes) { EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size()); }

std::string Digest::hex() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> out{};
  unsigned length = 0;
  EVP_DigestFinal_ex(state_->context.get(), out.data(), &length);
  std::string text;
  for (unsigned i = 0; i < length; ++i) text += fmt::format("{:02x}", out.at(i));
  return text;
}

std::string digest_of(DigestKind kind, std::string_view bytes) {
  Digest digest(kind);
  digest.feed(bytes);
  return digest.hex();
}

}  // namespace hilltop::drivers
