// SPDX-License-Identifier: Apache-2.0
#include "drivers/storage/block_writer.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "drivers/protocol/digest.hpp"

namespace hilltop::drivers {
namespace {

constexpr std::size_t piece_bytes = 4 << 20;
constexpr std::size_t alignment = 4096;  // what O_DIRECT wants of memory, offsets and sizes: open(2)

std::unique_ptr<char, void (*)(void*)> aligned_buffer() {
  return {static_cast<char*>(std::aligned_alloc(alignment, piece_bytes)), std::free};
}

Error disk_error(const std::string& what, int code) {
  auto error = system_error(what, code);
  if (code == EBUSY) error.code = Errc::busy, error.text += ": something on this host uses the disk";
  if (code == EACCES || code == EPERM)
    error.code = Errc::denied, error.text += ": the udev rule of hilltop that gives access to it is missing";
  return error;
}

/// O_EXCL: nothing else (a mount) may have it. Source: open(2). A disk in memory (tmpfs) knows no O_DIRECT.
int open_disk(const std::filesystem::path& disk, bool& direct) {
  const int flags = O_RDWR | O_EXCL | O_CLOEXEC;
  int fd = ::open(disk.c_str(), flags | O_DIRECT);
  direct = fd >= 0;
  if (fd < 0 && errno == EINVAL) fd = ::open(disk.c_str(), flags);
  return fd;
}

/// All of `size` bytes, or errno.
template <class Call>
int whole(Call call, std::size_t size, std::uint64_t at) {
  std::size_t done = 0;
  while (done < size) {
    const auto n = call(done, size - done, static_cast<off_t>(at + done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno;
    if (n == 0) return EIO;
    done += static_cast<std::size_t>(n);
  }
  return 0;
}

}  // namespace

Result<BlockWriter> BlockWriter::open(std::filesystem::path image, const std::optional<Bmap>& map,
                                      std::filesystem::path disk, std::uint64_t disk_bytes) {
  BlockWriter out;
  out.disk_name_ = disk.string();
  out.image_ = ::open(image.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat about{};
  if (out.image_ < 0 || ::fstat(out.image_, &about) != 0)
    return Error(Errc::bad_input, Blame::job, image.filename().string() + ": " + std::strerror(errno));
  const auto bytes = static_cast<std::uint64_t>(about.st_size);
  const auto wrong = [&](std::string why) {
    return Error(Errc::bad_input, Blame::job, image.filename().string() + ": " + std::move(why));
  };
  if (bytes == 0) return wrong("the image is empty");
  if (map && map->image_bytes != bytes)
    return wrong(fmt::format("it has {} bytes, and its bmap file is for {}", bytes, map->image_bytes));
  if (bytes > disk_bytes) return wrong(fmt::format("it has {} bytes, and the disk has {}", bytes, disk_bytes));
  if (!map) out.extents_.push_back({0, bytes, {}});
  for (const auto& range : map ? map->ranges : std::vector<BmapRange>{}) {
    const auto start = range.first * map->block_bytes;
    out.extents_.push_back({start, std::min((range.last + 1) * map->block_bytes, bytes) - start, range.sha256});
  }
  for (const auto& extent : out.extents_) out.total_ += extent.bytes;
  out.bytes_ = aligned_buffer();
  out.back_ = aligned_buffer();
  out.disk_ = open_disk(disk, out.direct_);
  if (out.disk_ < 0) return disk_error("open " + out.disk_name_, errno);
  return out;
}

BlockWriter::BlockWriter(BlockWriter&& other) noexcept
    : image_(std::exchange(other.image_, -1)),
      disk_(std::exchange(other.disk_, -1)),
      direct_(other.direct_),
      disk_name_(std::move(other.disk_name_)),
      extents_(std::move(other.extents_)),
      phase_(other.phase_),
      extent_(other.extent_),
      within_(other.within_),
      written_(other.written_),
      total_(other.total_),
      digest_(std::move(other.digest_)),
      bytes_(std::move(other.bytes_)),
      back_(std::move(other.back_)) {}

BlockWriter::~BlockWriter() {
  if (image_ >= 0) ::close(image_);
  if (disk_ >= 0) ::close(disk_);
}

Result<bool> BlockWriter::step() {
  if (extent_ == extents_.size()) HILLTOP_CHECK(begin_phase());
  if (phase_ == Phase::done) return false;
  if (extent_ == extents_.size()) return true;  // an image without data
  if (phase_ == Phase::checking) HILLTOP_CHECK(check_piece());
  if (phase_ == Phase::writing) HILLTOP_CHECK(write_piece());
  if (phase_ == Phase::comparing) HILLTOP_CHECK(compare_piece());
  return true;
}

/// What has been written is on the disk before it is read back.
Result<> BlockWriter::begin_phase() {
  phase_ = static_cast<Phase>(static_cast<int>(phase_) + 1);
  extent_ = 0, within_ = 0;
  if (phase_ != Phase::comparing) return ok();
  if (::fsync(disk_) != 0) return disk_error("write to " + disk_name_, errno);
  (void)::posix_fadvise(disk_, 0, 0, POSIX_FADV_DONTNEED);  // where O_DIRECT is not to be had
  return ok();
}

std::size_t BlockWriter::piece() const {
  return static_cast<std::size_t>(std::min<std::uint64_t>(piece_bytes, extents_[extent_].bytes - within_));
}

void BlockWriter::advance(std::size_t size) {
  within_ += size;
  if (within_ < extents_[extent_].bytes) return;
  within_ = 0;
  ++extent_;
}

Result<std::string_view> BlockWriter::read_image(std::uint64_t at, std::size_t size) {
  auto* const into = bytes_.get();
  const auto read = [&](std::size_t done, std::size_t rest, off_t from) {
    return ::pread(image_, into + done, rest, from);
  };
  if (const int code = whole(read, size, at); code != 0) return system_error("read the image", code);
  return std::string_view(into, size);
}

Result<> BlockWriter::check_piece() {
  const auto& extent = extents_[extent_];
  if (extent.sha256.empty()) {
    advance(static_cast<std::size_t>(extent.bytes - within_));
    return ok();
  }
  const auto size = piece();
  HILLTOP_TRY(const auto bytes, read_image(extent.start + within_, size));
  if (within_ == 0) digest_ = std::make_unique<Digest>();
  digest_->feed(bytes);
  const bool last = within_ + size == extent.bytes;
  if (last && digest_->hex() != extent.sha256)
    return Error(
        Errc::bad_input, Blame::job,
        fmt::format("the image is damaged, or its bmap file is another's: bytes {} to {} have another checksum; "
                    "nothing was written",
                    extent.start, extent.start + extent.bytes - 1));
  advance(size);
  return ok();
}

/// The end of an image may be no whole sector: what follows it on the disk stays.
Result<> BlockWriter::write_piece() {
  const auto at = extents_[extent_].start + within_;
  const auto size = piece();
  auto whole_size = size;
  if (direct_ && size % alignment != 0) {
    whole_size = (size + alignment - 1) / alignment * alignment;
    auto* const old = bytes_.get();
    const auto tail = whole_size - alignment;
    const auto read = [&](std::size_t done, std::size_t rest, off_t from) {
      return ::pread(disk_, old + tail + done, rest, from);
    };
    if (whole(read, alignment, at + tail) != 0) {  // the disk ends in the middle of it: sectors are smaller
      whole_size = (size + 511) / 512 * 512;
      std::memset(old + size, 0, whole_size - size);
    }
  }
  HILLTOP_TRY(const auto bytes, read_image(at, size));
  const auto write = [&](std::size_t done, std::size_t rest, off_t to) {
    return ::pwrite(disk_, bytes.data() + done, rest, to);
  };
  if (const int code = whole(write, whole_size, at); code != 0) return disk_error("write to " + disk_name_, code);
  written_ += size;
  advance(size);
  return ok();
}

Result<> BlockWriter::compare_piece() {
  const auto at = extents_[extent_].start + within_;
  const auto size = piece();
  HILLTOP_TRY(const auto bytes, read_image(at, size));
  auto* const back = back_.get();
  // Whole sectors are read; a disk that ends within the last one gives fewer bytes, and enough.
  const auto sectors = direct_ ? (size + alignment - 1) / alignment * alignment : size;
  std::size_t done = 0;
  while (done < size) {
    const auto n = ::pread(disk_, back + done, sectors - done, static_cast<off_t>(at + done));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return disk_error("read back from " + disk_name_, n < 0 ? errno : EIO);
    done += static_cast<std::size_t>(n);
  }
  const auto [here, there] = std::mismatch(bytes.begin(), bytes.end(), back);
  if (here != bytes.end())
    return Error(Errc::mismatch, Blame::dut,
                 fmt::format("{} holds something else than was written at byte {}: the card is worn out or a fake",
                             disk_name_, at + static_cast<std::uint64_t>(here - bytes.begin())));
  advance(size);
  return ok();
}

}  // namespace hilltop::drivers
