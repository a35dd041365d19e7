// SPDX-License-Identifier: Apache-2.0
// What files become on a DFU device.
#include <fmt/format.h>

#include <algorithm>

#include "drivers/flash/dfu_device.hpp"
#include "drivers/flash/image_files.hpp"
#include "drivers/protocol/dfu_suffix.hpp"
#include "drivers/protocol/dfuse.hpp"

namespace hilltop::drivers {
namespace {

/// A file as it was read, before any device was asked.
struct Firmware {
  FlashImage file;
  std::string name;
  std::string bytes;  ///< without its suffix
  std::optional<dfu::Suffix> suffix;
};

/// What is done on one alternate setting.
struct Part {
  dfu::Alternate alternate;
  std::vector<dfu::Operation> operations;
  std::uint64_t start = 0;  ///< the lowest address (DfuSe)
};

Error wrong(const std::string& name, std::string_view why) {
  return {Errc::bad_input, Blame::job, fmt::format("{}: {}", name, why)};
}

Result<std::vector<Firmware>> read_all(const std::vector<FlashImage>& images, bool suffix_required) {
  if (images.empty()) return Error(Errc::bad_input, Blame::job, "there is no image to flash");
  std::vector<Firmware> out;
  for (const auto& image : images) {
    Firmware one{image, image.path.filename().string(), {}, {}};
    HILLTOP_TRY(one.bytes, read_image_bytes(image.path));
    if (image.format == ImageFormat::raw) {
      HILLTOP_TRY(one.suffix, dfu::read_suffix(one.bytes).within(one.name));
      if (one.suffix) one.bytes.resize(one.bytes.size() - one.suffix->length);
    }
    if (suffix_required && !one.suffix)
      return wrong(one.name, "it has no DFU suffix, and the lab wants one: dfu-suffix adds it");
    if (one.bytes.empty()) return wrong(one.name, "the image is empty");
    out.push_back(std::move(one));
  }
  return out;
}

/// Whether the files are for this board: before a byte of them is sent.
Result<> check_suffixes(const std::vector<Firmware>& files, const DfuDevice& device) {
  const auto& info = device.handle->info();
  for (const auto& file : files) {
    if (!file.suffix || file.suffix->fits(info.vendor, info.product)) continue;
    if (device.runtime_vendor != 0 && file.suffix->fits(device.runtime_vendor, device.runtime_product)) continue;
    return Error(Errc::mismatch, Blame::job,
                 fmt::format("{}: it is for {}, and the board is {}; nothing was written", file.name,
                             file.suffix->title(), info.title()));
  }
  return ok();
}

/// The images of one file by alternate setting.
Result<std::vector<dfu::DfuseTarget>> dfuse_targets(const Firmware& file, const dfu::Alternate& alternate,
                                                    const std::vector<dfu::PageRun>& layout) {
  if (dfu::is_dfuse_file(file.bytes)) return dfu::read_dfuse_file(file.bytes, file.name);
  dfu::DfuseTarget out{alternate.setting};
  if (file.file.format == ImageFormat::raw) {
    HILLTOP_TRY(out.image, read_raw(file.bytes, file.file.address.value_or(layout.front().start), file.name));
  } else {
    HILLTOP_TRY(out.image, read_image_file(file.file.path, format_name(file.file.format)));
  }
  return std::vector<dfu::DfuseTarget>{std::move(out)};
}

Result<std::vector<Part>> plan_addressed(const Firmware& file, const dfu::Function& function, const std::string& wanted,
                                         bool verify) {
  // A DfuSe file names its settings itself.
  const bool by_file = dfu::is_dfuse_file(file.bytes);
  dfu::Alternate alternate = function.alternates.front();
  if (!by_file) {
    HILLTOP_TRY(alternate, dfu::choose_alternate(function, wanted));
  }
  HILLTOP_TRY(const auto layout, dfu::read_layout(alternate.name));
  HILLTOP_TRY(auto targets, dfuse_targets(file, alternate, layout));
  std::vector<Part> out;
  for (const auto& target : targets) {
    HILLTOP_TRY(auto its_own, dfu::choose_alternate(function, std::to_string(target.setting)));
    HILLTOP_TRY(const auto pages, dfu::read_layout(its_own.name));
    const dfu::DfuseOptions options{block_size(function), verify && function.can_upload};
    HILLTOP_TRY(auto operations, dfu::plan_dfuse(target.image, pages, options));
    if (target.image.segments.empty()) continue;
    out.push_back({std::move(its_own), std::move(operations), target.image.segments.front().address});
  }
  return out;
}

Result<std::vector<Part>> plan_plain(const Firmware& file, const dfu::Function& function, const std::string& wanted,
                                     bool verify) {
  if (file.file.format != ImageFormat::raw || dfu::is_dfuse_file(file.bytes))
    return wrong(file.name,
                 fmt::format("a DFU 1.1 board takes a file as it is, and this one is {}: give a .bin or .dfu",
                             dfu::is_dfuse_file(file.bytes) ? "DfuSe" : format_name(file.file.format)));
  HILLTOP_TRY(auto alternate, dfu::choose_alternate(function, wanted));
  auto operations = dfu::plan_download(file.bytes, function, verify, block_size(function));
  return std::vector<Part>{{std::move(alternate), std::move(operations), 0}};
}

Result<std::vector<Part>> plan_all(const std::vector<Firmware>& files, const DfuDevice& device,
                                   const DfuAddress& address) {
  const auto& function = device.function;
  if (!function.can_download)
    return Error(Errc::unsupported, Blame::configuration, device.handle->info().title() + " takes no downloads by DFU");
  if (files.size() > 1 && !function.is_dfuse() && !function.manifestation_tolerant)
    return Error(Errc::unsupported, Blame::configuration,
                 device.handle->info().title() + " leaves DFU mode after one image: several cannot be written");
  std::vector<Part> out;
  for (const auto& file : files) {
    const auto& wanted = file.file.part.empty() ? address.alternate : file.file.part;
    HILLTOP_TRY(auto parts, function.is_dfuse() ? plan_addressed(file, function, wanted, address.verify)
                                                : plan_plain(file, function, wanted, address.verify));
    std::ranges::move(parts, std::back_inserter(out));
  }
  return out;
}

std::uint64_t payload_of(const Part& part) {
  std::uint64_t out = 0;
  for (const auto& one : part.operations) out += one.payload;
  return out;
}

/// The application begins: DfuSe's device is told so, another one sees the bus reset.
Task<> leave(std::shared_ptr<DfuDevice> device, Part last, Deadline deadline) {
  if (device->function.is_dfuse()) {
    HILLTOP_CO_CHECK(co_await run_dfu_session(device, last.alternate, dfu::plan_leave(last.start), {}, deadline));
    co_return ok();
  }
  auto reset = co_await device->handle->reset(deadline);
  if (!reset && reset.error().code != Errc::unavailable) co_return std::move(reset).within("reset after the download");
  co_return ok();
}

/// A board that was seen running proves by its return that it has taken the firmware; another one that goes though it
/// said that it stays may as well have been unplugged.
Task<> judge_leaving(std::shared_ptr<UsbBus> bus, std::shared_ptr<DfuDevice> device, bool last, Deadline deadline) {
  const auto info = device->handle->info();
  if (!last || device->runtime_vendor == 0)
    co_return Error(Errc::unavailable, Blame::infrastructure,
                    info.title() + " left the bus at the end of a file, and all was not done yet");
  co_return co_await wait_for_application(bus, info.path, deadline);
}

}  // namespace

Task<> flash_by_dfu(std::shared_ptr<UsbBus> bus, DfuAddress address, std::vector<FlashImage> images,
                    FlashProgress progress, Deadline deadline) {
  HILLTOP_CO_TRY(const auto files, read_all(images, address.suffix_required));
  HILLTOP_CO_TRY(auto entered, co_await enter_dfu_mode(bus, address, deadline));
  auto device = std::make_shared<DfuDevice>(std::move(entered));
  HILLTOP_CO_CHECK(check_suffixes(files, *device));
  HILLTOP_CO_TRY(const auto parts, plan_all(files, *device, address));
  std::uint64_t total = 0, done = 0;
  for (const auto& part : parts) total += payload_of(part);
  for (const auto& part : parts) {
    const auto before = done;
    FlashProgress shown;
    if (progress)
      shown = [progress, before, total](std::uint64_t now, std::uint64_t) { progress(before + now, total); };
    HILLTOP_CO_TRY(const bool left, co_await run_dfu_session(device, part.alternate, part.operations, shown, deadline));
    done += payload_of(part);
    if (left) co_return co_await judge_leaving(bus, device, &part == &parts.back(), deadline);
  }
  if (address.reset && !parts.empty()) co_return co_await leave(device, parts.front(), deadline);
  co_return ok();
}

}  // namespace hilltop::drivers
