// SPDX-License-Identifier: Apache-2.0
#include "controller/artifacts/digest.hpp"

#include <fmt/format.h>

#include <optional>

#include "drivers/protocol/digest.hpp"

namespace hilltop::controller {
namespace {

using drivers::Digest;
using drivers::DigestKind;

Result<> compare(std::string_view name, const std::optional<std::string>& wanted, const std::string& got) {
  if (!wanted || *wanted == got) return ok();
  return Error(Errc::mismatch, Blame::infrastructure, fmt::format("{} is {}, and the job says {}", name, got, *wanted));
}

}  // namespace

struct Digests::State {
  Digest sha256;
  std::optional<Digest> md5, sha512;
};

Digests::Digests(const jobs::UrlSpec& wanted) : state_(std::make_unique<State>()) {
  if (wanted.md5sum) state_->md5.emplace(DigestKind::md5);
  if (wanted.sha512sum) state_->sha512.emplace(DigestKind::sha512);
}
Digests::~Digests() = default;
Digests::Digests(Digests&&) noexcept = default;
Digests& Digests::operator=(Digests&&) noexcept = default;

void Digests::feed(std::string_view bytes) {
  state_->sha256.feed(bytes);
  if (state_->md5) state_->md5->feed(bytes);
  if (state_->sha512) state_->sha512->feed(bytes);
}

Result<std::string> Digests::check(const jobs::UrlSpec& wanted) {
  auto sha256 = state_->sha256.hex();
  HILLTOP_CHECK(compare("SHA-256", wanted.sha256sum, sha256));
  if (state_->md5) HILLTOP_CHECK(compare("MD5", wanted.md5sum, state_->md5->hex()));
  if (state_->sha512) HILLTOP_CHECK(compare("SHA-512", wanted.sha512sum, state_->sha512->hex()));
  return sha256;
}

}  // namespace hilltop::controller
