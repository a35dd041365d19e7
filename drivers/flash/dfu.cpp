// SPDX-License-Identifier: Apache-2.0
// Driver `dfu`: writes firmware by USB DFU 1.1, or ST's DfuSe.
//   driver: dfu
//   serial: "3275335F3331"        # or path: "1-1.4", or both: the board, running or in DFU mode
//   usb_id: "0483:5740"           # optional: what it is while its application runs
//   dfu_id: "0483:df11"           # optional: what it is in DFU mode, where that differs
//   alt: "Internal Flash"         # optional where there is one: an alternate setting's name or number
//   verify: true                  # read back, where the board can; suffix: optional | required; reset: true
#include <charconv>
#include <utility>

#include "drivers/api/device.hpp"
#include "drivers/core/fields.hpp"
#include "drivers/flash/dfu_device.hpp"
#include "drivers/tables.hpp"

namespace hilltop::drivers {
namespace {

class DfuFlash final : public Device, Flasher {
 public:
  DfuFlash(Env env, DfuAddress address) : env_(std::move(env)), address_(std::move(address)) {}
  Flasher* flasher() override { return this; }
  Task<> shut_down(Deadline) override { co_return ok(); }

 private:
  Task<> flash(std::vector<FlashImage> images, FlashProgress progress, Deadline deadline) override {
    return on_bus(UsbBus::of(env_), address_, std::move(images), std::move(progress), deadline);
  }
  static Task<> on_bus(Result<std::shared_ptr<UsbBus>> bus, DfuAddress address, std::vector<FlashImage> images,
                       FlashProgress progress, Deadline deadline) {
    if (!bus) co_return std::move(bus).error();
    co_return co_await flash_by_dfu(*bus, std::move(address), std::move(images), std::move(progress), deadline);
  }

  Env env_;
  DfuAddress address_;
};

using UsbId = std::pair<std::uint16_t, std::uint16_t>;

std::optional<std::uint16_t> hexadecimal(std::string_view text) {
  std::uint16_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out, 16);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return out;
}

/// "0483:df11".
std::optional<UsbId> parse_usb_id(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return {};
  const auto vendor = hexadecimal(text.substr(0, colon)), product = hexadecimal(text.substr(colon + 1));
  if (!vendor || !product) return {};
  return UsbId{*vendor, *product};
}

DfuAddress read_dfu_address(const Node& node, Diagnostics& diagnostics) {
  Fields fields(node, "dfu", diagnostics);
  (void)fields.text("driver");
  DfuAddress out;
  out.match = read_usb_match(fields);
  if (const auto id = fields.text("dfu_id")) {
    const auto parsed = parse_usb_id(*id);
    if (!parsed) fields.error(node["dfu_id"], "'dfu_id' is a vendor and a product, as \"0483:df11\"");
    if (parsed) out.dfu_vendor = parsed->first, out.dfu_product = parsed->second;
  }
  if (const Node alt = fields.take("alt")) {
    out.alternate = alt.text();
    if (!alt.is_scalar() || out.alternate.empty())
      fields.error(alt, "'alt' is the name or number of an alternate setting");
  }
  out.verify = fields.flag("verify").value_or(true);
  out.suffix_required = fields.word("suffix", {"optional", "required"}).value_or("optional") == "required";
  out.reset = fields.flag("reset").value_or(true);
  fields.refuse_others();
  return out;
}

void check_dfu(const Node& address, Diagnostics& diagnostics) { (void)read_dfu_address(address, diagnostics); }

Result<std::unique_ptr<Device>> make_dfu(const Env& env, const Node& address) {
  Diagnostics diagnostics;
  auto read = read_dfu_address(address, diagnostics);
  if (diagnostics.has_errors()) return diagnostics.to_error(Blame::configuration);
  return std::unique_ptr<Device>(std::make_unique<DfuFlash>(env, std::move(read)));
}

}  // namespace

constinit const DriverInfo dfu_flash{
    .name = "dfu",
    .offers = "flash",
    .summary = "USB DFU 1.1 and DfuSe, native: detach, write, read back, start",
    .source = "USB DFU 1.1 (2004) tables 3.2, 4.2, 6.1, B.1; ST AN3156, UM0424, UM0391; held against dfu-util 0.11",
    .verified = Verified::independent_tool,
    .check = check_dfu,
    .make = make_dfu,
};

}  // namespace hilltop::drivers
