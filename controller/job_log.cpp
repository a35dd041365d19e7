// SPDX-License-Identifier: Apache-2.0
#include "controller/job_log.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "drivers/core/log.hpp"

namespace hilltop::controller {
namespace {

/// A descriptor that closes itself.
class File {
 public:
  explicit File(const std::filesystem::path& path)
      : fd_(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0640)) {}
  ~File() {
    if (fd_ >= 0) ::close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  Result<> append(std::string_view bytes) {
    if (fd_ < 0) return Error(Errc::io, Blame::infrastructure, "job log cannot be opened");
    while (!bytes.empty()) {
      const auto written = ::write(fd_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return system_error("job log", errno);
      bytes.remove_prefix(static_cast<std::size_t>(written));
    }
    return ok();
  }

  Result<> sync() {
    if (fd_ >= 0 && ::fdatasync(fd_) != 0) return system_error("job log", errno);
    return ok();
  }

 private:
  int fd_;
};

}  // namespace

struct JobLogs::Files {
  std::map<std::uint64_t, std::unique_ptr<File>> open;

  File& of(std::uint64_t job, const std::filesystem::path& path) {
    auto& file = open[job];
    if (!file) {
      std::error_code ignored;  // open() says what is wrong
      std::filesystem::create_directories(path.parent_path(), ignored);
      file = std::make_unique<File>(path);
    }
    return *file;
  }
};

JobLogs::JobLogs(std::filesystem::path data_dir)
    : dir_(std::move(data_dir) / "jobs"), files_(std::make_shared<Files>()) {}
JobLogs::~JobLogs() = default;

std::filesystem::path JobLogs::path(std::uint64_t job) const { return dir_ / std::to_string(job) / "log.jsonl"; }

std::string to_json_line(std::uint64_t number, const jobs::LogLine& line) {
  nlohmann::ordered_json out = {
      {"n", number}, {"dt", to_rfc3339(line.time)}, {"lvl", jobs::to_string(line.level)}, {"msg", line.text}};
  if (!line.name_space.empty()) out["ns"] = line.name_space;
  return out.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

void JobLogs::append(std::uint64_t job, std::uint64_t first, std::vector<jobs::LogLine> lines,
                     asio::any_io_executor home, std::function<void()> done) {
  lane_.post(
      [files = files_, job, path = path(job), first, lines = std::move(lines), home, done = std::move(done)]() mutable {
        std::string text;
        for (auto number = first; const auto& line : lines) text += to_json_line(number++, line) + "\n";
        if (auto written = files->of(job, path).append(text); !written)
          log::error("job {}: {}", job, written.error().text);
        asio::post(home, std::move(done));
      });
}

Task<> JobLogs::finish(std::uint64_t job) {
  return lane_.run([files = files_, job, path = path(job)]() -> Result<> {
    auto synced = files->of(job, path).sync();
    files->open.erase(job);
    return synced;
  });
}

Result<std::uint64_t> JobLogs::repair(std::uint64_t job) {
  std::ifstream file(path(job), std::ios::binary);
  if (!file) return std::uint64_t{0};
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  const auto end = text.rfind('\n');
  const auto whole = end == std::string::npos ? 0 : end + 1;
  if (whole < text.size()) {
    std::error_code failed;
    std::filesystem::resize_file(path(job), whole, failed);
    if (failed) return system_error("job log", failed.value());
  }
  return static_cast<std::uint64_t>(std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(whole), '\n'));
}

}  // namespace hilltop::controller
