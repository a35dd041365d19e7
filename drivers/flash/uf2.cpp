// SPDX-License-Identifier: Apache-2.0
// Driver `uf2`: boot loaders that take UF2 files (RP2040 and RP2350, Adafruit's, TinyUF2), without mounting anything.
//   driver: uf2
//   path: "1-1.3"              # or serial (a boot ROM has none of the board's own), or both
//   board_id: "RPI-RP2"        # optional: as INFO_UF2.TXT has it
//   family: 0xe48bff56         # optional: which blocks of a file for several are this board's
//   touch: /dev/serial/by-id/usb-Raspberry_Pi_Pico_...   # optional: 1200 baud here brings the board to its loader
#include <fcntl.h>
#include <fmt/format.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "drivers/api/device.hpp"
#include "drivers/flash/drag_and_drop.hpp"
#include "drivers/flash/image_files.hpp"
#include "drivers/protocol/byte_order.hpp"
#include "drivers/protocol/uf2.hpp"
#include "drivers/tables.hpp"

namespace hilltop::drivers {
namespace {

constexpr auto volume_patience = std::chrono::seconds(20);
constexpr auto leave_patience = std::chrono::seconds(20);
constexpr auto between_looks = std::chrono::milliseconds(100);
constexpr std::size_t block_bytes = 512;  // github.com/microsoft/uf2, README.md: also a sector of its volume
constexpr std::size_t piece_bytes = 64 << 10;
constexpr std::size_t alignment = 4096;

/// Opens the port at 1200 baud and closes it, which Arduino's and the Pico's software takes as a wish for the loader.
Result<> touch(const std::filesystem::path& port) {
  const int fd = ::open(port.c_str(), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return system_error("touch " + port.string(), errno);
  termios settings{};
  const bool set = ::tcgetattr(fd, &settings) == 0 && ::cfsetspeed(&settings, B1200) == 0 &&
                   ::tcsetattr(fd, TCSANOW, &settings) == 0;
  const int code = errno;
  ::close(fd);
  if (!set && code != EIO && code != ENODEV) return system_error("touch " + port.string(), code);  // it may be gone
  return ok();
}

/// The first sector of the volume's data: the loader looks for blocks there, and at what they say themselves.
/// Source: Microsoft FAT specification, "FAT Volume Initialization": BPB_RsvdSecCnt, BPB_NumFATs, BPB_FATSz16, ...
Result<std::uint64_t> first_data_sector(std::string_view boot) {
  const auto sector = le16_at(boot, 11), reserved = le16_at(boot, 14), entries = le16_at(boot, 17);
  const auto fats = static_cast<std::uint8_t>(boot[16]);
  const std::uint32_t per_fat = le16_at(boot, 22) != 0 ? le16_at(boot, 22) : le32_at(boot, 36);
  if (sector != block_bytes || reserved == 0 || fats == 0 || per_fat == 0)
    return Error(Errc::mismatch, Blame::infrastructure, "the volume's first sector is no FAT boot sector of 512 bytes");
  return std::uint64_t{reserved} + std::uint64_t{fats} * per_fat + (entries * 32u + block_bytes - 1) / block_bytes;
}

struct AlignedBuffer {
  explicit AlignedBuffer(std::size_t size) : bytes(static_cast<char*>(std::aligned_alloc(alignment, size))) {}
  ~AlignedBuffer() { std::free(bytes); }
  AlignedBuffer(const AlignedBuffer&) = delete;
  AlignedBuffer& operator=(const AlignedBuffer&) = delete;
  char* bytes;
};

/// A volume's disk, opened past the page cache, for nobody else.
class Sectors {
 public:
  static Result<std::shared_ptr<Sectors>> open(const UsbDisk& disk) {
    int fd = ::open(disk.node.c_str(), O_RDWR | O_EXCL | O_CLOEXEC | O_DIRECT);
    if (fd < 0 && errno == EINVAL) fd = ::open(disk.node.c_str(), O_RDWR | O_EXCL | O_CLOEXEC | O_DSYNC);
    if (fd < 0) return system_error("open " + disk.node.string(), errno);
    auto out = std::make_shared<Sectors>(fd);
    if (::pread(fd, out->buffer_.bytes, alignment, 0) != static_cast<ssize_t>(alignment))
      return system_error("read " + disk.node.string(), errno);
    HILLTOP_TRY(out->next_, first_data_sector({out->buffer_.bytes, block_bytes}));
    if (out->next_ * block_bytes + block_bytes > disk.bytes)
      return Error(Errc::mismatch, Blame::infrastructure, disk.title() + ": its file system is larger than itself");
    return out;
  }
  explicit Sectors(int fd) : fd_(fd), buffer_(piece_bytes) {}
  ~Sectors() { ::close(fd_); }
  Sectors(const Sectors&) = delete;
  Sectors& operator=(const Sectors&) = delete;

  /// 0, or errno.
  int write(std::string_view blocks) {
    std::memcpy(buffer_.bytes, blocks.data(), blocks.size());
    const auto n = ::pwrite(fd_, buffer_.bytes, blocks.size(), static_cast<off_t>(next_ * block_bytes));
    if (n != static_cast<ssize_t>(blocks.size())) return n < 0 ? errno : EIO;
    next_ += blocks.size() / block_bytes;
    return 0;
  }

 private:
  int fd_;
  AlignedBuffer buffer_;
  std::uint64_t next_ = 0;
};

/// The file's blocks, whole and for this board.
Result<std::string> read_blocks(const std::vector<FlashImage>& images, std::optional<std::uint32_t> family) {
  if (images.size() != 1 || images.front().format != ImageFormat::uf2)
    return Error(Errc::bad_input, Blame::job, "this boot loader takes one UF2 file, and nothing else");
  HILLTOP_TRY(auto bytes, read_image_bytes(images.front().path));
  HILLTOP_TRY(const auto image, read_uf2(bytes, images.front().path.filename().string(), family));
  (void)image;
  return bytes;
}

Task<> check_identity(Uf2Loader loader, UsbDisk disk, Deadline deadline) {
  HILLTOP_CO_TRY(const auto info, co_await read_text(loader.volume, disk, "INFO_UF2.TXT", deadline));
  if (!info)
    co_return Error(Errc::mismatch, Blame::infrastructure,
                    disk.title() + " has no INFO_UF2.TXT: it is no UF2 boot loader");
  const auto id = value_of(*info, "Board-ID");
  if (loader.board_id.empty() || id == loader.board_id) co_return ok();
  co_return Error(Errc::mismatch, Blame::infrastructure,
                  fmt::format("{} says in INFO_UF2.TXT that it is '{}', and the lab file has '{}': nothing was written",
                              disk.title(), id, loader.board_id));
}

/// The board leaves as soon as it has its last block: what fails then is no failure.
Task<> write_blocks(Uf2Loader loader, UsbDisk disk, std::string blocks, FlashProgress progress, Deadline deadline) {
  const auto open = [disk] { return Sectors::open(disk); };
  HILLTOP_CO_TRY(const auto sectors, co_await loader.volume->lane->run(open));
  for (std::size_t at = 0; at < blocks.size(); at += piece_bytes) {
    if (co_await is_canceled()) co_return canceled_error("writing the UF2 file");
    if (deadline.passed()) co_return Error(Errc::timeout, Blame::infrastructure, "writing the UF2 file took too long");
    const auto write = [sectors, piece = blocks.substr(at, piece_bytes)] { return sectors->write(piece); };
    const int code = co_await loader.volume->lane->run(write);
    const bool last = at + piece_bytes >= blocks.size();
    if (code != 0) {
      HILLTOP_CO_TRY(const bool there, is_still_there(*loader.volume, disk));
      if (there || !last) co_return system_error("write to " + disk.title(), code);
    }
    if (progress) progress(std::min(at + piece_bytes, blocks.size()), blocks.size());
  }
  co_return ok();
}

Task<> wait_until_gone(std::shared_ptr<Volume> volume, UsbDisk disk, Deadline deadline) {
  while (true) {
    HILLTOP_CO_TRY(const bool there, is_still_there(*volume, disk));
    if (!there) co_return ok();
    if (deadline.passed())
      co_return Error(Errc::timeout, Blame::dut,
                      disk.title() + " has all blocks and is still in its boot loader: it has not taken the image");
    HILLTOP_CO_CHECK(co_await sleep_for(std::min<Deadline::Clock::duration>(between_looks, deadline.left())));
  }
}

/// The board in its loader. One that is there already is not touched.
Task<UsbDisk> enter_loader(Uf2Loader loader, Deadline deadline) {
  if (!loader.touch.empty()) {
    auto there = co_await find_volume(loader.volume, deadline.at_most(std::chrono::seconds(0)));
    if (there || there.error().code != Errc::unavailable) co_return there;
    const auto call = [port = loader.touch] { return touch(port); };
    HILLTOP_CO_CHECK(co_await loader.volume->lane->run(call));
  }
  co_return co_await find_volume(loader.volume, deadline.at_most(volume_patience));
}

class Uf2Flash final : public Device, Flasher {
 public:
  explicit Uf2Flash(Uf2Loader loader) : loader_(std::move(loader)) {}
  Flasher* flasher() override { return this; }
  Task<> shut_down(Deadline) override { co_return ok(); }

 private:
  Task<> flash(std::vector<FlashImage> images, FlashProgress progress, Deadline deadline) override {
    return flash_uf2(loader_, std::move(images), std::move(progress), deadline);
  }
  Uf2Loader loader_;
};

Uf2Loader read_address(const Node& node, Diagnostics& diagnostics) {
  Fields fields(node, "uf2", diagnostics);
  (void)fields.text("driver");
  Uf2Loader out{std::make_shared<Volume>()};
  out.volume->match = read_usb_match(fields);
  out.board_id = fields.text("board_id").value_or("");
  if (const auto family = fields.integer("family", 1, UINT32_MAX)) out.family = static_cast<std::uint32_t>(*family);
  out.touch = fields.text("touch").value_or("");
  fields.refuse_others();
  return out;
}

void check_uf2(const Node& address, Diagnostics& diagnostics) { (void)read_address(address, diagnostics); }

Result<std::unique_ptr<Device>> make_uf2(const Env&, const Node& node) {
  Diagnostics diagnostics;
  auto loader = read_address(node, diagnostics);
  if (diagnostics.has_errors()) return diagnostics.to_error(Blame::configuration);
  return std::unique_ptr<Device>(std::make_unique<Uf2Flash>(std::move(loader)));
}

}  // namespace

Task<> flash_uf2(Uf2Loader loader, std::vector<FlashImage> images, FlashProgress progress, Deadline deadline) {
  HILLTOP_CO_TRY(auto blocks, read_blocks(images, loader.family));
  HILLTOP_CO_TRY(const auto disk, co_await enter_loader(loader, deadline));
  HILLTOP_CO_CHECK(co_await check_identity(loader, disk, deadline));
  HILLTOP_CO_CHECK(co_await write_blocks(loader, disk, std::move(blocks), std::move(progress), deadline));
  co_return co_await wait_until_gone(loader.volume, disk, deadline.at_most(leave_patience));
}

constinit const DriverInfo uf2{
    .name = "uf2",
    .offers = "flash",
    .summary = "UF2 boot loaders, by sector and not mounted: INFO_UF2.TXT checked, the board's leaving awaited",
    .source = "microsoft/uf2 README.md; Microsoft FAT specification (where data begins)",
    .verified = Verified::specification,
    .check = check_uf2,
    .make = make_uf2,
};

}  // namespace hilltop::drivers
