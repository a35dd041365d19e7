// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

namespace hilltop::test {

/// What a shell script says that runs in `dir`; it must succeed.
inline std::string sh(const std::filesystem::path& dir, const std::string& script) {
  const auto command = "cd '" + dir.string() + "' && PATH=$PATH:/sbin:/usr/sbin; { " + script + "\n} 2>&1";
  std::unique_ptr<FILE, int (*)(FILE*)> pipe(popen(command.c_str(), "re"), &pclose);
  std::string out;
  std::array<char, 4096> piece{};
  while (const auto n = fread(piece.data(), 1, piece.size(), pipe.get())) out.append(piece.data(), n);
  const int status = pclose(pipe.release());
  EXPECT_EQ(status, 0) << script << ": " << out;
  return out;
}

inline std::string read_file(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  EXPECT_TRUE(in) << file;
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace hilltop::test
