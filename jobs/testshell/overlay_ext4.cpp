// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <fstream>

#include "drivers/core/process.hpp"
#include "jobs/testshell/overlay_delivery.hpp"

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
  std::string folder;  // all parents of the overlay's folder
  for (const auto& part : fs::path(overlay.dir).parent_path().relative_path()) {
    folder += "/" + part.string();
    out << "mkdir " << quoted(folder) << "\n";
  }
  for (const auto& entry : overlay.entries) {
    const auto path = quoted("/" + entry.path);
    if (entry.kind == OverlayEntry::Kind::folder && !overlay.dir.starts_with("/" + entry.path + "/"))
      out << "mkdir " << path << "\n";
    if (entry.kind == OverlayEntry::Kind::link) out << "symlink " << path << " " << quoted(entry.bytes) << "\n";
    if (entry.kind != OverlayEntry::Kind::file) continue;
    auto from = entry.from;
    if (from.empty()) {
      from = scratch / ("file-" + std::to_string(number++));
      std::ofstream(from, std::ios::binary) << entry.bytes;
    }
    std::array<char, 16> mode{};
    std::snprintf(mode.data(), mode.size(), "0100%03o", entry.mode);
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
                          line.starts_with("Allocated inode:") || line.contains("File exists");
    if (!harmless) return line;
  }
  return "";
}

/// The image as debugfs opens it. Source: e2fsprogs lib/ext2fs/unix_io.c, option "offset".
std::string at_offset(const fs::path& image, std::uint64_t offset) {
  return offset == 0 ? image.string() : image.string() + "?offset=" + std::to_string(offset);
}

Task<> write_into(std::shared_ptr<const Overlay> overlay, fs::path image, std::uint64_t offset, fs::path scratch,
                  Deadline deadline) {
  HILLTOP_CO_TRY(const auto script, stage(*overlay, scratch));
  const auto target = at_offset(image, offset);
  HILLTOP_CO_TRY(const auto out,
                 co_await run_tool(Command({"debugfs", "-w", "-f", script.string(), target}), deadline));
  if (out.text.contains("Bad magic number") || out.text.contains("Filesystem not open"))
    co_return Error(Errc::bad_input, Blame::job, "the image has no ext2, ext3 or ext4 file system there");
  if (const auto wrong = complaint_in(out.text); !wrong.empty() || out.status != 0)
    co_return Error(Errc::bad_input, Blame::job,
                    "the overlay does not go into the image: " +
                        (wrong.empty() ? "debugfs ended with status " + std::to_string(out.status) : wrong));
  // Read back: the newest file of the overlay, whole.
  const auto last = std::ranges::find_if(overlay->entries.rbegin(), overlay->entries.rend(), [](const auto& entry) {
    return entry.kind == OverlayEntry::Kind::file && entry.from.empty();
  });
  if (last == overlay->entries.rend()) co_return ok();
  const auto back = scratch / "back";
  const Command dump({"debugfs", "-R", "dump " + quoted("/" + last->path) + " " + quoted(back.string()), target});
  HILLTOP_CO_TRY(const auto read, co_await run_tool(dump, deadline));
  static_cast<void>(read);
  std::ifstream in(back, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(in)), {});
  if (text != last->bytes)
    co_return Error(Errc::mismatch, Blame::infrastructure, "the overlay in the image is not what was written");
  co_return ok();
}

std::uint64_t little(std::string_view bytes, std::size_t at, std::size_t n) {
  std::uint64_t value = 0;
  for (std::size_t i = n; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

constexpr std::uint64_t sector = 512;

Result<std::string> read_at(const fs::path& image, std::uint64_t offset, std::size_t n) {
  std::ifstream in(image, std::ios::binary);
  if (!in) return io_error("read", image);
  std::string bytes(n, '\0');
  in.seekg(static_cast<std::streamoff>(offset));
  in.read(bytes.data(), static_cast<std::streamsize>(n));
  if (in.gcount() != static_cast<std::streamsize>(n))
    return Error(Errc::bad_input, Blame::job, "the image ends within its partition table");
  return bytes;
}

Task<> convert(std::string format, fs::path from, fs::path to, Deadline deadline) {
  const Command command({"qemu-img", "convert", "-O", std::move(format), from.string(), to.string()});
  auto out = co_await run_tool_checked(command, deadline);
  if (!out) co_return std::move(out).error();
  co_return ok();
}

}  // namespace

Result<std::uint64_t> partition_offset(const fs::path& image, std::uint32_t number) {
  if (number == 0) return std::uint64_t{0};
  const Error none(Errc::not_found, Blame::job, "the image has no partition " + std::to_string(number));
  HILLTOP_TRY(const auto mbr, read_at(image, 0, sector));
  if (little(mbr, 510, 2) != 0xaa55) return Error(Errc::not_found, Blame::job, "the image has no partition table");
  constexpr std::uint8_t protective = 0xee;
  if (static_cast<std::uint8_t>(mbr[446 + 4]) != protective) {
    if (number > 4 || mbr[446 + (number - 1) * 16 + 4] == 0) return none;
    return little(mbr, 446 + (number - 1) * 16 + 8, 4) * sector;
  }
  HILLTOP_TRY(const auto gpt, read_at(image, sector, sector));
  const auto entries = little(gpt, 72, 8), count = little(gpt, 80, 4), size = little(gpt, 84, 4);
  if (!gpt.starts_with("EFI PART") || number > count || size < 128 || size > 4096) return none;
  HILLTOP_TRY(const auto entry, read_at(image, entries * sector + (number - 1) * size, 128));
  if (std::ranges::all_of(entry.substr(0, 16), [](char c) { return c == 0; })) return none;
  return little(entry, 32, 8) * sector;
}

Task<> inject_overlay_ext4(std::shared_ptr<const Overlay> overlay, fs::path image, std::uint32_t partition,
                           fs::path scratch, Deadline deadline) {
  std::error_code wrong;
  fs::create_directories(scratch, wrong);
  HILLTOP_CO_TRY(const auto magic, read_at(image, 0, 4));
  const bool qcow2 = magic == std::string_view("QFI\xfb", 4);
  const auto raw = qcow2 ? scratch / "image.raw" : image;
  if (qcow2) HILLTOP_CO_CHECK(co_await convert("raw", image, raw, deadline));
  HILLTOP_CO_TRY(const auto offset, partition_offset(raw, partition));
  HILLTOP_CO_CHECK(co_await write_into(std::move(overlay), raw, offset, scratch, deadline));
  if (!qcow2) co_return ok();
  HILLTOP_CO_CHECK(co_await convert("qcow2", raw, image, deadline));
  fs::remove(raw, wrong);
  co_return ok();
}

Task<> make_overlay_drive(std::shared_ptr<const Overlay> overlay, fs::path image, fs::path scratch, Deadline deadline) {
  constexpr std::uint64_t mib = 1 << 20;
  const auto size = (overlay->bytes() * 3 / 2 + overlay->entries.size() * 4096) / mib + 16;  // results go there too
  std::error_code wrong;
  fs::create_directories(scratch, wrong);
  Overlay rooted{"", {}};
  const auto prefix = overlay->dir.substr(1) + "/";
  for (auto entry : overlay->entries) {
    if (!entry.path.starts_with(prefix)) continue;
    entry.path = entry.path.substr(prefix.size());
    rooted.entries.push_back(std::move(entry));
  }
  const Command make({"mke2fs", "-q", "-F", "-t", "ext2", "-L", "LAVA", "-E", "root_owner=0:0", image.string(),
                      std::to_string(size) + "M"});
  HILLTOP_CO_TRY(const auto out, co_await run_tool_checked(make, deadline));
  co_return co_await write_into(std::make_shared<const Overlay>(std::move(rooted)), image, 0, scratch, deadline);
}

}  // namespace hilltop::jobs::testshell
