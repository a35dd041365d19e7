// SPDX-License-Identifier: Apache-2.0
#include "jobs/action/archive_reader.hpp"

#include <fstream>
#include <string>
#include <vector>

namespace hilltop::jobs {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t block_bytes = 256 * 1024;

Error bad(std::string text) { return {Errc::bad_input, Blame::job, std::move(text)}; }
int filter_code(Compression compression) {
  switch (compression) {
    case Compression::gz:
      return ARCHIVE_FILTER_GZIP;
    case Compression::xz:
      return ARCHIVE_FILTER_XZ;
    case Compression::bz2:
      return ARCHIVE_FILTER_BZIP2;
    case Compression::zstd:
      return ARCHIVE_FILTER_ZSTD;
    case Compression::zip:  // a format, not a filter
    case Compression::none:
      break;
  }
  return ARCHIVE_FILTER_NONE;
}

std::string_view filter_name(Compression compression) {
  switch (compression) {
    case Compression::gz:
      return "gz";
    case Compression::xz:
      return "xz";
    case Compression::bz2:
      return "bz2";
    case Compression::zstd:
      return "zstd";
    case Compression::zip:
      return "zip";
    case Compression::none:
      break;
  }
  return "none";
}

}  // namespace

Error damaged_archive(archive* a) {
  const char* text = archive_error_string(a);
  return bad(std::string("damaged: ") + (text == nullptr ? "unexpected end" : text));
}

Result<> check_filter(archive* a, Compression compression) {
  if (archive_filter_code(a, 0) == filter_code(compression)) return ok();
  return bad("the file is not compressed with " + std::string(filter_name(compression)));
}

Result<ArchiveReader> open_archive(const fs::path& from, Compression compression, int (*support_format)(archive*)) {
  ArchiveReader reader(archive_read_new());
  support_format(reader.get());
  if (filter_code(compression) != ARCHIVE_FILTER_NONE &&
      archive_read_support_filter_by_code(reader.get(), filter_code(compression)) < ARCHIVE_WARN)
    return Error(Errc::unsupported, Blame::infrastructure,
                 "this libarchive can't read " + std::string(filter_name(compression)));
  if (archive_read_open_filename(reader.get(), from.c_str(), block_bytes) != ARCHIVE_OK) {
    if (!fs::exists(from)) return Error(Errc::io, Blame::infrastructure, "can't read " + from.string());
    return damaged_archive(reader.get());
  }
  return reader;
}

Result<> copy_member(archive* a, const fs::path& to, std::uint64_t& written, UnpackLimits limits, Deadline deadline) {
  std::ofstream out(to, std::ios::binary | std::ios::trunc);
  if (!out) return Error(Errc::io, Blame::infrastructure, "can't write " + to.string());
  std::vector<char> block(block_bytes);
  while (true) {
    const auto n = archive_read_data(a, block.data(), block.size());
    if (n == 0) break;
    if (n < 0) return damaged_archive(a);
    written += static_cast<std::uint64_t>(n);
    if (written > limits.bytes) return bad("unpacks to more than " + std::to_string(limits.bytes >> 20) + " MiB");
    if (deadline.passed()) return Error(Errc::timeout, Blame::infrastructure, "unpacking took too long");
    out.write(block.data(), n);
    if (!out) return Error(Errc::io, Blame::infrastructure, "can't write " + to.string() + ": is the disk full?");
  }
  out.close();
  if (!out) return Error(Errc::io, Blame::infrastructure, "can't write " + to.string());
  return ok();
}

}  // namespace hilltop::jobs
