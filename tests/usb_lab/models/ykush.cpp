// SPDX-License-Identifier: Apache-2.0
#include "tests/usb_lab/models/ykush.hpp"

namespace hilltop::usb_lab {
namespace {

constexpr std::size_t report_size = 64;
constexpr std::uint8_t all_ports = 0x07;

std::uint8_t port_bits(std::uint8_t command) {
  const auto port = command & 0x0f;
  if (port == 0x0a) return all_ports;
  return port >= 1 && port <= 3 ? static_cast<std::uint8_t>(1U << (port - 1)) : 0;
}

}  // namespace

Ykush::Ykush(const Options& options) : Device(options) {
  Description d;
  d.vendor = 0x04d8;
  d.product = 0xf2f7;
  d.manufacturer = "Yepkit Lda.";
  d.name = "YKUSH";
  d.serial = "YK20345";
  d.interfaces = {
      {.device_class = 3,
       .endpoints = {{0x81, Transport::interrupt, 64, 1}, {0x01, Transport::interrupt, 64, 1}},
       // one input and one output report of 64 bytes, vendor page
       .hid_report = {0x06, 0x00, 0xff, 0x09, 0x01, 0xa1, 0x01, 0x19, 0x01, 0x29, 0x40, 0x15, 0x00, 0x26, 0xff,
                      0x00, 0x75, 0x08, 0x95, 0x40, 0x81, 0x00, 0x19, 0x01, 0x29, 0x40, 0x91, 0x00, 0xc0}}};
  describe(std::move(d));
}

bool Ykush::on_control(const Setup& setup, Bytes& data) {
  if (setup.is(0x21, 10)) return true;                      // SET_IDLE
  if (setup.is(0x21, 9)) return on_out(0x01, Bytes(data));  // SET_REPORT: what hidapi does without an OUT endpoint
  return false;
}

bool Ykush::on_out(std::uint8_t, const Bytes& data) {
  if (data.empty()) return false;
  const auto command = data[0];
  const auto bits = port_bits(command);
  Bytes answer(report_size, 0);
  answer[0] = 0x01;
  answer[1] = command;
  switch (bits == 0 ? 0xff : command & 0xf0) {
    case 0x00:
      switch_to(static_cast<std::uint8_t>(ports_ & ~bits));
      break;
    case 0x10:
      switch_to(static_cast<std::uint8_t>(ports_ | bits));
      break;
    case 0x20:
      answer[1] = static_cast<std::uint8_t>(((ports_ & bits) != 0 ? 0x10 : 0x00) | (command & 0x0f));
      break;
    default:
      answer[0] = 0xff;
      break;
  }
  answers_.push_back(std::move(answer));
  return true;
}

bool Ykush::on_in(std::uint8_t, std::size_t, Bytes& data) {
  if (answers_.empty()) return false;
  data = std::move(answers_.front());
  answers_.pop_front();
  return true;
}

void Ykush::switch_to(std::uint8_t ports) {
  if (ports == ports_) return;
  ports_ = ports;
  const auto bits = ports_;
  state().put("ports " + to_hex({&bits, 1}));
}

void Ykush::on_power(bool powered) {
  answers_.clear();
  switch_to(powered ? all_ports : 0);
}

}  // namespace hilltop::usb_lab
