// SPDX-License-Identifier: Apache-2.0
// Driver `daplink`: drag and drop onto a DAPLink or Mbed interface, without mounting it.
//   driver: daplink
//   serial: "0240000034544e45..."   # the interface's, which is its unique id; or path: "1-1.3"; or both
//   board_id: "0240"                # optional: the first four digits of DETAILS.TXT's unique id
#include <fmt/format.h>

#include <algorithm>

#include "drivers/api/device.hpp"
#include "drivers/flash/drag_and_drop.hpp"
#include "drivers/tables.hpp"

namespace hilltop::drivers {
namespace {

constexpr auto volume_patience = std::chrono::seconds(15);
constexpr auto remount_patience = std::chrono::seconds(60);  // programming: DAPLink needs about 1 s for 20 KiB
constexpr auto between_looks = std::chrono::milliseconds(200);

/// The name decides how DAPLink reads the file. Source: DAPLink docs/USERS-GUIDE.md, "Drag-and-drop programming".
Result<std::string> target_name(const FlashImage& image) {
  if (image.format == ImageFormat::intel_hex) return std::string("HILLTOP.HEX");
  if (image.format == ImageFormat::raw) return std::string("HILLTOP.BIN");
  return Error(Errc::bad_input, Blame::job,
               image.path.filename().string() + ": a DAPLink takes Intel HEX files and raw images");
}

/// DETAILS.TXT is the interface's word on who it is.
Task<> check_identity(Daplink interface, UsbDisk disk, Deadline deadline) {
  HILLTOP_CO_TRY(const auto details, co_await read_text(interface.volume, disk, "DETAILS.TXT", deadline));
  if (!details)
    co_return Error(Errc::mismatch, Blame::infrastructure, disk.title() + " has no DETAILS.TXT: it is no DAPLink");
  const auto id = value_of(*details, "Unique ID");
  const auto& serial = interface.volume->match.serial;
  const bool other_serial = !serial.empty() && !id.empty() && id != serial;
  if (other_serial || (!interface.board_id.empty() && !id.starts_with(interface.board_id)))
    co_return Error(Errc::mismatch, Blame::infrastructure,
                    fmt::format("{} says in DETAILS.TXT that its unique id is {}, and the lab file has {}: nothing was "
                                "written",
                                disk.title(), id, other_serial ? serial : "board id " + interface.board_id));
  co_return ok();
}

/// Source: DAPLink docs/MSD_COMMANDS.md; FAIL.TXT has "error: ..." and "type: ...".
Error failure(const std::string& text) {
  const auto type = value_of(text, "type");
  const auto blame = type.contains("user") ? Blame::job : type.contains("target") ? Blame::dut : Blame::infrastructure;
  auto what = value_of(text, "error");
  if (what.empty()) what = text;
  return {Errc::io, blame, fmt::format("the DAPLink did not program the image: FAIL.TXT: {} (type: {})", what, type)};
}

/// Waits until the volume is there without the file: programming is over.
Task<UsbDisk> wait_until_programmed(std::shared_ptr<Volume> volume, std::string name, Deadline deadline) {
  while (true) {
    auto disk = co_await find_volume(volume, deadline);
    if (!disk) co_return std::move(disk).within("after the copy");
    const auto there = co_await has_file(volume, *disk, name, deadline);
    if (there && !*there) co_return disk;
    if (!there && (there.error().code == Errc::canceled || there.error().code == Errc::timeout))
      co_return there.error();
    if (deadline.passed())
      co_return Error(Errc::timeout, Blame::infrastructure, disk->title() + " still shows the file: it was not taken");
    HILLTOP_CO_CHECK(co_await sleep_for(std::min<Deadline::Clock::duration>(between_looks, deadline.left())));
  }
}

class DaplinkFlash final : public Device, Flasher {
 public:
  explicit DaplinkFlash(Daplink interface) : interface_(std::move(interface)) {}
  Flasher* flasher() override { return this; }
  Task<> shut_down(Deadline) override { co_return ok(); }

 private:
  Task<> flash(std::vector<FlashImage> images, FlashProgress progress, Deadline deadline) override {
    return flash_daplink(interface_, std::move(images), std::move(progress), deadline);
  }
  Daplink interface_;
};

Daplink read_address(const Node& node, Diagnostics& diagnostics) {
  Fields fields(node, "daplink", diagnostics);
  (void)fields.text("driver");
  Daplink out{std::make_shared<Volume>()};
  out.volume->match = read_usb_match(fields);
  if (const Node id = fields.take("board_id")) out.board_id = id.text();
  if (!out.board_id.empty() && out.board_id.size() != 4)
    fields.error(node["board_id"], "'board_id' has four digits, as \"0240\"");
  fields.refuse_others();
  return out;
}

void check_daplink(const Node& address, Diagnostics& diagnostics) { (void)read_address(address, diagnostics); }

Result<std::unique_ptr<Device>> make_daplink(const Env&, const Node& node) {
  Diagnostics diagnostics;
  auto interface = read_address(node, diagnostics);
  if (diagnostics.has_errors()) return diagnostics.to_error(Blame::configuration);
  return std::unique_ptr<Device>(std::make_unique<DaplinkFlash>(std::move(interface)));
}

}  // namespace

Task<> flash_daplink(Daplink interface, std::vector<FlashImage> images, FlashProgress progress, Deadline deadline) {
  if (images.size() != 1)
    co_return Error(Errc::bad_input, Blame::job, "a DAPLink takes one image: give one file with everything in it");
  const auto image = images.front();
  HILLTOP_CO_TRY(const auto name, target_name(image));
  std::error_code error;
  const auto bytes = std::filesystem::file_size(image.path, error);
  if (error) co_return Error(Errc::bad_input, Blame::job, image.path.filename().string() + ": " + error.message());
  HILLTOP_CO_TRY(const auto disk, co_await find_volume(interface.volume, deadline.at_most(volume_patience)));
  HILLTOP_CO_CHECK(co_await check_identity(interface, disk, deadline));
  if (progress) progress(0, bytes);
  HILLTOP_CO_CHECK(co_await copy_file(interface.volume, disk, image.path, name, deadline));
  HILLTOP_CO_TRY(const auto back,
                 co_await wait_until_programmed(interface.volume, name, deadline.at_most(remount_patience)));
  HILLTOP_CO_TRY(const auto fail, co_await read_text(interface.volume, back, "FAIL.TXT", deadline));
  if (fail) co_return failure(*fail);
  if (progress) progress(bytes, bytes);
  co_return ok();
}

constinit const DriverInfo daplink{
    .name = "daplink",
    .offers = "flash",
    .summary = "drag and drop onto a DAPLink interface, not mounted: DETAILS.TXT checked, FAIL.TXT read",
    .source = "ARMmbed/DAPLink docs/USERS-GUIDE.md, docs/MSD_COMMANDS.md; mtools(1)",
    .verified = Verified::specification,
    .check = check_daplink,
    .make = make_daplink,
};

}  // namespace hilltop::drivers
