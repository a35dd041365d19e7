// SPDX-License-Identifier: Apache-2.0
#include "tests/usb_lab/models/cmsis_dap.hpp"

namespace hilltop::usb_lab {
namespace {

// CMSIS-DAP 2.1, "CMSIS-DAP Commands".
enum Command : std::uint8_t {
  dap_info = 0x00,
  dap_host_status = 0x01,
  dap_connect = 0x02,
  dap_disconnect = 0x03,
  dap_transfer_configure = 0x04,
  dap_transfer = 0x05,
  dap_transfer_block = 0x06,
  dap_transfer_abort = 0x07,
  dap_write_abort = 0x08,
  dap_delay = 0x09,
  dap_reset_target = 0x0a,
  dap_swj_pins = 0x10,
  dap_swj_clock = 0x11,
  dap_swj_sequence = 0x12,
  dap_swd_configure = 0x13,
  dap_swd_sequence = 0x1d,
};
enum TransferRequest : std::uint8_t { is_read = 0x02, match_value = 0x10, match_mask = 0x20 };
constexpr std::uint8_t mismatch = 0x10;
constexpr std::uint8_t nreset = 0x80;
constexpr int match_tries = 100;

Description make_description(bool is_hid) {
  Description d;
  d.vendor = 0x0d28;
  d.product = 0x0204;
  d.speed = is_hid ? Speed::full : Speed::high;
  d.manufacturer = "hilltop";
  d.name = "Simulated CMSIS-DAP";
  d.serial = "DAP0001";
  if (is_hid)
    d.interfaces = {{.device_class = 3,
                     .name = "CMSIS-DAP",
                     .endpoints = {{0x81, Transport::interrupt, 64, 1}, {0x01, Transport::interrupt, 64, 1}},
                     // one input, one output report of 64 bytes, vendor page
                     .hid_report = {0x06, 0x00, 0xff, 0x09, 0x01, 0xa1, 0x01, 0x15, 0x00, 0x26, 0xff, 0x00, 0x75, 0x08,
                                    0x95, 0x40, 0x09, 0x01, 0x81, 0x02, 0x95, 0x40, 0x09, 0x01, 0x91, 0x02, 0xc0}}};
  else
    d.interfaces = {{.device_class = 0xff,
                     .name = "CMSIS-DAP v2",
                     .endpoints = {{0x01, Transport::bulk, 512}, {0x81, Transport::bulk, 512}}}};
  return d;
}

}  // namespace

CmsisDap::CmsisDap(const Options& options)
    : Device(options), is_hid_(options.number("version", 2) == 1), packet_(is_hid_ ? 64 : 512), port_(options) {
  describe(make_description(is_hid_));
}

bool CmsisDap::on_control(const Setup& setup, Bytes& data) {
  if (setup.is(0x21, 10)) return is_hid_;                       // SET_IDLE
  if (setup.is(0x21, 9) && is_hid_) return on_out(0x01, data);  // SET_REPORT
  return false;
}

bool CmsisDap::on_out(std::uint8_t, const Bytes& data) {
  if (data.empty()) return true;
  Bytes padded = data;
  padded.resize(packet_ + 8, 0);  // a command that is too short reads zeros
  Bytes answer{data[0]};
  if (!execute(padded, answer)) return true;
  if (is_hid_) answer.resize(packet_, 0);
  answers_.push_back(std::move(answer));
  return true;
}

bool CmsisDap::on_in(std::uint8_t, std::size_t, Bytes& data) {
  if (answers_.empty()) return false;
  data = std::move(answers_.front());
  answers_.pop_front();
  return true;
}

void CmsisDap::on_power(bool) {
  answers_.clear();
  reset_held_ = false;
}

bool CmsisDap::execute(const Bytes& command, Bytes& answer) {
  switch (command[0]) {
    case dap_info:
      info(command[1], answer);
      return true;
    case dap_connect:
      answer.push_back(command[1] <= 1 ? 1 : 0);
      return true;  // SWD, or failed
    case dap_transfer:
      transfer(command, answer);
      return true;
    case dap_transfer_block:
      transfer_block(command, answer);
      return true;
    case dap_transfer_abort:
      return false;
    case dap_write_abort:
      port_.clear_errors();
      answer.push_back(0);
      return true;
    case dap_reset_target:
      append(answer, Bytes{0, 0});
      return true;  // no sequence of this device's own
    case dap_swj_pins:
      pins(command, answer);
      return true;
    case dap_swd_sequence:
      sequence(command, answer);
      return true;
    case dap_host_status:
    case dap_disconnect:
    case dap_transfer_configure:
    case dap_delay:
    case dap_swj_clock:
    case dap_swj_sequence:
    case dap_swd_configure:
      answer.push_back(0);
      return true;
    default:
      answer[0] = 0xff;
      return true;
  }
}

void CmsisDap::info(std::uint8_t id, Bytes& answer) const {
  const auto text = [&answer](const std::string& value) {
    answer.push_back(static_cast<std::uint8_t>(value.size() + 1));
    answer.insert(answer.end(), value.begin(), value.end());
    answer.push_back(0);
  };
  switch (id) {
    case 0x01:
      return text(description().manufacturer);
    case 0x02:
      return text(description().name);
    case 0x03:
      return text(description().serial);
    case 0x04:
      return text(is_hid_ ? "1.3.0" : "2.1.0");
    case 0x09:
      return text("hilltop 1");
    case 0xf0:
      return append(answer, Bytes{1, 0x01});  // SWD
    case 0xfe:
      return append(answer, Bytes{1, 4});  // packets that may wait
    case 0xff:
      return append(answer, Bytes{2, static_cast<std::uint8_t>(packet_), static_cast<std::uint8_t>(packet_ >> 8)});
    default:
      answer.push_back(0);
  }
}

std::uint8_t CmsisDap::one_transfer(std::uint8_t request, std::span<const std::uint8_t> operand, Bytes& read) {
  std::uint32_t value = 0;
  if ((request & is_read) == 0) {
    value = get32(operand, 0);
    if ((request & match_mask) != 0) {
      match_mask_ = value;
      return 1;
    }
    return static_cast<std::uint8_t>(port_.transfer(request, value));
  }
  if ((request & match_value) == 0) {
    const auto ack = static_cast<std::uint8_t>(port_.transfer(request, value));
    if (ack == 1) put32(read, value);
    return ack;
  }
  for (int tries = 0; tries < match_tries; ++tries) {
    const auto ack = static_cast<std::uint8_t>(port_.transfer(request, value));
    if (ack != 1 || (value & match_mask_) == get32(operand, 0)) return ack;
  }
  return mismatch | 1;
}

void CmsisDap::transfer(const Bytes& command, Bytes& answer) {
  Bytes read;
  std::uint8_t ack = 1;
  std::uint8_t done = 0;
  std::size_t at = 3;
  while (done < command[2] && ack == 1 && at + 5 <= command.size()) {
    const auto request = command[at++];
    ack = one_transfer(request, std::span(command).subspan(at, 4), read);
    if ((request & is_read) == 0 || (request & match_value) != 0) at += 4;
    if (ack == 1) ++done;
  }
  append(answer, Bytes{done, ack});
  append(answer, read);
}

void CmsisDap::transfer_block(const Bytes& command, Bytes& answer) {
  const std::size_t count = get16(command, 2);
  const auto request = command[4];
  const bool read = (request & is_read) != 0;
  std::vector<std::uint32_t> words(count);
  auto ack = DebugPort::Ack::ok;
  if (5 + (read ? 0 : count * 4) > command.size()) return append(answer, Bytes{0, 0, 0});
  if (!read)
    for (std::size_t i = 0; i < count; ++i) words[i] = get32(command, 5 + i * 4);
  if ((request & 0x0d) == 0x0d)
    ack = read ? port_.read_block(words) : port_.write_block(words);
  else
    for (auto& word : words)
      if (ack == DebugPort::Ack::ok) ack = port_.transfer(request, word);
  const bool fine = ack == DebugPort::Ack::ok;
  put16(answer, fine ? static_cast<std::uint32_t>(count) : 0);
  answer.push_back(static_cast<std::uint8_t>(ack));
  if (fine && read)
    for (const auto word : words) put32(answer, word);
}

void CmsisDap::pins(const Bytes& command, Bytes& answer) {
  const bool selected = (command[2] & nreset) != 0;
  const bool high = (command[1] & nreset) != 0;
  if (selected && !high) reset_held_ = true;
  if (selected && high && reset_held_) {
    reset_held_ = false;
    if (port_.core().alive()) port_.core().reset();
  }
  answer.push_back(reset_held_ ? 0x0b : 0x8b);
}

void CmsisDap::sequence(const Bytes& command, Bytes& answer) const {
  answer.push_back(0);
  std::size_t at = 2;
  for (unsigned i = 0; i < command[1] && at < command.size(); ++i) {
    const auto info = command[at++];
    const unsigned bits = (info & 0x3f) == 0 ? 64 : info & 0x3f;
    const unsigned bytes = (bits + 7) / 8;
    if ((info & 0x80) != 0)
      answer.insert(answer.end(), bytes, 0);
    else
      at += bytes;
  }
}

}  // namespace hilltop::usb_lab
