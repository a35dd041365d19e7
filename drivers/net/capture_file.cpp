// SPDX-License-Identifier: Apache-2.0
#include "drivers/net/capture_file.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "drivers/core/log.hpp"
#include "drivers/protocol/pcap.hpp"

namespace hilltop::drivers {
namespace {

constexpr std::size_t handed_over_at = 64 * 1024;
constexpr std::size_t waiting_most = 16 * 1024 * 1024;

}  // namespace

/// The lane's half.
struct CaptureFile::Sink {
  explicit Sink(int f) : fd(f) {}
  ~Sink() { ::close(fd); }
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;

  void write(std::string_view bytes) {
    waiting -= bytes.size();
    while (!bytes.empty() && error == 0) {
      const auto n = ::write(fd, bytes.data(), bytes.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) error = errno;
      if (n > 0) bytes.remove_prefix(static_cast<std::size_t>(n));
    }
  }

  int fd;
  int error = 0;
  std::atomic<std::size_t> waiting{0};
};

CaptureFile::CaptureFile(std::unique_ptr<Sink> sink, std::uint64_t bytes_most)
    : sink_(std::move(sink)), buffer_(pcap::file_head()), bytes_left_(bytes_most) {}

CaptureFile::~CaptureFile() { hand_over(); }

Result<std::unique_ptr<CaptureFile>> CaptureFile::create(const std::filesystem::path& path, std::uint64_t bytes_most) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
  if (fd < 0) return system_error(path.string(), errno);
  return std::unique_ptr<CaptureFile>(new CaptureFile(std::make_unique<Sink>(fd), bytes_most));
}

void CaptureFile::add(UtcTime time, std::string_view frame) {
  auto record = pcap::record(time, frame);
  if (record.size() > bytes_left_ || sink_->waiting > waiting_most) {
    ++left_out_;
    return;
  }
  bytes_left_ -= record.size();
  ++frames_;
  buffer_ += record;
  if (buffer_.size() >= handed_over_at) hand_over();
}

void CaptureFile::hand_over() {
  if (buffer_.empty()) return;
  sink_->waiting += buffer_.size();
  lane_.post([sink = sink_.get(), bytes = std::exchange(buffer_, {})] { sink->write(bytes); });
}

Task<std::uint64_t> CaptureFile::finish(std::unique_ptr<CaptureFile> self) {
  self->hand_over();
  const auto error_of = [sink = self->sink_.get()] { return sink->error; };
  const int error = co_await self->lane_.run(error_of);
  if (self->left_out_ > 0) log::warn("capture: {} frames were left out", self->left_out_);
  if (error != 0) co_return system_error("capture", error);
  co_return self->frames_;
}

}  // namespace hilltop::drivers
