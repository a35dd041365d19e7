// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <fstream>

#include "drivers/core/process.hpp"
#include "drivers/protocol/partitions.hpp"
#include "jobs/testshell/ext_files.hpp"
#include "jobs/testshell/overlay_delivery.hpp"

namespace hilltop::jobs::testshell {
namespace {

namespace fs = std::filesystem;

Error io_error(const std::string& what, const fs::path& path) {
  return {Errc::io, Blame::infrastructure, "can't " + what + " " + path.string()};
}

/// Its first bytes; fewer where it has no more.
Result<std::string> head_of(const fs::path& image, std::size_t most) {
  std::ifstream in(image, std::ios::binary);
  if (!in) return io_error("read", image);
  std::string bytes(most, '\0');
  in.read(bytes.data(), static_cast<std::streamsize>(most));
  bytes.resize(static_cast<std::size_t>(in.gcount()));
  return bytes;
}

Result<std::vector<drivers::Partition>> partitions_of(const fs::path& image) {
  HILLTOP_TRY(const auto head, head_of(image, drivers::partition_table_bytes));
  std::error_code wrong;
  const auto size = fs::file_size(image, wrong);
  if (wrong) return io_error("read", image);
  return drivers::read_partitions(head, size);
}

std::string listing(const std::vector<drivers::Partition>& partitions) {
  std::string out;
  for (std::size_t i = 0; i < partitions.size(); ++i) out += (out.empty() ? "" : ", ") + std::to_string(i);
  return out;
}

/// A qcow2 image may name other files, which qemu-img would read with the daemon's rights. Source: QEMU 7.2,
/// docs/interop/qcow2.rst: backing_file_offset, and incompatible feature bit 2 (external data file).
Result<> refers_to_nothing_else(const fs::path& image) {
  constexpr std::size_t header_bytes = 80, version_at = 7, backing_at = 8, features_at = 79;
  HILLTOP_TRY(const auto head, head_of(image, header_bytes));
  if (head.size() < header_bytes) return Error(Errc::bad_input, Blame::job, "the qcow2 image is damaged");
  const bool backed = head.find_first_not_of('\0', backing_at) < backing_at + 8;
  const bool external = head[version_at] >= 3 && (static_cast<unsigned char>(head[features_at]) & 4U) != 0;
  if (backed || external) return Error(Errc::denied, Blame::job, "the qcow2 image refers to another file");
  return ok();
}

Task<> convert(std::string from_format, fs::path from, std::string format, fs::path to, Deadline deadline) {
  const Command command({"qemu-img", "convert", "-f", std::move(from_format), "-O", std::move(format), from.string(),
                         to.string()});  // the format is told: never guessed from what a job brought
  auto out = co_await run_tool_checked(command, deadline);
  if (!out) co_return std::move(out).error();
  co_return ok();
}

/// `number`: counted from 0. `partitions`: those of the image, it among them.
Error no_file_system_in(std::uint32_t number, std::uint64_t offset, const std::vector<drivers::Partition>& partitions) {
  auto text = "partition " + std::to_string(number) + " (at byte " + std::to_string(offset) +
              ") has no ext2, ext3 or ext4 file system";
  if (partitions.size() > 1) text += "; the image has the partitions " + listing(partitions);
  return {Errc::not_found, Blame::job, std::move(text)};
}

Task<> write_to_partition(std::shared_ptr<const Overlay> overlay, fs::path raw, std::uint32_t number, fs::path scratch,
                          Deadline deadline) {
  HILLTOP_CO_TRY(const auto offset, partition_offset(raw, number));
  auto written = co_await write_to_ext(std::move(overlay), raw, offset, std::move(scratch), deadline);
  if (written || written.error().code != Errc::not_found) co_return written;
  const auto partitions = partitions_of(raw);
  if (number != 0) co_return no_file_system_in(number - 1, offset, *partitions);
  if (!partitions || partitions->empty())
    co_return std::move(written).within("the image is no disk with partitions, and no file system");
  co_return Error(Errc::not_found, Blame::job,
                  "the image is a disk and no file system: say which `partition` (counted from 0, it has " +
                      listing(*partitions) + ")");
}

}  // namespace

Result<std::uint64_t> partition_offset(const fs::path& image, std::uint32_t number) {
  if (number == 0) return std::uint64_t{0};
  HILLTOP_TRY(const auto partitions, partitions_of(image));
  if (partitions.empty()) return Error(Errc::not_found, Blame::job, "the image has no partition table");
  if (number <= partitions.size()) return partitions[number - 1].start;
  return Error(
      Errc::not_found, Blame::job,
      "the image has no partition " + std::to_string(number - 1) + ": counted from 0, it has " + listing(partitions));
}

Task<> inject_overlay_ext4(std::shared_ptr<const Overlay> overlay, fs::path image, std::uint32_t partition,
                           fs::path scratch, Deadline deadline) {
  std::error_code wrong;
  fs::create_directories(scratch, wrong);
  HILLTOP_CO_TRY(const auto magic, head_of(image, 4));
  if (magic != std::string_view("QFI\xfb", 4))
    co_return co_await write_to_partition(std::move(overlay), image, partition, scratch, deadline);
  const auto raw = scratch / "image.raw";
  HILLTOP_CO_CHECK(refers_to_nothing_else(image));
  HILLTOP_CO_CHECK(co_await convert("qcow2", image, "raw", raw, deadline));
  HILLTOP_CO_CHECK(co_await write_to_partition(std::move(overlay), raw, partition, scratch, deadline));
  HILLTOP_CO_CHECK(co_await convert("raw", raw, "qcow2", image, deadline));
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
  co_return co_await write_to_ext(std::make_shared<const Overlay>(std::move(rooted)), image, 0, scratch, deadline);
}

}  // namespace hilltop::jobs::testshell
