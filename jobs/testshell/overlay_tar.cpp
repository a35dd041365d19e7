// SPDX-License-Identifier: Apache-2.0
#include <archive.h>
#include <archive_entry.h>

#include <fstream>
#include <vector>

#include "jobs/testshell/overlay_delivery.hpp"

namespace hilltop::jobs::testshell {
namespace {

constexpr std::size_t block_bytes = 256 * 1024;

struct Close {
  void operator()(archive* a) const { archive_write_free(a); }
};
struct CloseEntry {
  void operator()(archive_entry* e) const { archive_entry_free(e); }
};
using Writer = std::unique_ptr<archive, Close>;

Error failed(archive* a, const std::filesystem::path& to) {
  const char* text = archive_error_string(a);
  return {Errc::io, Blame::infrastructure, "can't write " + to.string() + ": " + (text == nullptr ? "?" : text)};
}

int add_filter(archive* a, Compression compression) {
  switch (compression) {
    case Compression::gz:
      return archive_write_add_filter_gzip(a);
    case Compression::xz:
      return archive_write_add_filter_xz(a);
    case Compression::bz2:
      return archive_write_add_filter_bzip2(a);
    case Compression::zstd:
      return archive_write_add_filter_zstd(a);
    case Compression::zip:  // no filter, an archive of its own
      return ARCHIVE_FATAL;
    case Compression::none:
      break;
  }
  return archive_write_add_filter_none(a);
}

Result<> write_content(archive* a, const OverlayEntry& entry, const std::filesystem::path& to) {
  if (entry.from.empty()) {
    const auto n = archive_write_data(a, entry.bytes.data(), entry.bytes.size());
    return n < 0 ? Result<>(failed(a, to)) : Result<>(ok());
  }
  std::ifstream in(entry.from, std::ios::binary);
  std::vector<char> block(block_bytes);
  std::uint64_t copied = 0;
  while (in && copied < entry.size) {
    in.read(block.data(), static_cast<std::streamsize>(std::min<std::uint64_t>(block.size(), entry.size - copied)));
    if (archive_write_data(a, block.data(), static_cast<std::size_t>(in.gcount())) < 0) return failed(a, to);
    copied += static_cast<std::uint64_t>(in.gcount());
    if (in.gcount() == 0) break;
  }
  if (copied == entry.size) return ok();
  return Error(Errc::io, Blame::infrastructure, "can't read " + entry.from.string());
}

Result<> write_entry(archive* a, const OverlayEntry& entry, const std::filesystem::path& to) {
  const std::unique_ptr<archive_entry, CloseEntry> header(archive_entry_new());
  archive_entry_set_pathname(header.get(), entry.path.c_str());
  archive_entry_set_perm(header.get(), entry.mode);
  archive_entry_set_uname(header.get(), "root");
  archive_entry_set_gname(header.get(), "root");
  archive_entry_set_mtime(header.get(), 0, 0);
  archive_entry_set_size(header.get(), 0);
  if (entry.kind == OverlayEntry::Kind::folder) archive_entry_set_filetype(header.get(), AE_IFDIR);
  if (entry.kind == OverlayEntry::Kind::link) {
    archive_entry_set_filetype(header.get(), AE_IFLNK);
    archive_entry_set_symlink(header.get(), entry.bytes.c_str());
  }
  if (entry.kind == OverlayEntry::Kind::file) {
    archive_entry_set_filetype(header.get(), AE_IFREG);
    archive_entry_set_size(header.get(), static_cast<la_int64_t>(entry.size));
  }
  if (archive_write_header(a, header.get()) < ARCHIVE_WARN) return failed(a, to);
  return entry.kind == OverlayEntry::Kind::file ? write_content(a, entry, to) : ok();
}

}  // namespace

Result<std::filesystem::path> write_overlay_tar(const Overlay& overlay, const std::filesystem::path& to,
                                                Compression compression, Deadline deadline) {
  const Writer writer(archive_write_new());
  archive_write_set_format_gnutar(writer.get());  // what BusyBox's tar reads, with long names
  if (add_filter(writer.get(), compression) < ARCHIVE_WARN)
    return Error(Errc::unsupported, Blame::bug, "this libarchive does not compress in the way that was asked for");
  if (archive_write_open_filename(writer.get(), to.c_str()) != ARCHIVE_OK) return failed(writer.get(), to);
  for (const auto& entry : overlay.entries) {
    if (deadline.passed()) return Error(Errc::timeout, Blame::infrastructure, "writing the overlay took too long");
    // The board's own folders keep their modes: /tmp must not become ours. Those that are missing tar makes by itself.
    if (entry.kind == OverlayEntry::Kind::folder && overlay.dir.starts_with("/" + entry.path + "/")) continue;
    HILLTOP_CHECK(write_entry(writer.get(), entry, to));
  }
  if (archive_write_close(writer.get()) != ARCHIVE_OK) return failed(writer.get(), to);
  return to;
}

}  // namespace hilltop::jobs::testshell
