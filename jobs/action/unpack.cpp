// SPDX-License-Identifier: Apache-2.0
#include "jobs/action/unpack.hpp"

#include <archive.h>
#include <archive_entry.h>

#include <fstream>
#include <memory>
#include <string>
#include <vector>

namespace hilltop::jobs {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t block_bytes = 256 * 1024;

struct Close {
  void operator()(archive* a) const { archive_read_free(a); }
};
using Reader = std::unique_ptr<archive, Close>;

Error bad(std::string text) { return {Errc::bad_input, Blame::job, std::move(text)}; }
Error damaged(archive* a) {
  const char* text = archive_error_string(a);
  return bad(std::string("damaged: ") + (text == nullptr ? "unexpected end" : text));
}

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
    case Compression::none:
      break;
  }
  return "none";
}

/// Opens `from` with exactly the filter that was named: libarchive would pass a file on that is not compressed at all.
Result<Reader> open(const fs::path& from, Compression compression, int (*support_format)(archive*)) {
  Reader reader(archive_read_new());
  support_format(reader.get());
  if (compression != Compression::none &&
      archive_read_support_filter_by_code(reader.get(), filter_code(compression)) < ARCHIVE_WARN)
    return Error(Errc::unsupported, Blame::infrastructure,
                 "this libarchive can't read " + std::string(filter_name(compression)));
  if (archive_read_open_filename(reader.get(), from.c_str(), block_bytes) != ARCHIVE_OK) {
    if (!fs::exists(from)) return Error(Errc::io, Blame::infrastructure, "can't read " + from.string());
    return damaged(reader.get());
  }
  return reader;
}

/// Copies the current entry's bytes to `to`; `written` counts on.
Result<> copy_entry(archive* a, const fs::path& to, std::uint64_t& written, UnpackLimits limits, Deadline deadline) {
  std::ofstream out(to, std::ios::binary | std::ios::trunc);
  if (!out) return Error(Errc::io, Blame::infrastructure, "can't write " + to.string());
  std::vector<char> block(block_bytes);
  while (true) {
    const auto n = archive_read_data(a, block.data(), block.size());
    if (n == 0) break;
    if (n < 0) return damaged(a);
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

/// A member's place below `root`. Errors: denied (job) when its path leads out.
Result<fs::path> place_of(const fs::path& root, const fs::path& member) {
  const auto normal = member.lexically_normal();
  if (normal.is_absolute() || normal.empty() || *normal.begin() == "..")
    return Error(Errc::denied, Blame::job,
                 "the archive's member '" + member.string() + "' would lie outside of the job's folder");
  // A link that an earlier member made must not be walked through.
  auto walked = root;
  for (const auto& part : normal.parent_path()) {
    walked /= part;
    if (fs::is_symlink(fs::symlink_status(walked)))
      return Error(Errc::denied, Blame::job,
                   "the archive's member '" + member.string() + "' lies behind a symbolic link");
  }
  return root / normal;
}

/// Makes a link, when it stays below `root`.
Result<> make_symlink(const fs::path& root, const fs::path& at, const fs::path& target) {
  const auto inside = (at.parent_path().lexically_relative(root) / target).lexically_normal();
  if (target.is_absolute() || (!inside.empty() && *inside.begin() == ".."))
    return Error(
        Errc::denied, Blame::job,
        "the archive's link '" + at.filename().string() + "' leads out of the job's folder to " + target.string());
  std::error_code wrong;
  fs::create_symlink(target, at, wrong);
  if (wrong)
    return Error(Errc::io, Blame::infrastructure, "can't make the link " + at.string() + ": " + wrong.message());
  return ok();
}

Result<> take_member(archive* a, archive_entry* entry, const fs::path& root, std::uint64_t& written, std::size_t& files,
                     UnpackLimits limits, Deadline deadline) {
  const char* name = archive_entry_pathname(entry);
  if (name == nullptr) return bad("a member has no name");
  const fs::path member(name);
  const auto type = archive_entry_filetype(entry);
  if (member.lexically_normal() == "." || member.lexically_normal() == "./") return ok();
  HILLTOP_TRY(const auto at, place_of(root, member));
  std::error_code wrong;
  fs::create_directories(type == AE_IFDIR ? at : at.parent_path(), wrong);
  if (wrong) return Error(Errc::io, Blame::infrastructure, "can't make " + at.string() + ": " + wrong.message());
  if (type == AE_IFDIR) return ok();
  fs::remove(at, wrong);  // the last member of a name wins, and a link is replaced, not followed
  if (type == AE_IFLNK) return make_symlink(root, at, archive_entry_symlink(entry));
  if (const char* first = archive_entry_hardlink(entry); first != nullptr) {
    HILLTOP_TRY(const auto of, place_of(root, first));
    if (fs::is_symlink(fs::symlink_status(of)))
      return Error(Errc::denied, Blame::job, "a hard link to a symbolic link");
    fs::create_hard_link(of, at, wrong);
    return wrong ? Result<>(bad("the hard link '" + member.string() + "' leads nowhere")) : Result<>(ok());
  }
  if (type != AE_IFREG)
    return Error(Errc::denied, Blame::job,
                 "the archive's member '" + member.string() + "' is neither file, folder nor link");
  ++files;
  HILLTOP_CHECK(copy_entry(a, at, written, limits, deadline));
  if ((archive_entry_perm(entry) & 0100U) != 0)  // a program of a test
    fs::permissions(at, fs::perms::owner_exec, fs::perm_options::add, wrong);
  return ok();
}

}  // namespace

Result<> decompress(const fs::path& from, Compression compression, const fs::path& to, UnpackLimits limits,
                    Deadline deadline) {
  HILLTOP_TRY(const auto reader, open(from, compression, archive_read_support_format_raw));
  archive_entry* entry = nullptr;
  const auto status = archive_read_next_header(reader.get(), &entry);
  if (archive_filter_code(reader.get(), 0) != filter_code(compression))
    return bad("the file is not compressed with " + std::string(filter_name(compression)));
  if (status == ARCHIVE_EOF) return bad("the file is empty");
  if (status != ARCHIVE_OK) return damaged(reader.get());
  std::uint64_t written = 0;
  return copy_entry(reader.get(), to, written, limits, deadline);
}

Result<std::size_t> unpack_tar(const fs::path& from, Compression compression, const fs::path& to, UnpackLimits limits,
                               Deadline deadline) {
  HILLTOP_TRY(const auto reader, open(from, compression, archive_read_support_format_tar));
  std::error_code wrong;
  fs::create_directories(to, wrong);
  if (wrong) return Error(Errc::io, Blame::infrastructure, "can't make " + to.string() + ": " + wrong.message());
  std::uint64_t written = 0;
  std::size_t files = 0, members = 0;
  while (true) {
    archive_entry* entry = nullptr;
    const auto status = archive_read_next_header(reader.get(), &entry);
    if (members == 0 && archive_filter_code(reader.get(), 0) != filter_code(compression))
      return bad("the archive is not compressed with " + std::string(filter_name(compression)));
    if (status == ARCHIVE_EOF) break;
    if (status < ARCHIVE_WARN) return damaged(reader.get());
    if (++members > limits.files) return bad("the archive has more than " + std::to_string(limits.files) + " members");
    HILLTOP_CHECK(take_member(reader.get(), entry, to, written, files, limits, deadline));
  }
  return files;
}

}  // namespace hilltop::jobs
