// SPDX-License-Identifier: Apache-2.0
#include "web/ws/line_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace hilltop::web {
namespace {

constexpr std::size_t piece_bytes = 64 * 1024;
constexpr std::size_t line_limit = 16 * 1024 * 1024;

}  // namespace

Result<LineFile> LineFile::open(const std::filesystem::path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT) return Error(Errc::not_found, Blame::job, "there is no log yet");
  if (fd < 0) return system_error(path.string(), errno);
  return LineFile(fd);
}

LineFile::LineFile(LineFile&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), offset_(other.offset_), line_(other.line_) {}

LineFile& LineFile::operator=(LineFile&& other) noexcept {
  std::swap(fd_, other.fd_);
  offset_ = other.offset_;
  line_ = other.line_;
  return *this;
}

LineFile::~LineFile() {
  if (fd_ >= 0) ::close(fd_);
}

Result<std::string> LineFile::piece(std::size_t bytes) const {
  std::string out(bytes, '\0');
  const auto n = ::pread(fd_, out.data(), out.size(), static_cast<off_t>(offset_));
  if (n < 0) return system_error("reading a log", errno);
  out.resize(static_cast<std::size_t>(n));
  return out;
}

Result<bool> LineFile::skip_to(std::uint64_t line) {
  while (line_ < line) {
    HILLTOP_TRY(const auto lines, next());
    if (lines.empty()) return false;
    if (line_ <= line) continue;
    // Too far: go back by as many lines as there are too many.
    std::size_t keep = lines.size();
    for (; line_ > line; --line_)
      keep = keep < 2 ? 0 : lines.rfind('\n', keep - 2) + 1;  // npos + 1 is 0: the first line
    offset_ -= lines.size() - keep;
  }
  return true;
}

Result<std::string> LineFile::next() {
  for (std::size_t want = piece_bytes; want <= 2 * line_limit; want *= 2) {
    HILLTOP_TRY(auto text, piece(want));
    const bool all_there_is = text.size() < want;
    const auto end = text.rfind('\n');
    if (end != std::string::npos) {
      text.resize(end + 1);
      offset_ += text.size();
      line_ += static_cast<std::uint64_t>(std::ranges::count(text, '\n'));
      return text;
    }
    if (all_there_is) return std::string();
  }
  return Error(Errc::protocol, Blame::bug, "a line of the log is longer than 16 MiB");
}

}  // namespace hilltop::web
