// SPDX-License-Identifier: Apache-2.0
#include "drivers/flash/volume.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>

namespace hilltop::drivers {
namespace {

constexpr auto between_looks = std::chrono::milliseconds(100);

/// mtools on the disk itself, with no configuration of the host's. Source: mtools(1): -i, MTOOLSRC, MTOOLS_SKIP_CHECK.
Command mtool(std::vector<std::string> argv, const UsbDisk& disk) {
  argv.insert(argv.begin() + 1, {"-i", disk.node.string()});
  Command out(std::move(argv));
  // DAPLink's volume says that it has more sectors than a careful reader likes.
  out.environment = {{"MTOOLSRC", "/dev/null"}, {"MTOOLS_SKIP_CHECK", "1"}, {"LC_ALL", "C"}};
  return out;
}

Error failed(const UsbDisk& disk, const std::string& what, const ToolOutput& said) {
  auto text = said.text;
  std::ranges::replace(text, '\n', ' ');
  return {Errc::io, Blame::infrastructure, disk.title() + ": " + what + ": " + text};
}

bool is_missing(const ToolOutput& said) { return said.status != 0 && said.text.contains("not found"); }

Result<UsbDisk> look(const Volume& volume) {
  HILLTOP_TRY(const auto disks, usb_disks(volume.roots));
  return find_usb_disk(disks, volume.match);
}

}  // namespace

Task<ToolOutput> VolumeTools::run(Command command, Deadline deadline) { return run_tool(std::move(command), deadline); }

Task<UsbDisk> find_volume(std::shared_ptr<Volume> volume, Deadline deadline) {
  while (true) {
    auto disk = look(*volume);
    if (disk && disk->bytes > largest_volume)
      co_return Error(Errc::mismatch, Blame::infrastructure, disk->title() + " is too large to be a board's volume");
    if (disk && !disk->removable)
      co_return Error(Errc::mismatch, Blame::infrastructure, disk->title() + " is not removable: no board's volume");
    if (disk && disk->bytes > 0) {
      HILLTOP_CO_CHECK(check_unused(*disk, volume->roots));
      co_return disk;
    }
    if (!disk && disk.error().code != Errc::unavailable) co_return disk;
    if (deadline.passed()) {
      if (!disk) co_return disk;
      co_return Error(Errc::unavailable, Blame::infrastructure, disk->title() + " has no medium");
    }
    HILLTOP_CO_CHECK(co_await sleep_for(std::min<Deadline::Clock::duration>(between_looks, deadline.left())));
  }
}

Task<std::optional<std::string>> read_text(std::shared_ptr<Volume> volume, UsbDisk disk, std::string name,
                                           Deadline deadline) {
  auto command = mtool({"mtype", "::" + name}, disk);
  HILLTOP_CO_TRY(auto said, co_await volume->tools->run(std::move(command), deadline));
  if (is_missing(said)) co_return std::optional<std::string>();
  if (said.status != 0) co_return failed(disk, "reading " + name, said);
  co_return std::optional(std::move(said.text));
}

Task<bool> has_file(std::shared_ptr<Volume> volume, UsbDisk disk, std::string name, Deadline deadline) {
  auto command = mtool({"mdir", "-b", "::" + name}, disk);
  HILLTOP_CO_TRY(const auto said, co_await volume->tools->run(std::move(command), deadline));
  if (said.status == 0) co_return true;
  if (is_missing(said)) co_return false;
  co_return failed(disk, "looking for " + name, said);
}

Task<> copy_file(std::shared_ptr<Volume> volume, UsbDisk disk, std::filesystem::path from, std::string name,
                 Deadline deadline) {
  auto command = mtool({"mcopy", "-o", from.string(), "::" + name}, disk);
  HILLTOP_CO_TRY(const auto said, co_await volume->tools->run(std::move(command), deadline));
  if (said.status == 0) co_return ok();
  // The board takes the file and leaves, before the last word of the file system is written.
  HILLTOP_CO_TRY(const bool there, is_still_there(*volume, disk));
  if (!there) co_return ok();
  co_return failed(disk, "copying " + name, said);
}

std::string value_of(std::string_view text, std::string_view key) {
  const auto at = text.find(std::string(key) + ":");
  if (at == std::string_view::npos) return {};
  auto value = text.substr(at + key.size() + 1);
  value = value.substr(0, value.find_first_of("\r\n"));
  const auto first = value.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return std::string(value.substr(first, value.find_last_not_of(" \t") - first + 1));
}

Result<bool> is_still_there(const Volume& volume, const UsbDisk& disk) {
  HILLTOP_TRY(const auto disks, usb_disks(volume.roots));
  return std::ranges::any_of(disks, [&](const UsbDisk& one) {
    return one.device.path == disk.device.path && one.device.address == disk.device.address && one.bytes > 0;
  });
}

}  // namespace hilltop::drivers
