// SPDX-License-Identifier: Apache-2.0
#include "jobs/action/archive_overlay.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <vector>

#include "jobs/action/archive_reader.hpp"
#include "jobs/testshell/overlay_delivery.hpp"

namespace hilltop::jobs {
namespace {

namespace fs = std::filesystem;
using testshell::Overlay;
using testshell::OverlayEntry;

Error denied(const std::string& member, const std::string& why) {
  return {Errc::denied, Blame::job, "the archive's member '" + member + "' " + why};
}

/// Where a member goes in the image, from its root; "" for the root itself.
Result<std::string> place_in_image(const std::string& below, const std::string& member) {
  const auto whole = fs::path("/" + below + "/" + member).lexically_normal().relative_path();
  const auto inside = fs::path("./" + member).lexically_normal();
  if (!inside.empty() && *inside.begin() == "..") return denied(member, "would lie outside of '" + below + "'");
  if (member.find('\n') != std::string::npos) return denied(member, "has a line end in its name");
  auto text = whole.string();
  while (text.ends_with('/')) text.pop_back();
  return text == "." ? std::string() : text;
}

/// Reads a tar file's members into overlay entries.
class TarReader {
 public:
  TarReader(std::string below, fs::path scratch, UnpackLimits limits, Deadline deadline)
      : below_(std::move(below)), scratch_(std::move(scratch)), limits_(limits), deadline_(deadline) {}

  Result<> take(archive* a, archive_entry* entry) {
    const char* name = archive_entry_pathname(entry);
    if (name == nullptr) return Error(Errc::bad_input, Blame::job, "a member of the archive has no name");
    if (entries_.size() >= limits_.files)
      return Error(Errc::bad_input, Blame::job,
                   "the archive has more than " + std::to_string(limits_.files) + " members");
    HILLTOP_TRY(const auto path, place_in_image(below_, name));
    if (path.empty()) return ok();
    if (const char* first = archive_entry_hardlink(entry); first != nullptr) return take_hard_link(path, first);
    OverlayEntry out;
    out.path = path, out.mode = archive_entry_perm(entry) & 07777U;
    const auto type = archive_entry_filetype(entry);
    if (type == AE_IFDIR) {
      out.kind = OverlayEntry::Kind::folder;
    } else if (type == AE_IFLNK) {
      out.kind = OverlayEntry::Kind::link;
      out.bytes = archive_entry_symlink(entry);
      out.size = out.bytes.size();
    } else if (type == AE_IFREG) {
      HILLTOP_CHECK(take_content(a, out));
    } else {
      return denied(name, "is neither file, folder nor link");
    }
    entries_[path] = std::move(out);
    return ok();
  }

  std::vector<OverlayEntry> entries() {
    std::vector<OverlayEntry> out;
    for (auto& [path, entry] : entries_) out.push_back(std::move(entry));
    return out;
  }

 private:
  Result<> take_content(archive* a, OverlayEntry& out) {
    out.from = scratch_ / std::to_string(number_++);
    const auto before = written_;
    HILLTOP_CHECK(copy_member(a, out.from, written_, limits_, deadline_));
    out.size = written_ - before;
    return ok();
  }

  Result<> take_hard_link(const std::string& path, const char* first) {
    HILLTOP_TRY(const auto of, place_in_image(below_, first));
    const auto found = entries_.find(of);
    if (found == entries_.end() || found->second.kind != OverlayEntry::Kind::file)
      return Error(Errc::bad_input, Blame::job, "the archive's hard link '" + path + "' leads nowhere");
    auto copy = found->second;
    copy.path = path;
    entries_[path] = std::move(copy);
    return ok();
  }

  std::string below_;
  fs::path scratch_;
  UnpackLimits limits_;
  Deadline deadline_;
  std::map<std::string, OverlayEntry> entries_;  // the last member of a name wins; a folder is before what is in it
  std::uint64_t written_ = 0;
  std::size_t number_ = 0;
};

constexpr std::size_t tar_block = 512;

/// A number of a tar header: octal, or big-endian binary when its first bit is set. Source: GNU tar manual, "Basic Tar
/// Format", and gnu "Extensions".
std::uint64_t tar_number(std::string_view field) {
  std::uint64_t value = 0;
  if ((static_cast<unsigned char>(field[0]) & 0x80U) != 0) {
    for (const char c : field.substr(1)) value = value << 8U | static_cast<unsigned char>(c);
    return value;
  }
  for (const char c : field)
    if (c >= '0' && c <= '7') value = value << 3U | static_cast<unsigned>(c - '0');
  return value;
}

/// Where the blocks of zeros that end a tar file begin.
Result<std::uint64_t> end_of_members(const fs::path& image, Deadline deadline) {
  std::ifstream in(image, std::ios::binary);
  if (!in) return Error(Errc::io, Blame::infrastructure, "can't read " + image.string());
  const Error no_tar(Errc::bad_input, Blame::job, "the image is no uncompressed tar file");
  std::error_code wrong;
  const auto whole = fs::file_size(image, wrong);
  std::array<char, tar_block> header{};
  for (std::uint64_t at = 0;;) {
    if (deadline.passed()) return Error(Errc::timeout, Blame::infrastructure, "reading the tar file took too long");
    in.seekg(static_cast<std::streamoff>(at));
    in.read(header.data(), header.size());
    if (in.gcount() == 0 && at > 0 && at == whole) return at;
    const std::string_view bytes(header.data(), static_cast<std::size_t>(in.gcount()));
    if (bytes.size() < tar_block) return no_tar;
    if (std::ranges::all_of(bytes, [](char c) { return c == 0; })) return at;
    if (bytes.substr(257, 5) != "ustar") return no_tar;
    constexpr char old_sparse = 'S';  // its maps would have to be followed
    if (bytes[156] == old_sparse)
      return Error(Errc::unsupported, Blame::job, "the tar file has sparse members of GNU tar's old kind");
    const auto size = tar_number(bytes.substr(124, 12));
    if (wrong || size > whole) return no_tar;
    at += tar_block + (size + tar_block - 1) / tar_block * tar_block;
  }
}

Result<> append_bytes(const fs::path& from, const fs::path& to) {
  std::ifstream in(from, std::ios::binary);
  std::ofstream out(to, std::ios::binary | std::ios::app);
  out << in.rdbuf();
  out.close();
  return in && out ? ok() : Result<>(Error(Errc::io, Blame::infrastructure, "can't write " + to.string()));
}

}  // namespace

Result<Overlay> overlay_of_tar(const fs::path& from, Compression compression, const std::string& below,
                               const fs::path& scratch, UnpackLimits limits, Deadline deadline) {
  std::error_code wrong;
  fs::create_directories(scratch, wrong);
  if (wrong) return system_error("can't make " + scratch.string(), wrong.value());
  HILLTOP_TRY(const auto reader, open_archive(from, compression, archive_read_support_format_tar));
  TarReader members(below, scratch, limits, deadline);
  bool first = true;
  for (;;) {
    archive_entry* entry = nullptr;
    const auto status = archive_read_next_header(reader.get(), &entry);
    if (std::exchange(first, false)) HILLTOP_CHECK(check_filter(reader.get(), compression));
    if (status == ARCHIVE_EOF) break;
    if (status < ARCHIVE_WARN) return damaged_archive(reader.get());
    HILLTOP_CHECK(members.take(reader.get(), entry));
  }
  return Overlay{"", members.entries()};
}

Result<Overlay> overlay_of_file(const fs::path& from, const std::string& path) {
  std::error_code wrong;
  const auto size = fs::file_size(from, wrong);
  if (wrong) return Error(Errc::io, Blame::infrastructure, "can't read " + from.string());
  const auto whole = path.ends_with('/') ? path + from.filename().string() : path;
  OverlayEntry entry;
  entry.path = fs::path(whole).lexically_normal().relative_path().string();
  entry.from = from, entry.size = size;
  return Overlay{"", {std::move(entry)}};
}

Result<RamdiskFacts> read_ramdisk(const fs::path& ramdisk, Deadline deadline) {
  const ArchiveReader reader(archive_read_new());
  archive_read_support_format_cpio(reader.get());
  archive_read_support_filter_all(reader.get());
  RamdiskFacts out;
  constexpr std::size_t block_bytes = 256 * 1024;
  if (archive_read_open_filename(reader.get(), ramdisk.c_str(), block_bytes) != ARCHIVE_OK) return out;
  archive_entry* entry = nullptr;
  while (archive_read_next_header(reader.get(), &entry) >= ARCHIVE_WARN) {
    if (deadline.passed()) return Error(Errc::timeout, Blame::infrastructure, "reading the ramdisk took too long");
    const char* name = archive_entry_pathname(entry);
    if (name == nullptr) continue;
    auto path = fs::path(std::string("/") + name).lexically_normal().relative_path().string();
    while (path.ends_with('/')) path.pop_back();
    const auto type = archive_entry_filetype(entry);
    if (type == AE_IFDIR) out.folders.insert(path);
    if (type != AE_IFLNK || path.empty() || path.contains('/')) continue;
    const char* target = archive_entry_symlink(entry);
    if (auto to = testshell::root_link_target(target == nullptr ? "" : target); !to.empty())
      out.links[path] = std::move(to);
  }
  return out;
}

void fit_to_ramdisk(Overlay& overlay, const RamdiskFacts& facts) {
  testshell::follow_root_links(overlay, facts.links);
  testshell::add_missing_folders(overlay, facts.folders);
}

Result<> append_overlay_tar(const Overlay& overlay, const fs::path& image, Deadline deadline) {
  HILLTOP_TRY(const auto end, end_of_members(image, deadline));
  auto piece = image;
  piece += ".overlay";
  HILLTOP_CHECK(testshell::write_overlay_tar(overlay, piece, Compression::none, deadline));
  std::error_code wrong;
  fs::resize_file(image, end, wrong);
  if (wrong) return Error(Errc::io, Blame::infrastructure, "can't write " + image.string());
  auto appended = append_bytes(piece, image);
  fs::remove(piece, wrong);
  return appended;
}

}  // namespace hilltop::jobs
