// SPDX-License-Identifier: Apache-2.0
// Driver `usb-sd-mux`: Linux Automation's USB-SD-Mux, Classic and Fast: a USB2642 card reader whose second I2C bus has
// a GPIO expander.
//   driver: usb-sd-mux
//   serial: "00048.00643"    # or path: "1-1.2", or both
//   max_gib: 64              # optional (256): a disk that is larger is no card
#include "drivers/storage/usb_sd_mux.hpp"

#include <fmt/format.h>

#include <optional>

#include "drivers/tables.hpp"

namespace hilltop::drivers {
namespace {

UsbMatch any_usb_sd_mux() { return {0x0424, 0x4041}; }  // Microchip USB2642

// The USB2642's vendor command. Source: Microchip, I2C over USB User's Guide (50002283A), page 20.
constexpr char vendor_command = '\xcf';
constexpr char write_read_stream = 0x22, write_stream = 0x23;
constexpr std::size_t block_bytes = 16;
constexpr std::size_t data_bytes = 512;

// Registers of both expanders. Source: NXP PCA9536, TI TCA6408A data sheets, "command byte".
constexpr std::uint8_t output_register = 1, configuration_register = 3;

/// What the pins of an expander do. Source: github.com/linux-automation/usbsdmux, usbsdmux/usbsdmux.py.
struct Wiring {
  std::string_view model;  ///< as the SCSI device says it
  std::uint8_t address;    ///< I2C, 7 bits
  std::uint8_t data_off, power_off, select_board, card_out;
  bool begins_with_board;  ///< pull resistors choose while the expander drives nothing
  [[nodiscard]] std::uint8_t pins() const {
    return static_cast<std::uint8_t>(data_off | power_off | select_board | card_out);
  }
};
constexpr Wiring classic{"sdmux", 0x41, 0x01, 0x02, 0x04, 0x08, false};
constexpr Wiring fast{"sdFST", 0x20, 0x04, 0x02, 0x01, 0x08, true};

struct Mux {
  UsbSdMuxParts parts;
  std::shared_ptr<Lane> lane = std::make_shared<Lane>();
};

/// A mux that was found: its node and its kind.
struct Found {
  std::filesystem::path node;
  const Wiring* wiring;
};

Result<UsbDisk> disk_of(const Mux& mux) {
  HILLTOP_TRY(const auto disks, usb_disks(mux.parts.roots));
  return find_usb_disk(disks, mux.parts.match);
}

Result<Found> find(const Mux& mux) {
  HILLTOP_TRY(const auto disk, disk_of(mux));
  for (const auto* wiring : {&classic, &fast})
    if (disk.model.starts_with(wiring->model)) {
      if (disk.generic.empty())
        return Error(Errc::unavailable, Blame::infrastructure,
                     disk.title() + " has no SCSI generic device: is the kernel's module sg there?");
      return Found{disk.generic, wiring};
    }
  return Error(Errc::mismatch, Blame::infrastructure,
               fmt::format("{} is a card reader of model '{}', and no USB-SD-Mux", disk.title(), disk.model));
}

std::string command_block(char action, const Wiring& wiring, std::size_t data, std::uint8_t read_address,
                          std::string_view command) {
  std::string out{vendor_command,
                  action,
                  static_cast<char>(wiring.address << 1),
                  static_cast<char>(read_address),
                  static_cast<char>(data >> 8 & 0xff),
                  static_cast<char>(data & 0xff),
                  static_cast<char>(command.size())};
  out += command;
  out.resize(block_bytes, '\0');
  return out;
}

Task<std::string> run(std::shared_ptr<Mux> mux, std::filesystem::path node, ScsiGeneric::Command command,
                      Deadline deadline) {
  if (deadline.passed()) co_return Error(Errc::timeout, Blame::infrastructure, node.string() + ": no time is left");
  const auto call = [scsi = mux->parts.scsi, node, command] { return scsi->run(node, command); };
  co_return co_await mux->lane->run(call);
}

Task<> write_register(std::shared_ptr<Mux> mux, Found found, std::uint8_t number, std::uint8_t value,
                      Deadline deadline) {
  ScsiGeneric::Command command;
  command.out = {static_cast<char>(number), static_cast<char>(value)};
  command.block = command_block(write_stream, *found.wiring, command.out.size(), 0, {});
  command.out.resize(data_bytes, '\0');
  HILLTOP_CO_CHECK(co_await run(mux, found.node, std::move(command), deadline));
  co_return ok();
}

Task<std::uint8_t> read_register(std::shared_ptr<Mux> mux, Found found, std::uint8_t number, Deadline deadline) {
  ScsiGeneric::Command command;
  const std::string pointer(1, static_cast<char>(number));
  const auto read_address = static_cast<std::uint8_t>(found.wiring->address << 1 | 1);
  command.block = command_block(write_read_stream, *found.wiring, 1, read_address, pointer);
  command.in_bytes = data_bytes;
  HILLTOP_CO_TRY(const auto bytes, co_await run(mux, found.node, std::move(command), deadline));
  if (bytes.empty()) co_return Error(Errc::protocol, Blame::infrastructure, "the USB-SD-Mux gives no register");
  co_return static_cast<std::uint8_t>(bytes[0]);
}

/// Levels first, directions after: no pin goes where it was not told to.
Task<> drive(std::shared_ptr<Mux> mux, Found found, std::uint8_t levels, Deadline deadline) {
  HILLTOP_CO_CHECK(co_await write_register(mux, found, output_register, levels, deadline));
  HILLTOP_CO_TRY(const auto inputs, co_await read_register(mux, found, configuration_register, deadline));
  const auto wanted = static_cast<std::uint8_t>(inputs & ~found.wiring->pins());
  if (inputs == wanted) co_return ok();
  co_return co_await write_register(mux, found, configuration_register, wanted, deadline);
}

Task<MuxSide> ask(std::shared_ptr<Mux> mux, Deadline deadline) {
  HILLTOP_CO_TRY(const auto found, find(*mux));
  const auto& wiring = *found.wiring;
  HILLTOP_CO_TRY(const auto inputs, co_await read_register(mux, found, configuration_register, deadline));
  if ((inputs & wiring.power_off) != 0) co_return wiring.begins_with_board ? MuxSide::board : MuxSide::unknown;
  HILLTOP_CO_TRY(const auto levels, co_await read_register(mux, found, output_register, deadline));
  if ((levels & wiring.power_off) != 0) co_return MuxSide::off;
  co_return (levels & wiring.select_board) != 0 ? MuxSide::board : MuxSide::host;
}

/// Off first, so that the card forgets all; then the way, and then power and data. Source: usbsdmux.py, as above.
Task<> select(std::shared_ptr<Mux> mux, MuxSide side, Deadline deadline) {
  if (side == MuxSide::unknown) co_return Error(Errc::bad_input, Blame::bug, "a card cannot be with nobody knows whom");
  HILLTOP_CO_TRY(const auto found, find(*mux));
  const auto& w = *found.wiring;
  const auto off = static_cast<std::uint8_t>(w.data_off | w.power_off | w.card_out);
  HILLTOP_CO_CHECK(co_await drive(mux, found, off, deadline));
  HILLTOP_CO_CHECK(co_await sleep_for(mux->parts.settle, deadline));
  if (side == MuxSide::board) {
    HILLTOP_CO_CHECK(co_await drive(mux, found, static_cast<std::uint8_t>(off | w.select_board), deadline));
    HILLTOP_CO_CHECK(co_await drive(mux, found, static_cast<std::uint8_t>(w.select_board | w.card_out), deadline));
  }
  if (side == MuxSide::host) HILLTOP_CO_CHECK(co_await drive(mux, found, 0, deadline));
  HILLTOP_CO_TRY(const auto now, co_await ask(mux, deadline));
  if (now == side) co_return ok();
  co_return Error(Errc::mismatch, Blame::infrastructure,
                  fmt::format("the USB-SD-Mux was switched to {}, and says {}", to_string(side), to_string(now)));
}

Task<UsbDisk> find_reader(std::shared_ptr<Mux> mux) { co_return disk_of(*mux); }

class UsbSdMuxSwitch final : public CardSwitch {
 public:
  explicit UsbSdMuxSwitch(std::shared_ptr<Mux> mux) : mux_(std::move(mux)) {}
  Task<> set(MuxSide side, Deadline deadline) override { return select(mux_, side, deadline); }
  Task<MuxSide> side(Deadline deadline) override { return ask(mux_, deadline); }
  Task<UsbDisk> find_disk(DiskRoots, Deadline) override { return find_reader(mux_); }

 private:
  std::shared_ptr<Mux> mux_;
};

struct Address {
  UsbMatch match;
  CardFacts facts;
};

Address read_address(const Node& node, Diagnostics& diagnostics) {
  Fields fields(node, "usb-sd-mux", diagnostics);
  (void)fields.text("driver");
  Address out{read_usb_match(fields, any_usb_sd_mux()), read_card_facts(fields)};
  fields.refuse_others();
  return out;
}

void check_usb_sd_mux(const Node& address, Diagnostics& diagnostics) { (void)read_address(address, diagnostics); }

Result<std::unique_ptr<Device>> make_usb_sd_mux(const Env&, const Node& node) {
  Diagnostics diagnostics;
  auto address = read_address(node, diagnostics);
  if (diagnostics.has_errors()) return diagnostics.to_error(Blame::configuration);
  return make_card(usb_sd_mux_switch({linux_scsi_generic(), std::move(address.match)}), address.facts);
}

}  // namespace

std::shared_ptr<CardSwitch> usb_sd_mux_switch(UsbSdMuxParts parts) {
  return std::make_shared<UsbSdMuxSwitch>(std::make_shared<Mux>(std::move(parts)));
}

constinit const DriverInfo usb_sd_mux{
    .name = "usb-sd-mux",
    .offers = "storage",
    .summary = "Linux Automation USB-SD-Mux, Classic and Fast: an SD card that the host or the board has, or nobody",
    .source = "linux-automation/usbsdmux usbsdmux/{usbsdmux,i2c_gpio,usb2642}.py; Microchip 50002283A page 20",
    .verified = Verified::specification,
    .check = check_usb_sd_mux,
    .make = make_usb_sd_mux,
};

}  // namespace hilltop::drivers
