// SPDX-License-Identifier: Apache-2.0
#include "tests/usb_lab/models/st_link.hpp"

#include <algorithm>

namespace hilltop::usb_lab {
namespace {

// First byte of a command, and the second of a debug command, as stlink_usb.c names them.
enum Command : std::uint8_t {
  get_version = 0xf1,
  debug = 0xf2,
  dfu_exit = 0xf3,
  get_mode = 0xf5,
  get_voltage = 0xf7,
};
enum Debug : std::uint8_t {
  read_memory_32 = 0x07,
  write_memory_32 = 0x08,
  read_memory_8 = 0x0c,
  write_memory_8 = 0x0d,
  exit_debug = 0x21,
  read_core_id = 0x22,
  enter = 0x30,
  read_id_codes = 0x31,
  reset_system = 0x32,
  read_register = 0x33,
  write_register = 0x34,
  write_debug_register = 0x35,
  read_debug_register = 0x36,
  read_all_registers = 0x3a,
  last_rw_status = 0x3b,
  drive_nrst = 0x3c,
  last_rw_status_2 = 0x3e,
  read_access_port = 0x45,
  write_access_port = 0x46,
  read_memory_16 = 0x47,
  write_memory_16 = 0x48,
};
constexpr std::uint8_t status_ok = 0x80, status_fault = 0x10;
constexpr std::uint32_t dcrsr = 0xe000edf4, dcrdr = 0xe000edf8, private_base = 0xe0000000;
constexpr std::uint16_t debug_port_number = 0xffff;

}  // namespace

StLink::StLink(const Options& options) : Device(options), port_(options) {
  Description d;
  d.vendor = 0x0483;
  d.product = 0x3748;
  d.manufacturer = "STMicroelectronics";
  d.name = "STM32 STLink";
  d.serial = "066BFF303435554157123456";
  d.interfaces = {
      {.device_class = 0xff,
       .subclass = 0xff,
       .protocol = 0xff,
       .name = "ST Link",
       .endpoints = {{0x81, Transport::bulk, 64}, {0x02, Transport::bulk, 64}, {0x83, Transport::bulk, 64}}}};
  describe(std::move(d));
}

bool StLink::on_out(std::uint8_t, const Bytes& data) {
  if (incoming_size_ > 0) {
    take_data(data);
    return true;
  }
  if (data.size() < 2) return true;
  Bytes command = data;
  command.resize(16, 0);
  (void)port_.core().alive();
  if (command[0] == debug)
    debug_command({command.begin() + 1, command.end()});
  else
    general_command(command);
  return true;
}

bool StLink::on_in(std::uint8_t endpoint, std::size_t, Bytes& data) {
  if (endpoint != 0x81 || answers_.empty()) return false;
  data = std::move(answers_.front());
  answers_.pop_front();
  return true;
}

void StLink::on_power(bool) {
  answers_.clear();
  incoming_size_ = 0;
  mode_ = 1;
}

void StLink::answer(Bytes bytes, std::size_t size) {
  bytes.resize(size, 0);
  answers_.push_back(std::move(bytes));
}

void StLink::status(bool fine) {
  last_status_ = fine ? status_ok : status_fault;
  answer({last_status_}, 2);
}

void StLink::value(std::uint32_t word, bool fine) {
  last_status_ = fine ? status_ok : status_fault;
  Bytes bytes{last_status_, 0, 0, 0};
  put32(bytes, word);
  answer(std::move(bytes), 8);
}

void StLink::general_command(const Bytes& command) {
  switch (command[0]) {
    case get_version: {
      constexpr std::uint16_t version = 2 << 12 | 29 << 6 | 7;
      answer({version >> 8, version & 0xff, 0x83, 0x04, 0x48, 0x37}, 6);
      break;
    }
    case get_mode:
      answer({mode_, 0}, 2);
      break;
    case get_voltage: {
      Bytes bytes;
      put32(bytes, 1489);  // of these two 3.2 V are made
      put32(bytes, 2006);
      answer(std::move(bytes), 8);
      break;
    }
    case dfu_exit:
      mode_ = 1;
      break;
    default:
      break;
  }
}

std::uint32_t StLink::core_register(unsigned number) {
  std::uint32_t word = 0;
  (void)port_.core().write(dcrsr, number);
  (void)port_.core().read(dcrdr, word);
  return word;
}

void StLink::debug_command(const Bytes& c) {
  auto& core = port_.core();
  switch (c[0]) {
    case exit_debug:
      mode_ = 1;
      break;
    case enter:
      mode_ = 2;
      status(core.alive());
      break;
    case read_id_codes: {
      Bytes bytes{status_ok, 0, 0, 0};
      put32(bytes, port_.dpidr());
      answer(std::move(bytes), 12);
      break;
    }
    case read_core_id: {
      Bytes bytes;
      put32(bytes, core.alive() ? port_.dpidr() : 0);
      answer(std::move(bytes), 4);
      break;
    }
    case reset_system:
      core.reset();
      status(true);
      break;
    case drive_nrst:
      drive_reset(c[1]);
      break;
    case read_register:
      value(core_register(c[1]), true);
      break;
    case write_register:
      (void)core.write(dcrdr, get32(c, 2));
      status(core.write(dcrsr, 0x10000U | c[1]));
      break;
    case write_debug_register:
      status(core.alive() && core.write(get32(c, 1), get32(c, 5)));
      break;
    case read_debug_register: {
      std::uint32_t word = 0;
      const bool fine = core.alive() && core.read(get32(c, 1), word);
      value(word, fine);
      break;
    }
    case read_all_registers: {
      Bytes bytes{status_ok, 0, 0, 0};
      for (unsigned i = 0; i < 21; ++i) put32(bytes, core_register(i));
      answer(std::move(bytes), 88);
      break;
    }
    case last_rw_status:
      answer({last_status_}, 2);
      break;
    case last_rw_status_2: {
      Bytes bytes{last_status_, 0, 0, 0};
      put32(bytes, address_);
      answer(std::move(bytes), 12);
      break;
    }
    case read_access_port:
    case write_access_port:
      access_port(c, c[0] == read_access_port);
      break;
    case read_memory_32:
    case read_memory_16:
    case read_memory_8:
      read_memory(c);
      break;
    case write_memory_32:
    case write_memory_16:
    case write_memory_8:
      expect_data(c);
      break;
    default:
      status(true);
      break;  // speed, opening and closing access ports, trace
  }
}

void StLink::drive_reset(std::uint8_t how) {
  if (how == 0) {
    reset_held_ = true;
  } else if (reset_held_ || how == 2) {
    reset_held_ = false;
    if (port_.core().alive()) port_.core().reset();
  }
  status(true);
}

void StLink::access_port(const Bytes& c, bool read) {
  const auto number = get16(c, 1);
  const auto address = get16(c, 3);
  std::uint32_t word = read ? 0 : get32(c, 5);
  std::uint8_t request = static_cast<std::uint8_t>((address & 0x0c) | (read ? 2 : 0));
  if (number != debug_port_number) {
    port_.select(static_cast<std::uint32_t>(number) << 24 | (address & 0xf0U));
    request |= 1;
  }
  const bool fine = port_.transfer(request, word) == DebugPort::Ack::ok;
  if (read)
    value(word, fine);
  else
    status(fine);
}

void StLink::read_memory(const Bytes& c) {
  address_ = get32(c, 1);
  Bytes bytes(get16(c, 5), 0);
  auto& core = port_.core();
  bool fine = core.alive();
  if (address_ >= private_base) {
    for (std::size_t at = 0; at + 4 <= bytes.size() && fine; at += 4) {
      std::uint32_t word = 0;
      fine = core.read(address_ + static_cast<std::uint32_t>(at), word);
      Bytes one;
      put32(one, word);
      std::ranges::copy(one, bytes.begin() + static_cast<std::ptrdiff_t>(at));
    }
  } else {
    fine = fine && core.read_memory(address_, bytes);
  }
  last_status_ = fine ? status_ok : status_fault;
  answer(bytes, std::max<std::size_t>(bytes.size(), 2));
}

void StLink::expect_data(const Bytes& c) {
  address_ = get32(c, 1);
  incoming_size_ = get16(c, 5);
  incoming_.clear();
}

void StLink::take_data(const Bytes& data) {
  append(incoming_, data);
  if (incoming_.size() < incoming_size_) return;
  incoming_.resize(incoming_size_);
  auto& core = port_.core();
  bool fine = core.alive();
  if (address_ >= private_base)
    for (std::size_t at = 0; at + 4 <= incoming_.size() && fine; at += 4)
      fine = core.write(address_ + static_cast<std::uint32_t>(at), get32(incoming_, at));
  else
    fine = fine && core.write_memory(address_, incoming_);
  last_status_ = fine ? status_ok : status_fault;
  incoming_size_ = 0;
}

}  // namespace hilltop::usb_lab
