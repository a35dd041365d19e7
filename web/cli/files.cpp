// SPDX-License-Identifier: Apache-2.0
#include "web/cli/files.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace hilltop::cli {
namespace {

Error file_error(const std::string& path, int code) {
  const auto kind = code == ENOENT ? Errc::not_found : Errc::io;
  return Error(kind, Blame::configuration, path + ": " + std::strerror(code));
}

}  // namespace

Result<std::string> read_file(const std::string& path, std::istream& standard_input) {
  if (path == "-") return std::string(std::istreambuf_iterator<char>(standard_input), {});
  std::error_code failed;
  if (std::filesystem::is_directory(path, failed)) return file_error(path, EISDIR);
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) return file_error(path, errno != 0 ? errno : EIO);
  std::string text(std::istreambuf_iterator<char>(file), {});
  if (file.bad()) return file_error(path, EIO);
  return text;
}

Result<> write_file(const std::string& path, const std::string& text) {
  // /dev/stdout, a pipe: what is no plain file is written to, not replaced.
  std::error_code failed;
  const bool plain = !std::filesystem::exists(path, failed) || std::filesystem::is_regular_file(path, failed);
  const auto target = plain ? path + ".part" : path;
  errno = 0;
  std::ofstream file(target, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (!file) return file_error(path, errno != 0 ? errno : EIO);
  if (plain) std::filesystem::rename(target, path, failed);
  if (failed) return file_error(path, failed.value());
  return ok();
}

}  // namespace hilltop::cli
