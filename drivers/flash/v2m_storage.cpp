// SPDX-License-Identifier: Apache-2.0
// Driver `v2m-storage`: the configuration card of Arm's MPS2, MPS3, Juno and Versatile Express boards.
//   driver: v2m-storage
//   path: "1-1.3"           # or serial, or both
//   folder: SOFTWARE        # optional: where images go that name no path on the card
#include <algorithm>

#include "drivers/api/device.hpp"
#include "drivers/flash/drag_and_drop.hpp"
#include "drivers/flash/image_files.hpp"
#include "drivers/tables.hpp"

namespace hilltop::drivers {
namespace {

constexpr auto volume_patience = std::chrono::seconds(30);

/// A path on the card, not out of it.
Result<std::string> place_of(const FlashImage& image, const std::string& folder) {
  const auto place = image.part.empty() ? folder + "/" + image.path.filename().string() : image.part;
  if (place.empty() || place.front() == '/' || ("/" + place + "/").contains("/../") || place.contains("::"))
    return Error(Errc::bad_input, Blame::job, "'" + place + "' is no path on the board's card");
  return place;
}

class V2mFlash final : public Device, Flasher {
 public:
  explicit V2mFlash(V2mCard card) : card_(std::move(card)) {}
  Flasher* flasher() override { return this; }
  Task<> shut_down(Deadline) override { co_return ok(); }

 private:
  Task<> flash(std::vector<FlashImage> images, FlashProgress progress, Deadline deadline) override {
    return flash_v2m(card_, std::move(images), std::move(progress), deadline);
  }
  V2mCard card_;
};

V2mCard read_address(const Node& node, Diagnostics& diagnostics) {
  Fields fields(node, "v2m-storage", diagnostics);
  (void)fields.text("driver");
  V2mCard out{std::make_shared<Volume>()};
  out.volume->match = read_usb_match(fields);
  out.folder = fields.text("folder").value_or(out.folder);
  fields.refuse_others();
  return out;
}

void check_v2m(const Node& address, Diagnostics& diagnostics) { (void)read_address(address, diagnostics); }

Result<std::unique_ptr<Device>> make_v2m(const Env&, const Node& node) {
  Diagnostics diagnostics;
  auto card = read_address(node, diagnostics);
  if (diagnostics.has_errors()) return diagnostics.to_error(Blame::configuration);
  return std::unique_ptr<Device>(std::make_unique<V2mFlash>(std::move(card)));
}

}  // namespace

Task<> flash_v2m(V2mCard card, std::vector<FlashImage> images, FlashProgress progress, Deadline deadline) {
  if (images.empty()) co_return Error(Errc::bad_input, Blame::job, "there is no image to flash");
  std::vector<std::string> places;
  std::uint64_t total = 0, done = 0;
  for (const auto& image : images) {
    HILLTOP_CO_TRY(auto place, place_of(image, card.folder));
    HILLTOP_CO_TRY(const auto bytes, read_image_bytes(image.path));
    total += bytes.size();
    places.push_back(std::move(place));
  }
  HILLTOP_CO_TRY(const auto disk, co_await find_volume(card.volume, deadline.at_most(volume_patience)));
  // Every board of the kind has it; a stick that is in its place has not.
  HILLTOP_CO_TRY(const bool is_v2m, co_await has_file(card.volume, disk, "CONFIG.TXT", deadline));
  if (!is_v2m)
    co_return Error(Errc::mismatch, Blame::infrastructure,
                    disk.title() + " has no config.txt: it is no board's configuration card");
  for (std::size_t i = 0; i < images.size(); ++i) {
    HILLTOP_CO_CHECK(co_await copy_file(card.volume, disk, images[i].path, places[i], deadline));
    HILLTOP_CO_TRY(const bool there, co_await has_file(card.volume, disk, places[i], deadline));
    if (!there)
      co_return Error(Errc::mismatch, Blame::dut, disk.title() + " does not show " + places[i] + " after its copy");
    done += std::filesystem::file_size(images[i].path);
    if (progress) progress(done, total);
  }
  co_return co_await copy_file(card.volume, disk, "-", "reboot.txt", deadline);  // standard input: empty
}

constinit const DriverInfo v2m_storage{
    .name = "v2m-storage",
    .offers = "flash",
    .summary = "Arm MPS2, MPS3, Juno, Versatile Express: images onto the configuration card, then reboot.txt",
    .source = "Arm Versatile Express configuration technical reference manual; reboot.txt from memory",
    .verified = Verified::unproven,
    .check = check_v2m,
    .make = make_v2m,
};

}  // namespace hilltop::drivers
