// SPDX-License-Identifier: Apache-2.0
#include <archive.h>
#include <archive_entry.h>
#include <sys/stat.h>

#include <array>
#include <fstream>
#include <vector>

#include "jobs/testshell/cpio_writer.hpp"
#include "jobs/testshell/overlay_delivery.hpp"

namespace hilltop::jobs::testshell {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t block_bytes = 256 * 1024;

Error io_error(const std::string& what, const fs::path& path) {
  return {Errc::io, Blame::infrastructure, "can't " + what + " " + path.string()};
}

/// Hands a file's bytes on, `most` at most. Value: how many.
Result<std::uint64_t> each_block(const fs::path& from, std::uint64_t most, Deadline deadline,
                                 const CpioWriter::Write& write) {
  std::ifstream in(from, std::ios::binary);
  if (!in) return io_error("read", from);
  std::vector<char> block(block_bytes);
  std::uint64_t copied = 0;
  while (copied < most) {
    if (deadline.passed())
      return Error(Errc::timeout, Blame::infrastructure, "copying " + from.string() + " took too long");
    in.read(block.data(), static_cast<std::streamsize>(std::min<std::uint64_t>(block.size(), most - copied)));
    if (in.gcount() == 0) break;
    HILLTOP_CHECK(write({block.data(), static_cast<std::size_t>(in.gcount())}));
    copied += static_cast<std::uint64_t>(in.gcount());
  }
  if (in.bad()) return io_error("read", from);
  return copied;
}

Result<> write_segment(const Overlay& overlay, const CpioWriter::Write& write, Deadline deadline) {
  CpioWriter cpio(write);
  for (const auto& entry : overlay.entries) {
    const std::uint32_t kind = entry.kind == OverlayEntry::Kind::folder ? S_IFDIR
                               : entry.kind == OverlayEntry::Kind::link ? S_IFLNK
                                                                        : S_IFREG;
    const auto size = entry.kind == OverlayEntry::Kind::folder ? 0 : entry.size;
    HILLTOP_CHECK(cpio.header(entry.path, kind | entry.mode, size));
    if (entry.from.empty()) {
      HILLTOP_CHECK(cpio.content(entry.bytes));
    } else {
      HILLTOP_TRY(const auto copied,
                  each_block(entry.from, size, deadline, [&](std::string_view bytes) { return cpio.content(bytes); }));
      if (copied != size) return io_error("read all of", entry.from);
    }
    HILLTOP_CHECK(cpio.end_content());
  }
  return cpio.finish();
}

/// A compressor for one segment, libarchive's: a "raw" archive of one file without a name.
class Compressor {
 public:
  explicit Compressor(Compression compression, const fs::path& to) : a_(archive_write_new()) {
    archive_write_set_format_raw(a_);
    archive_write_set_bytes_in_last_block(a_, 1);  // no padding: it could be taken for the next segment
    if (compression == Compression::gz) archive_write_add_filter_gzip(a_);
    if (compression == Compression::zstd) archive_write_add_filter_zstd(a_);
    archive_entry* entry = archive_entry_new();
    archive_entry_set_filetype(entry, AE_IFREG);
    good_ =
        archive_write_open_filename(a_, to.c_str()) == ARCHIVE_OK && archive_write_header(a_, entry) >= ARCHIVE_WARN;
    archive_entry_free(entry);
  }
  ~Compressor() { archive_write_free(a_); }
  Compressor(const Compressor&) = delete;
  Compressor& operator=(const Compressor&) = delete;
  void write(std::string_view bytes) { good_ = good_ && archive_write_data(a_, bytes.data(), bytes.size()) >= 0; }
  bool close() { return archive_write_close(a_) == ARCHIVE_OK && good_; }

 private:
  archive* a_;
  bool good_ = false;
};

Result<> append_file(const fs::path& from, std::ofstream& out, const fs::path& to, Deadline deadline) {
  const CpioWriter::Write write = [&](std::string_view bytes) -> Result<> {
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    if (!out) return io_error("write", to);
    return ok();
  };
  HILLTOP_TRY(const auto copied, each_block(from, UINT64_MAX, deadline, write));
  // The kernel looks for the next segment at a multiple of four, and skips zeros on the way.
  for (auto n = copied; n % 4 != 0; ++n) out.put('\0');
  return ok();
}

enum class RamdiskKind { appendable, prepend_only, none };

/// Source: Linux lib/decompress.c (magic numbers), init/initramfs.c.
Result<RamdiskKind> kind_of_ramdisk(const fs::path& from) {
  std::ifstream in(from, std::ios::binary);
  if (!in) return io_error("read", from);
  std::array<char, 6> head{};
  in.read(head.data(), head.size());
  const std::string_view magic(head.data(), static_cast<std::size_t>(in.gcount()));
  const auto begins = [&](std::string_view with) { return magic.starts_with(with); };
  using namespace std::string_view_literals;
  if (begins("070701"sv) || begins("070702"sv) || begins("\x1f\x8b"sv) || begins("\x1f\x9e"sv) ||
      begins("\xfd"
             "7zXZ\0"sv) ||
      begins("BZh"sv) || begins("\x28\xb5\x2f\xfd"sv))
    return RamdiskKind::appendable;
  if (begins("\x02\x21\x4c\x18"sv) || begins("\x5d\0\0"sv) || begins("\x89LZO"sv)) return RamdiskKind::prepend_only;
  return RamdiskKind::none;
}

}  // namespace

Result<> write_overlay_cpio(const Overlay& overlay, const fs::path& to, Deadline deadline) {
  std::ofstream out(to, std::ios::binary | std::ios::trunc);
  const CpioWriter::Write write = [&](std::string_view bytes) -> Result<> {
    out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    if (!out) return io_error("write", to);
    return ok();
  };
  HILLTOP_CHECK(write_segment(overlay, write, deadline));
  out.close();
  return out ? Result<>(ok()) : Result<>(io_error("write", to));
}

Result<> append_overlay_cpio(const Overlay& overlay, const fs::path& from, const fs::path& to, Compression segment,
                             Deadline deadline) {
  HILLTOP_TRY(const auto kind, kind_of_ramdisk(from));
  if (kind == RamdiskKind::none)
    return Error(Errc::bad_input, Blame::job,
                 "the ramdisk is no initramfs: neither cpio nor compressed as a kernel knows");
  auto piece = to;
  piece += ".overlay";
  if (segment == Compression::none || kind == RamdiskKind::prepend_only) {
    HILLTOP_CHECK(write_overlay_cpio(overlay, piece, deadline));
  } else {
    if (segment != Compression::gz && segment != Compression::zstd)  // the kernel's xz knows CRC-32 alone
      return Error(Errc::unsupported, Blame::bug, "a ramdisk's overlay is compressed with gz or zstd, or not at all");
    Compressor compressor(segment, piece);
    const CpioWriter::Write write = [&](std::string_view bytes) -> Result<> {
      compressor.write(bytes);
      return ok();
    };
    HILLTOP_CHECK(write_segment(overlay, write, deadline));
    if (!compressor.close()) return io_error("write", piece);
  }
  std::ofstream out(to, std::ios::binary | std::ios::trunc);
  const bool in_front = kind == RamdiskKind::prepend_only;
  HILLTOP_CHECK(append_file(in_front ? piece : from, out, to, deadline));
  HILLTOP_CHECK(append_file(in_front ? from : piece, out, to, deadline));
  out.close();
  std::error_code ignored;
  fs::remove(piece, ignored);
  return out ? Result<>(ok()) : Result<>(io_error("write", to));
}

}  // namespace hilltop::jobs::testshell
