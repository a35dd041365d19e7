// SPDX-License-Identifier: Apache-2.0
#include "jobs/testshell/ext_files.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <set>

#include "drivers/core/process.hpp"
#include "jobs/testshell/root_links.hpp"

namespace hilltop::jobs::testshell {
namespace {

namespace fs = std::filesystem;

Error io_error(const std::string& what, const fs::path& path) {
  return {Errc::io, Blame::infrastructure, "can't " + what + " " + path.string()};
}

/// debugfs reads words as its shell does: in double quotes, a quote doubled. Source: lib/ss/parse.c of e2fsprogs.
std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

/// Lays the overlay out as files for debugfs, and says what debugfs is to do. Value: the script.
Result<fs::path> stage(const Overlay& overlay, const fs::path& scratch) {
  const auto script = scratch / "debugfs.cmd";
  std::ofstream out(script);
  std::size_t number = 0;
  for (const auto& entry : overlay.entries) {
    const auto path = quoted("/" + entry.path);
    if (entry.kind == OverlayEntry::Kind::folder) out << "mkdir " << path << "\n";
    // debugfs replaces nothing.
    if (entry.kind != OverlayEntry::Kind::folder) out << "rm " << path << "\n";
    if (entry.kind == OverlayEntry::Kind::link) out << "symlink " << path << " " << quoted(entry.bytes) << "\n";
    if (entry.kind != OverlayEntry::Kind::file) continue;
    auto from = entry.from;
    if (from.empty()) {
      from = scratch / ("file-" + std::to_string(number++));
      std::ofstream(from, std::ios::binary) << entry.bytes;
    }
    std::array<char, 16> mode{};
    std::snprintf(mode.data(), mode.size(), "0%o", 0100000U | entry.mode);
    out << "write " << quoted(from.string()) << " " << path << "\n";
    out << "set_inode_field " << path << " mode " << mode.data() << "\n";
    out << "set_inode_field " << path << " uid 0\nset_inode_field " << path << " gid 0\n";
  }
  out.close();
  if (!out) return io_error("write", script);
  return script;
}

/// What of debugfs's output is a complaint: it ends with status 0 whatever happened.
std::string complaint_in(const std::string& text) {
  std::size_t at = 0;
  while (at < text.size()) {
    const auto end = std::min(text.find('\n', at), text.size());
    const auto line = text.substr(at, end - at);
    at = end + 1;
    const bool harmless = line.empty() || line.starts_with("debugfs ") || line.starts_with("debugfs: ") ||
                          line.starts_with("Allocated inode:") || line.starts_with("rm: ") ||
                          line.contains("directory already exists");
    if (!harmless) return line;
  }
  return "";
}

/// The image as debugfs opens it. Source: e2fsprogs lib/ext2fs/unix_io.c, option "offset".
std::string at_offset(const fs::path& image, std::uint64_t offset) {
  return offset == 0 ? image.string() : image.string() + "?offset=" + std::to_string(offset);
}

std::string content_of(const OverlayEntry& entry) {
  if (entry.from.empty()) return entry.bytes;
  std::ifstream in(entry.from, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// The newest file of the overlay must be there, whole.
Task<> read_back(std::shared_ptr<const Overlay> overlay, std::string target, fs::path scratch, Deadline deadline) {
  const auto last = std::ranges::find(overlay->entries.rbegin(), overlay->entries.rend(), OverlayEntry::Kind::file,
                                      &OverlayEntry::kind);
  if (last == overlay->entries.rend()) co_return ok();
  const auto back = scratch / "back";
  const Command dump({"debugfs", "-R", "dump " + quoted("/" + last->path) + " " + quoted(back.string()), target});
  HILLTOP_CO_TRY(const auto read, co_await run_tool(dump, deadline));
  static_cast<void>(read);
  std::ifstream in(back, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(in)), {});
  if (text != content_of(*last))
    co_return Error(Errc::mismatch, Blame::infrastructure, "the overlay in the image is not what was written");
  co_return ok();
}

/// What of the overlay's tops are symbolic links in the image: debugfs makes no folder behind one. It says
/// "Inode: 14   Type: symlink", and further on 'Fast link dest: "usr/lib"'.
Task<RootLinks> root_links(std::shared_ptr<const Overlay> overlay, std::string target, Deadline deadline) {
  RootLinks out;
  std::set<std::string> tops;
  for (const auto& entry : overlay->entries) tops.insert(entry.path.substr(0, entry.path.find('/')));
  for (const auto& top : tops) {
    const Command stat({"debugfs", "-R", "stat " + quoted("/" + top), target});
    HILLTOP_CO_TRY(const auto said, co_await run_tool(stat, deadline));
    constexpr std::string_view fast = "Fast link dest: \"";
    const auto at = said.text.find(fast);
    if (!said.text.contains("Type: symlink") || at == std::string::npos) continue;
    const auto begin = at + fast.size();
    if (auto to = root_link_target(said.text.substr(begin, said.text.find('"', begin) - begin)); !to.empty())
      out[top] = std::move(to);
  }
  co_return out;
}

/// A line end would begin another command of debugfs's, which reads any file of this machine that the daemon may.
Result<> fits_in_lines(const Overlay& overlay) {
  for (const auto& entry : overlay.entries) {
    const bool breaks =
        entry.path.contains('\n') || (entry.kind == OverlayEntry::Kind::link && entry.bytes.contains('\n'));
    if (breaks) return Error(Errc::denied, Blame::job, "a name or a link's target has a line end in it");
  }
  return ok();
}

Error no_file_system() { return {Errc::not_found, Blame::job, "there is no ext2, ext3 or ext4 file system"}; }

}  // namespace

Task<> write_to_ext(std::shared_ptr<const Overlay> original, fs::path image, std::uint64_t offset, fs::path scratch,
                    Deadline deadline) {
  HILLTOP_CO_CHECK(fits_in_lines(*original));
  const auto target = at_offset(image, offset);
  HILLTOP_CO_TRY(const auto links, co_await root_links(original, target, deadline));
  auto overlay = std::make_shared<Overlay>(*original);
  follow_root_links(*overlay, links);
  add_missing_folders(*overlay, {});
  HILLTOP_CO_TRY(const auto script, stage(*overlay, scratch));
  HILLTOP_CO_TRY(const auto out,
                 co_await run_tool(Command({"debugfs", "-w", "-f", script.string(), target}), deadline));
  if (out.text.contains("Bad magic number") || out.text.contains("Filesystem not open")) co_return no_file_system();
  const auto wrong = complaint_in(out.text);
  if (wrong.contains("Could not allocate"))
    co_return Error(Errc::bad_input, Blame::job,
                    "the image's file system is full: " + std::to_string(overlay->bytes()) + " bytes in " +
                        std::to_string(overlay->entries.size()) + " files are to go there (" + wrong + ")");
  if (!wrong.empty() || out.status != 0)
    co_return Error(Errc::bad_input, Blame::job,
                    "the overlay does not go into the image: " +
                        (wrong.empty() ? "debugfs ended with status " + std::to_string(out.status) : wrong));
  co_return co_await read_back(overlay, target, scratch, deadline);
}

}  // namespace hilltop::jobs::testshell
