// SPDX-License-Identifier: Apache-2.0
// Driver `sdwire`: Samsung's SDWire and its kin (SDWireC): a card reader and an FTDI FT200X behind one hub.
//   driver: sdwire
//   serial: "sdwire_11"      # of the FT200X, as `lsusb -v` shows it; or path: "1-1.4.2"; or both
//   usb_id: "04e8:6001"      # optional
//   max_gib: 64              # optional (256): a disk that is larger is no card
#include "drivers/storage/sdwire.hpp"

#include <fmt/format.h>

#include <vector>

#include "drivers/tables.hpp"

namespace hilltop::drivers {
namespace {

// FTDI's vendor requests: FTDI AN_232B-04 and D2XX Programmer's Guide, as libftdi1's ftdi.h names them.
constexpr std::uint8_t to_device = 0x40, from_device = 0xc0;  // USB 2.0, table 9-2: vendor, device
constexpr std::uint8_t set_bitmode = 0x0b, read_pins = 0x0c;
constexpr std::uint16_t cbus_mode = 0x20 << 8;  // FT_SetBitMode: CBUS bit-bang; low byte: directions, then levels
constexpr std::uint16_t all_outputs = 0xf0;
// CBUS0 chooses. Source: github.com/Badger-Embedded/badgerd-sdwirec, sdwirec-sw/src/main.cpp (selectTarget).
constexpr std::uint16_t host_level = 0x01;

struct SdWire {
  std::shared_ptr<UsbBus> bus;
  UsbMatch match;
};

Task<std::uint8_t> pins(std::shared_ptr<UsbHandle> handle, Deadline deadline) {
  HILLTOP_CO_TRY(const auto bytes, co_await handle->control_in({from_device, read_pins, 0, 0}, 1, deadline));
  if (bytes.size() != 1)
    co_return Error(Errc::protocol, Blame::infrastructure, handle->info().title() + " does not tell its pins");
  co_return static_cast<std::uint8_t>(bytes[0]);
}

Task<> select(SdWire wire, MuxSide side, Deadline deadline) {
  if (side != MuxSide::host && side != MuxSide::board)
    co_return Error(Errc::unsupported, Blame::configuration, "an SDWire's card is always with the host or the board");
  HILLTOP_CO_TRY(const auto handle, co_await wire.bus->open(wire.match, deadline));
  const std::uint16_t level = side == MuxSide::host ? host_level : 0;
  const UsbRequest request{to_device, set_bitmode, static_cast<std::uint16_t>(cbus_mode | all_outputs | level), 0};
  HILLTOP_CO_CHECK(co_await handle->control_out(request, {}, deadline));
  HILLTOP_CO_TRY(const auto now, co_await pins(handle, deadline));
  if ((now & host_level) == level) co_return ok();
  co_return Error(
      Errc::mismatch, Blame::infrastructure,
      fmt::format("{} was switched to the {}, and its pin says the other: is CBUS0 an I/O pin in its EEPROM?",
                  handle->info().title(), to_string(side)));
}

Task<MuxSide> ask(SdWire wire, Deadline deadline) {
  HILLTOP_CO_TRY(const auto handle, co_await wire.bus->open(wire.match, deadline));
  HILLTOP_CO_TRY(const auto now, co_await pins(handle, deadline));
  co_return (now & host_level) != 0 ? MuxSide::host : MuxSide::board;
}

/// The one disk behind the hub that the FT200X is behind.
Task<UsbDisk> find_reader(SdWire wire, DiskRoots roots) {
  HILLTOP_CO_TRY(const auto devices, wire.bus->devices());
  HILLTOP_CO_TRY(const auto ftdi, find_usb_device(devices, wire.match));
  const auto hub = ftdi.path.substr(0, ftdi.path.rfind('.'));
  HILLTOP_CO_TRY(const auto disks, usb_disks(roots));
  std::vector<UsbDisk> found;
  for (const auto& disk : disks)
    if (hub != ftdi.path && disk.device.path.starts_with(hub + ".")) found.push_back(disk);
  if (found.empty())
    co_return Error(Errc::unavailable, Blame::infrastructure,
                    fmt::format("no disk is behind the hub of {}: its card reader is missing", ftdi.title()));
  if (found.size() > 1)
    co_return Error(
        Errc::bad_input, Blame::configuration,
        fmt::format("{} disks are behind the hub of {}, and one of them is its card reader: plug the others "
                    "in elsewhere",
                    found.size(), ftdi.title()));
  co_return found.front();
}

class SdWireSwitch final : public CardSwitch {
 public:
  explicit SdWireSwitch(SdWire wire) : wire_(std::move(wire)) {}
  Task<> set(MuxSide side, Deadline deadline) override { return select(wire_, side, deadline); }
  Task<MuxSide> side(Deadline deadline) override { return ask(wire_, deadline); }
  Task<UsbDisk> find_disk(DiskRoots roots, Deadline) override { return find_reader(wire_, std::move(roots)); }

 private:
  SdWire wire_;
};

struct Address {
  UsbMatch match;
  CardFacts facts;
};

Address read_address(const Node& node, Diagnostics& diagnostics) {
  Fields fields(node, "sdwire", diagnostics);
  (void)fields.text("driver");
  Address out{read_usb_match(fields), read_card_facts(fields)};
  fields.refuse_others();
  return out;
}

void check_sdwire(const Node& address, Diagnostics& diagnostics) { (void)read_address(address, diagnostics); }

Result<std::unique_ptr<Device>> make_sdwire(const Env& env, const Node& node) {
  Diagnostics diagnostics;
  auto address = read_address(node, diagnostics);
  if (diagnostics.has_errors()) return diagnostics.to_error(Blame::configuration);
  HILLTOP_TRY(auto bus, UsbBus::of(env));
  return make_card(sdwire_switch(std::move(bus), std::move(address.match)), address.facts);
}

}  // namespace

std::shared_ptr<CardSwitch> sdwire_switch(std::shared_ptr<UsbBus> bus, UsbMatch match) {
  return std::make_shared<SdWireSwitch>(SdWire{std::move(bus), std::move(match)});
}

constinit const DriverInfo sdwire{
    .name = "sdwire",
    .offers = "storage",
    .summary = "SDWire, SDWireC: an SD card that the host or the board has, written and read back",
    .source = "badgerd-sdwirec sdwirec-sw/src/main.cpp (CBUS0); FTDI D2XX Programmer's Guide (FT_SetBitMode)",
    .verified = Verified::specification,
    .check = check_sdwire,
    .make = make_sdwire,
};

}  // namespace hilltop::drivers
