// SPDX-License-Identifier: Apache-2.0
#include "jobs/action/ramdisk.hpp"

#include <array>
#include <fstream>

#include "jobs/action/archive_overlay.hpp"
#include "jobs/action/unpack.hpp"
#include "jobs/testshell/overlay_delivery.hpp"

namespace hilltop::jobs {
namespace {

namespace fs = std::filesystem;
using Lines = std::vector<std::string>;

fs::path beside(const fs::path& file, const char* ending) {
  auto out = file;
  out += ending;
  return out;
}

Result<> replace(const fs::path& with, const fs::path& file) {
  std::error_code wrong;
  fs::rename(with, file, wrong);
  if (wrong) return Error(Errc::io, Blame::infrastructure, "can't replace " + file.string());
  return ok();
}

/// Whether a kernel unpacks an xz file: its checks are CRC-32 or none. Source: The .xz File Format 1.1.0, 2.1.1.2;
/// Linux Documentation/staging/xz.rst.
bool kernel_reads_xz(const fs::path& file) {
  std::array<char, 8> begin{};
  std::ifstream in(file, std::ios::binary);
  in.read(begin.data(), begin.size());
  return in.gcount() == static_cast<std::streamsize>(begin.size()) && static_cast<unsigned char>(begin[7]) <= 1;
}

Result<bool> is_compressed_with(const fs::path& file, Compression compression) {
  using namespace std::string_view_literals;
  std::array<char, 6> begin{};
  std::ifstream in(file, std::ios::binary);
  if (!in) return Error(Errc::io, Blame::infrastructure, "can't read " + file.string());
  in.read(begin.data(), begin.size());
  const std::string_view magic(begin.data(), static_cast<std::size_t>(in.gcount()));
  switch (compression) {
    case Compression::gz:
      return magic.starts_with("\x1f\x8b"sv);
    case Compression::bz2:
      return magic.starts_with("BZh"sv);
    case Compression::zstd:
      return magic.starts_with("\x28\xb5\x2f\xfd"sv);
    case Compression::xz:
      return magic ==
             "\xfd"
             "7zXZ\0"sv;
    case Compression::zip:
    case Compression::none:
      break;
  }
  return true;
}

/// Holds what the job says of its compression against the file, and takes one off that a kernel does not know.
Result<> see_to_compression(const Ramdisk& ramdisk, Deadline deadline, Lines& done) {
  HILLTOP_TRY(const bool is_so, is_compressed_with(ramdisk.file, ramdisk.compression));
  if (!is_so) return Error(Errc::bad_input, Blame::job, "the file is not compressed in the way that the job says");
  if (ramdisk.compression != Compression::xz || kernel_reads_xz(ramdisk.file)) return ok();
  const auto bare = beside(ramdisk.file, ".bare");
  HILLTOP_CHECK(decompress(ramdisk.file, Compression::xz, bare, UnpackLimits{}, deadline));
  done.emplace_back("unpacked: a kernel reads no xz with such a check");
  return replace(bare, ramdisk.file);
}

Result<> append(const testshell::Overlay& overlay, const Ramdisk& ramdisk, Compression segment, Deadline deadline) {
  const auto with = beside(ramdisk.file, ".with");
  HILLTOP_CHECK(testshell::append_overlay_cpio(overlay, ramdisk.file, with, segment, deadline));
  return replace(with, ramdisk.file);
}

/// A kernel that reads the ramdisk's compression reads the modules' in the same.
Compression segment_compression(Compression of_ramdisk) {
  return of_ramdisk == Compression::gz || of_ramdisk == Compression::zstd ? of_ramdisk : Compression::none;
}

Result<> add_modules(const Ramdisk& ramdisk, Deadline deadline, Lines& done) {
  const auto scratch = beside(ramdisk.modules, ".members");
  auto modules = overlay_of_tar(ramdisk.modules, ramdisk.modules_compression, "/", scratch, UnpackLimits{}, deadline);
  if (!modules) return std::move(modules).error().within("modules");
  HILLTOP_TRY(const auto facts, read_ramdisk(ramdisk.file, deadline));
  fit_to_ramdisk(*modules, facts);
  HILLTOP_CHECK(append(*modules, ramdisk, segment_compression(ramdisk.compression), deadline));
  done.push_back("modules added: " + std::to_string(modules->entries.size()) + " files, " +
                 std::to_string(modules->bytes()) + " bytes");
  std::error_code ignored;
  fs::remove_all(scratch, ignored);
  return ok();
}

}  // namespace

Compression kept_compression(const UrlSpec& url) {
  return url.archive_tar || url.compression == Compression::zip ? Compression::none : url.compression;
}

Result<Lines> make_ramdisk(const Ramdisk& ramdisk, Deadline deadline) {
  Lines done;
  const bool changes = ramdisk.overlay || !ramdisk.modules.empty() || ramdisk.header;
  bool stripped = false;
  if (changes || ramdisk.compression != Compression::none) {
    HILLTOP_TRY(stripped, strip_legacy_header(ramdisk.file, deadline));
  }
  HILLTOP_CHECK(see_to_compression(ramdisk, deadline, done));
  if (!ramdisk.modules.empty()) HILLTOP_CHECK(add_modules(ramdisk, deadline, done));
  if (ramdisk.overlay) HILLTOP_CHECK(append(*ramdisk.overlay, ramdisk, Compression::none, deadline));
  if (!ramdisk.header && !stripped) return done;
  const auto with = beside(ramdisk.file, ".headed");
  HILLTOP_CHECK(add_legacy_header(ramdisk.file, with, ramdisk.arch, deadline));
  HILLTOP_CHECK(replace(with, ramdisk.file));
  done.emplace_back("it has U-Boot's image header");
  return done;
}

}  // namespace hilltop::jobs
