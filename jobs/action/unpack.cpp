// SPDX-License-Identifier: Apache-2.0
#include "jobs/action/unpack.hpp"

#include <string>

#include "jobs/action/archive_reader.hpp"

namespace hilltop::jobs {
namespace {

namespace fs = std::filesystem;

Error bad(std::string text) { return {Errc::bad_input, Blame::job, std::move(text)}; }

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
  HILLTOP_CHECK(copy_member(a, at, written, limits, deadline));
  if ((archive_entry_perm(entry) & 0100U) != 0)  // a program of a test
    fs::permissions(at, fs::perms::owner_exec, fs::perm_options::add, wrong);
  return ok();
}

/// The one file of a zip archive.
Result<> unzip(const fs::path& from, const fs::path& to, UnpackLimits limits, Deadline deadline) {
  HILLTOP_TRY(const auto reader, open_archive(from, Compression::zip, archive_read_support_format_zip));
  std::uint64_t written = 0;
  std::size_t files = 0;
  archive_entry* entry = nullptr;
  for (int status = 0; (status = archive_read_next_header(reader.get(), &entry)) != ARCHIVE_EOF;) {
    if (status < ARCHIVE_WARN) return damaged_archive(reader.get());
    if (archive_entry_filetype(entry) != AE_IFREG) continue;
    if (++files > 1) return bad("the zip file holds more than one file");
    HILLTOP_CHECK(copy_member(reader.get(), to, written, limits, deadline));
  }
  return files == 1 ? ok() : Result<>(bad("the zip file holds no file"));
}

}  // namespace

Result<> decompress(const fs::path& from, Compression compression, const fs::path& to, UnpackLimits limits,
                    Deadline deadline) {
  if (compression == Compression::zip) return unzip(from, to, limits, deadline);
  HILLTOP_TRY(const auto reader, open_archive(from, compression, archive_read_support_format_raw));
  archive_entry* entry = nullptr;
  const auto status = archive_read_next_header(reader.get(), &entry);
  HILLTOP_CHECK(check_filter(reader.get(), compression));
  if (status == ARCHIVE_EOF) return bad("the file is empty");
  if (status != ARCHIVE_OK) return damaged_archive(reader.get());
  std::uint64_t written = 0;
  return copy_member(reader.get(), to, written, limits, deadline);
}

Result<std::size_t> unpack_tar(const fs::path& from, Compression compression, const fs::path& to, UnpackLimits limits,
                               Deadline deadline) {
  HILLTOP_TRY(const auto reader, open_archive(from, compression, archive_read_support_format_tar));
  std::error_code wrong;
  fs::create_directories(to, wrong);
  if (wrong) return Error(Errc::io, Blame::infrastructure, "can't make " + to.string() + ": " + wrong.message());
  std::uint64_t written = 0;
  std::size_t files = 0, members = 0;
  while (true) {
    archive_entry* entry = nullptr;
    const auto status = archive_read_next_header(reader.get(), &entry);
    if (members == 0) HILLTOP_CHECK(check_filter(reader.get(), compression));
    if (status == ARCHIVE_EOF) break;
    if (status < ARCHIVE_WARN) return damaged_archive(reader.get());
    if (++members > limits.files) return bad("the archive has more than " + std::to_string(limits.files) + " members");
    HILLTOP_CHECK(take_member(reader.get(), entry, to, written, files, limits, deadline));
  }
  return files;
}

}  // namespace hilltop::jobs
