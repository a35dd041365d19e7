// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace hilltop::drivers {

/// SHA-256 of what it is fed. Source: FIPS 180-4, sections 4.1.2, 4.2.2, 5.3.3 and 6.2.
class Sha256 {
 public:
  void take(std::string_view bytes);
  /// Its digest in lower-case hexadecimal digits. Once.
  [[nodiscard]] std::string hex();

 private:
  void take_block(const char* block);

  std::array<std::uint32_t, 8> state_{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                      0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
  std::array<char, 64> rest_{};
  std::uint64_t taken_ = 0;
};

}  // namespace hilltop::drivers
