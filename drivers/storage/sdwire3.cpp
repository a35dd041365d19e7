// SPDX-License-Identifier: Apache-2.0
// Driver `sdwire3`: SDWire3, a card reader that gives its card away while no kernel driver has it.
//   driver: sdwire3
//   serial: "bdgrd_sdwirec_522"  # or path: "1-1.4", or both
//   max_gib: 64                  # optional (256): a disk that is larger is no card
#include "drivers/storage/sdwire.hpp"
#include "drivers/tables.hpp"

namespace hilltop::drivers {
namespace {

constexpr std::uint8_t storage_interface = 0;
UsbMatch any_sdwire3() {
  return {0x0bda, 0x0316};
}  // Source: reference of SDWire3's own tool, by way of labgrid's driver

struct SdWire3 {
  std::shared_ptr<UsbBus> bus;
  UsbMatch match;
  std::shared_ptr<UsbHandle> held;  ///< while the board has the card: the kernel would take it back
};

/// Source: as above: without its kernel driver and after a reset the card is the board's; with it, the host's.
Task<> select(std::shared_ptr<SdWire3> wire, MuxSide side, Deadline deadline) {
  if (side != MuxSide::host && side != MuxSide::board)
    co_return Error(Errc::unsupported, Blame::configuration, "an SDWire3's card is always with the host or the board");
  if (side == MuxSide::board && wire->held) co_return ok();
  wire->held.reset();
  HILLTOP_CO_TRY(auto handle, co_await wire->bus->open(wire->match, deadline));
  if (side == MuxSide::board) HILLTOP_CO_CHECK(co_await handle->claim(storage_interface, deadline));
  HILLTOP_CO_CHECK(co_await handle->reset(deadline));
  if (side == MuxSide::board) wire->held = std::move(handle);
  co_return ok();
}

Task<MuxSide> ask(std::shared_ptr<SdWire3> wire) { co_return wire->held ? MuxSide::board : MuxSide::unknown; }

Task<UsbDisk> find_reader(std::shared_ptr<SdWire3> wire, DiskRoots roots) {
  HILLTOP_CO_TRY(const auto disks, usb_disks(roots));
  co_return find_usb_disk(disks, wire->match);
}

class SdWire3Switch final : public CardSwitch {
 public:
  explicit SdWire3Switch(std::shared_ptr<SdWire3> wire) : wire_(std::move(wire)) {}
  Task<> set(MuxSide side, Deadline deadline) override { return select(wire_, side, deadline); }
  Task<MuxSide> side(Deadline) override { return ask(wire_); }
  Task<UsbDisk> find_disk(DiskRoots roots, Deadline) override { return find_reader(wire_, std::move(roots)); }

 private:
  std::shared_ptr<SdWire3> wire_;
};

struct Address {
  UsbMatch match;
  CardFacts facts;
};

Address read_address(const Node& node, Diagnostics& diagnostics) {
  Fields fields(node, "sdwire3", diagnostics);
  (void)fields.text("driver");
  Address out{read_usb_match(fields, any_sdwire3()), read_card_facts(fields)};
  fields.refuse_others();
  return out;
}

void check_sdwire3(const Node& address, Diagnostics& diagnostics) { (void)read_address(address, diagnostics); }

Result<std::unique_ptr<Device>> make_sdwire3(const Env& env, const Node& node) {
  Diagnostics diagnostics;
  auto address = read_address(node, diagnostics);
  if (diagnostics.has_errors()) return diagnostics.to_error(Blame::configuration);
  HILLTOP_TRY(auto bus, UsbBus::of(env));
  return make_card(sdwire3_switch(std::move(bus), std::move(address.match)), address.facts);
}

}  // namespace

std::shared_ptr<CardSwitch> sdwire3_switch(std::shared_ptr<UsbBus> bus, UsbMatch match) {
  return std::make_shared<SdWire3Switch>(std::make_shared<SdWire3>(std::move(bus), std::move(match)));
}

constinit const DriverInfo sdwire3{
    .name = "sdwire3",
    .offers = "storage",
    .summary = "SDWire3: an SD card that the host or the board has, written and read back; cannot say which",
    .source = "labgrid's SDWire3 driver, as read for this project; no document of the maker's",
    .verified = Verified::unproven,
    .check = check_sdwire3,
    .make = make_sdwire3,
};

}  // namespace hilltop::drivers
