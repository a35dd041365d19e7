// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace hilltop::jobs {

/// Whether `secret` is a word that logs are full of: shorter than 6 bytes, or a usual one (root, debian, password) in
/// any case. Masked everywhere it would hide half of a log and tell what it is all the same.
[[nodiscard]] bool is_usual_word(std::string_view secret);

/// Takes secrets out of what is logged.
class Masker {
 public:
  static constexpr std::string_view mask = "[MASKED]";

  /// To be taken out wherever it stands.
  void add(std::string secret);
  /// To be taken out behind `before` only: `TOKEN=` of a shell that shows what it runs.
  void add_behind(const std::string& before, const std::string& secret);
  [[nodiscard]] std::string operator()(std::string text) const;
  /// How many bytes at the end of `text` may be the beginning of a secret.
  [[nodiscard]] std::size_t begun_at_end(std::string_view text) const;

 private:
  struct Secret {
    std::string text, shown;
  };
  std::vector<Secret> secrets_;  // longest first: a secret may hold another one
};

}  // namespace hilltop::jobs
