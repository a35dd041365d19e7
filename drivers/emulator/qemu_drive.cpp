// SPDX-License-Identifier: Apache-2.0
#include "drivers/emulator/qemu_drive.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>

#include "drivers/core/fields.hpp"
#include "drivers/core/process.hpp"
#include "drivers/emulator/qemu_values.hpp"
#include "drivers/protocol/byte_size.hpp"

namespace hilltop::drivers {
namespace {

using Interface = QemuDrive::Interface;
using Keep = QemuDrive::Keep;

constexpr std::uint64_t largest_drive_bytes = 64ull << 30;

Interface interface_from(std::string_view word) {
  if (word == "pflash") return Interface::pflash;
  if (word == "sd") return Interface::sd;
  return word == "virtio-mmio" ? Interface::virtio_mmio : Interface::virtio_pci;
}

Keep keep_from(std::string_view word) {
  if (word == "power-on") return Keep::power_on;
  return word == "always" ? Keep::always : Keep::lease;
}

bool is_name(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
}

std::filesystem::path copy_of(const QemuDrive& drive, const std::filesystem::path& state_dir) {
  return state_dir / fmt::format("drive-{}.img", drive.name);
}

/// A copy that QEMU never sees half made. Holes stay holes: a flash chip's image is 64 MiB of nearly nothing.
Task<> copy_template(std::filesystem::path from, std::filesystem::path to, Deadline deadline) {
  std::error_code error;
  std::filesystem::create_directories(to.parent_path(), error);
  const auto beside = to.string() + ".new";
  Command command({"cp", "--sparse=always", "--reflink=auto", "--no-preserve=mode", "--", from.string(), beside});
  HILLTOP_CO_CHECK(co_await run_tool_checked(std::move(command), deadline));
  std::filesystem::rename(beside, to, error);
  if (error) co_return system_error(to.string(), error.value());
  co_return ok();
}

Result<> check_template(const QemuDrive& drive) {
  std::error_code error;
  if (std::filesystem::is_regular_file(drive.template_file, error)) return ok();
  return Error(Errc::not_found, Blame::configuration,
               fmt::format("drive {}: {}: no such file", drive.name, drive.template_file.string()));
}

}  // namespace

std::string comma_safe(const std::filesystem::path& path) {
  std::string out;
  for (const char c : path.string()) out += c == ',' ? std::string(2, c) : std::string(1, c);
  return out;
}

std::filesystem::path file_at(const Node& node) {
  const std::filesystem::path path = node ? node.text() : std::string();
  if (path.empty() || path.is_absolute() || !node.place().file) return path;
  return (std::filesystem::path(*node.place().file).parent_path() / path).lexically_normal();
}

void check_qemu_drive(const std::string& name, const Node& entry, Diagnostics& diagnostics) {
  Fields fields(entry, "qemu drive '" + name + "'", diagnostics);
  if (!entry.is_map()) return;
  if (!is_name(name)) fields.error(entry, "a drive's name has small letters, digits, '_' and '-' only");
  fields.require("interface", "pflash, sd, virtio or virtio-mmio");
  const auto interface = fields.word("interface", {"pflash", "sd", "virtio", "virtio-mmio"});
  (void)fields.text("template");
  constexpr int most_units = 3;
  const auto unit = fields.integer("unit", 0, most_units);
  if (interface == "pflash" && !unit && !entry["unit"]) fields.error(entry, "a pflash needs its 'unit': 0 or 1");
  if (interface && interface != "pflash" && entry["unit"]) fields.error(entry["unit"], "only a pflash has a 'unit'");
  if (const auto size = fields.take("size"); size && size_from(size).value_or(0) - 1 >= largest_drive_bytes)
    fields.error(size, "'size' must be a number of bytes such as 64M, 64G at most");
  const auto keep = fields.word("keep", {"power-on", "lease", "always"});
  const bool readonly = fields.flag("readonly").value_or(false);
  if (readonly && keep) fields.error(entry["keep"], "'keep' has no meaning for a drive that is readonly");
  fields.refuse_others();
}

QemuDrive read_qemu_drive(const std::string& name, const Node& entry) {
  QemuDrive out;
  out.name = name;
  out.interface = interface_from(text_or(entry, "interface"));
  out.template_file = file_at(entry["template"]);
  if (const auto unit = entry["unit"].as_integer()) out.unit = static_cast<int>(*unit);
  if (const auto size = entry["size"]) out.size = size_from(size).value_or(0);
  out.keep = keep_from(text_or(entry, "keep"));
  out.readonly = entry["readonly"].as_bool().value_or(false);
  return out;
}

Result<> fit_image(const QemuDrive& drive, const std::filesystem::path& image) {
  std::error_code error;
  const auto size = std::filesystem::file_size(image, error);
  if (error) return system_error(image.string(), error.value());
  HILLTOP_TRY(const auto format, disk_format("drive " + drive.name, image.string()));
  if (format != "raw") return ok();  // its size is within: QEMU says so where it does not fit
  const auto wanted = drive.size != 0 ? drive.size : drive.interface == Interface::sd ? std::bit_ceil(size) : size;
  if (size > wanted)
    return Error(Errc::bad_input, Blame::job,
                 fmt::format("drive {}: {} has {} bytes, and the drive {}", drive.name, image.filename().string(), size,
                             wanted));
  if (size < wanted) std::filesystem::resize_file(image, wanted, error);
  if (error) return system_error(image.string(), error.value());
  return ok();
}

Result<std::vector<std::string>> drive_words(const QemuDrive& drive, const std::filesystem::path& file,
                                             bool throw_away) {
  HILLTOP_TRY(const auto format, disk_format("drive " + drive.name, file.string()));
  auto value = fmt::format("file={},format={}", comma_safe(file), format);
  if (drive.readonly) value += ",readonly=on";
  if (throw_away && !drive.readonly) value += ",snapshot=on";
  switch (drive.interface) {
    case Interface::pflash:
      return std::vector<std::string>{"-drive", fmt::format("{},if=pflash,unit={}", value, drive.unit.value_or(0))};
    case Interface::sd:
      return std::vector<std::string>{"-drive", value + ",if=sd"};
    default:
      break;
  }
  const auto* device = drive.interface == Interface::virtio_mmio ? "virtio-blk-device" : "virtio-blk-pci";
  return std::vector<std::string>{"-drive", fmt::format("{},if=none,id=drive-{}", value, drive.name), "-device",
                                  fmt::format("{},drive=drive-{}", device, drive.name)};
}

Task<std::filesystem::path> own_image(QemuDrive drive, std::filesystem::path state_dir, Deadline deadline) {
  HILLTOP_CO_CHECK(check_template(drive));
  if (drive.readonly || drive.keep == Keep::power_on) co_return drive.template_file;
  const auto copy = copy_of(drive, state_dir);
  std::error_code error;
  if (std::filesystem::exists(copy, error)) co_return copy;
  auto copied = co_await copy_template(drive.template_file, copy, deadline);
  if (copied) copied = fit_image(drive, copy);
  if (copied) co_return copy;
  std::filesystem::remove(copy, error);
  co_return std::move(copied).error().within("drive " + drive.name);
}

void forget_lease(const QemuDrive& drive, const std::filesystem::path& state_dir) {
  std::error_code ignored;
  if (drive.keep == Keep::lease) std::filesystem::remove(copy_of(drive, state_dir), ignored);
}

}  // namespace hilltop::drivers
