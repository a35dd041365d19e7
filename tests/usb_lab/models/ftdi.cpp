// SPDX-License-Identifier: Apache-2.0
#include "tests/usb_lab/models/ftdi.hpp"

#include <algorithm>

namespace hilltop::usb_lab {
namespace {

// bRequest, as libftdi1's ftdi.h and the kernel's ftdi_sio.h name them.
enum Request : std::uint8_t {
  reset_request = 0,
  modem_control = 1,
  flow_control = 2,
  baud_rate = 3,
  line_data = 4,
  poll_modem = 5,
  event_char = 6,
  error_char = 7,
  set_latency = 9,
  get_latency = 10,
  bitmode = 11,
  read_pins = 12,
  read_eeprom = 0x90,
};
enum Mode : std::uint8_t { uart = 0, bitbang = 1, sync_bitbang = 4, cbus_bitbang = 0x20 };

constexpr Bytes::value_type modem_status = 0x01;  // as every FTDI: bit 0 is always set
constexpr Bytes::value_type line_status = 0x60;   // transmitter empty
constexpr std::size_t packet = 64;

}  // namespace

Ftdi::Ftdi(const Options& options)
    : Device(options),
      eeprom_(256, 0xff),
      peer_(make_serial_peer(options)),
      latency_ms_(static_cast<std::uint8_t>(options.number("latency_ms", 16))) {
  const bool is_x = options.hex("pid", 0x6001) == 0x6015;
  Description d;
  d.vendor = 0x0403;
  d.product = 0x6001;
  d.release = is_x ? 0x1000 : 0x0600;
  d.milliamperes = 90;
  d.manufacturer = "FTDI";
  d.name = is_x ? "FT231X USB UART" : "FT232R USB UART";
  d.serial = "A50285BI";
  d.interfaces = {{.device_class = 0xff,
                   .subclass = 0xff,
                   .protocol = 0xff,
                   .name = options.text("product", d.name),
                   .endpoints = {{0x81, Transport::bulk, packet}, {0x02, Transport::bulk, packet}}}};
  describe(std::move(d));
}

bool Ftdi::on_control(const Setup& setup, Bytes& data) {
  if (setup.type == 0xc0) return read_request(setup, data);
  return setup.type == 0x40 && write_request(setup);
}

bool Ftdi::read_request(const Setup& setup, Bytes& data) const {
  switch (setup.request) {
    case read_pins:
      data = {mode_ == cbus_bitbang ? cbus_ : pins_};
      return true;
    case poll_modem:
      data = {modem_status, line_status};
      return true;
    case get_latency:
      data = {latency_ms_};
      return true;
    case read_eeprom: {
      const auto at = (setup.index & 127U) * 2U;
      data = {eeprom_[at], eeprom_[at + 1]};
      return true;
    }
    default:
      return false;
  }
}

bool Ftdi::write_request(const Setup& setup) {
  switch (setup.request) {
    case reset_request:
      if (setup.value != 2) (void)peer_->to_host(SIZE_MAX);
      return true;
    case modem_control:
      set_modem(setup.value);
      return true;
    case line_data: {
      const bool wanted = setup.value & 0x4000;
      if (wanted != break_) state().put(wanted ? "break on" : "break off");
      break_ = wanted;
      return true;
    }
    case set_latency:
      latency_ms_ = static_cast<std::uint8_t>(setup.value);
      return true;
    case bitmode:
      set_bitmode(static_cast<std::uint8_t>(setup.value >> 8), static_cast<std::uint8_t>(setup.value));
      return true;
    case flow_control:
    case baud_rate:
    case event_char:
    case error_char:
      return true;
    default:
      return false;
  }
}

void Ftdi::set_modem(std::uint16_t value) {
  // Low byte: DTR and RTS; high byte: which of them this request means.
  const auto which = static_cast<std::uint8_t>(value >> 8 & 3);
  const auto wanted = static_cast<std::uint8_t>((modem_ & ~which) | (value & which));
  if (wanted == modem_) return;
  modem_ = wanted;
  state().put("modem dtr=" + std::to_string(modem_ & 1) + " rts=" + std::to_string(modem_ >> 1 & 1));
}

void Ftdi::set_bitmode(std::uint8_t mode, std::uint8_t mask) {
  if (mode == cbus_bitbang) {
    // High nibble: which pins are outputs; low nibble: what they carry.
    const auto directions = static_cast<std::uint8_t>(mask >> 4);
    const auto value = static_cast<std::uint8_t>(mask & 0x0f & directions);
    if (value != cbus_ || directions != outputs_ || mode_ != mode)
      state().put("cbus " + std::string(1, "0123456789abcdef"[value]) + " dir " + "0123456789abcdef"[directions]);
    cbus_ = value;
    outputs_ = directions;
  } else {
    outputs_ = mask;
  }
  mode_ = mode;
}

void Ftdi::set_pins(std::uint8_t pins) {
  if (pins == pins_) return;
  pins_ = pins;
  state().put("pins " + to_hex({&pins, 1}));
}

bool Ftdi::on_out(std::uint8_t endpoint, const Bytes& data) {
  if (endpoint != 0x02) return false;
  if (mode_ == bitbang || mode_ == sync_bitbang)
    for (const auto byte : data) set_pins(static_cast<std::uint8_t>((pins_ & ~outputs_) | (byte & outputs_)));
  else
    peer_->from_host(data);
  return true;
}

bool Ftdi::on_in(std::uint8_t endpoint, std::size_t room, Bytes& data) {
  if (endpoint != 0x81) return false;
  const auto now = Clock::now();
  const auto packets = std::max<std::size_t>(room / packet, 1);
  const auto received = peer_->to_host(packets * (packet - 2));
  // Without data a packet of status bytes comes each time the latency timer runs out.
  if (received.empty() && now - last_packet_ < std::chrono::milliseconds(latency_ms_)) return false;
  last_packet_ = now;
  std::span<const std::uint8_t> rest(received);
  do {
    const auto part = rest.first(std::min(rest.size(), packet - 2));
    append(data, Bytes{modem_status, line_status});
    append(data, part);
    rest = rest.subspan(part.size());
  } while (!rest.empty());
  return true;
}

void Ftdi::on_power(bool powered) {
  peer_->set_powered(powered);
  if (powered) return;
  set_pins(0);
  modem_ = 0;
  cbus_ = 0;
}

void Ftdi::on_reset() { mode_ = uart; }

}  // namespace hilltop::usb_lab
