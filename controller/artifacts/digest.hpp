// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "drivers/core/result.hpp"
#include "jobs/definition/job_definition.hpp"

namespace hilltop::controller {

/// The digests of a stream of bytes: always SHA-256, MD5 and SHA-512 where asked for.
class Digests {
 public:
  explicit Digests(const jobs::UrlSpec& wanted);
  ~Digests();
  Digests(Digests&&) noexcept;
  Digests& operator=(Digests&&) noexcept;

  void feed(std::string_view bytes);
  /// Ends the stream. Value: its SHA-256, hex. Errors: mismatch (infrastructure) with both digests.
  Result<std::string> check(const jobs::UrlSpec& wanted);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace hilltop::controller
