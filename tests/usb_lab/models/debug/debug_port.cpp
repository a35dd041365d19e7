// SPDX-License-Identifier: Apache-2.0
#include "tests/usb_lab/models/debug/debug_port.hpp"

#include <cstring>

#include "tests/usb_lab/models/bytes.hpp"

namespace hilltop::usb_lab {
namespace {

enum Access : std::uint8_t { csw = 0x00, tar = 0x04, drw = 0x0c, banked = 0x10, cfg = 0xf4, base = 0xf8, idr = 0xfc };
constexpr std::uint32_t power_requests = 0x50000000;  // CSYSPWRUPREQ, CDBGPWRUPREQ; the acknowledgements are one bit up
constexpr std::uint32_t increment_window = 0x1000;    // Cortex-M3 and M4: TAR counts within 4 KiB
constexpr std::uint32_t private_base = 0xe0000000;

}  // namespace

DebugPort::Ack DebugPort::transfer(std::uint8_t request, std::uint32_t& value) {
  if (!core_.alive()) return Ack::none;
  const bool read = (request & 2) != 0;
  const auto address = static_cast<std::uint8_t>(request & 0x0c);
  return (request & 1) != 0 ? access_port(read, address, value) : debug_port(read, address, value);
}

DebugPort::Ack DebugPort::debug_port(bool read, std::uint8_t address, std::uint32_t& value) {
  if (read) {
    switch (address) {
      case 0x00:
        value = dpidr_;
        break;
      case 0x04:
        value = (select_ & 0x0f) != 0 ? 0 : control_ | (control_ & power_requests) << 1 | (sticky_error_ ? 0x20 : 0);
        break;
      default:
        value = last_read_;
        break;  // RESEND, RDBUFF
    }
    return Ack::ok;
  }
  switch (address) {
    case 0x00:
      if ((value & 0x1e) != 0) sticky_error_ = false;  // ABORT
      break;
    case 0x04:
      if ((select_ & 0x0f) == 0) control_ = value & 0x54000f0c;
      break;
    case 0x08:
      select_ = value;
      break;
    default:
      break;  // TARGETSEL
  }
  return Ack::ok;
}

DebugPort::Ack DebugPort::access_port(bool read, std::uint8_t address, std::uint32_t& value) {
  if (sticky_error_) return Ack::fault;
  if (select_ >> 24 != 0) {  // there is one access port
    if (read) value = last_read_ = 0;
    return Ack::ok;
  }
  const auto whole = static_cast<std::uint8_t>((select_ & 0xf0) | address);
  const bool fine = read ? read_access(whole, value) : write_access(whole, value);
  if (read) last_read_ = value;
  if (fine) return Ack::ok;
  sticky_error_ = true;
  return read ? Ack::fault : Ack::ok;  // a write is posted: the next access says it
}

bool DebugPort::read_access(std::uint8_t address, std::uint32_t& value) {
  value = 0;
  if ((address & 0xf0) == banked) return core_.read((tar_ & ~15U) | (address & 0x0c), value);
  switch (address) {
    case csw:
      value = csw_;
      return true;
    case tar:
      value = tar_;
      return true;
    case drw:
      return access_memory(true, value);
    case base:
      value = 0xe00ff003;
      return true;
    case idr:
      value = 0x24770011;
      return true;  // AHB-AP of a Cortex-M3
    default:
      return true;
  }
}

bool DebugPort::write_access(std::uint8_t address, std::uint32_t value) {
  if ((address & 0xf0) == banked) return core_.write((tar_ & ~15U) | (address & 0x0c), value);
  switch (address) {
    case csw:
      csw_ = (value & ~0xc0U) | 0x40;
      return true;
    case tar:
      tar_ = value;
      return true;
    case drw:
      return access_memory(false, value);
    default:
      return true;
  }
}

bool DebugPort::access_memory(bool read, std::uint32_t& value) {
  const std::uint32_t size = (csw_ & 7) == 2 ? 4 : (csw_ & 7) == 1 ? 2 : 1;
  bool fine = false;
  if (size == 4 || tar_ >= private_base) {
    fine = read ? core_.read(tar_ & ~3U, value) : core_.write(tar_ & ~3U, value);
  } else {
    // A narrow access uses the byte lanes of its address.
    std::uint8_t lanes[8] = {};
    const std::span<std::uint8_t> lane(lanes + (tar_ & 3), size);
    if (!read) std::memcpy(lanes, &value, 4);
    fine = read ? core_.read_memory(tar_, lane) : core_.write_memory(tar_, lane);
    if (read) std::memcpy(&value, lanes, 4);
  }
  if ((csw_ & 0x30) != 0) tar_ = (tar_ & ~(increment_window - 1)) | ((tar_ + size) & (increment_window - 1));
  return fine;
}

bool DebugPort::is_plain_run(std::size_t words) const {
  return select_ >> 24 == 0 && (select_ & 0xf0) == 0 && (csw_ & 0x37) == 0x12 && tar_ < private_base &&
         (tar_ & 3) == 0 && (tar_ & (increment_window - 1)) + words * 4 <= increment_window && !sticky_error_;
}

DebugPort::Ack DebugPort::block(std::span<std::uint32_t> words, bool read) {
  if (!core_.alive()) return Ack::none;
  if (is_plain_run(words.size())) {
    const std::span bytes(reinterpret_cast<std::uint8_t*>(words.data()), words.size_bytes());
    const bool fine = read ? core_.read_memory(tar_, bytes) : core_.write_memory(tar_, bytes);
    if (!fine) sticky_error_ = true;
    const auto end = tar_ + static_cast<std::uint32_t>(bytes.size());
    tar_ = (tar_ & ~(increment_window - 1)) | (end & (increment_window - 1));
    return fine || !read ? Ack::ok : Ack::fault;
  }
  auto ack = Ack::ok;
  for (auto& word : words)
    if (ack == Ack::ok) ack = transfer(read ? 0x0f : 0x0d, word);
  return ack;
}

DebugPort::Ack DebugPort::read_block(std::span<std::uint32_t> words) { return block(words, true); }

DebugPort::Ack DebugPort::write_block(std::span<const std::uint32_t> words) {
  std::vector<std::uint32_t> copy(words.begin(), words.end());
  return block(copy, false);
}

}  // namespace hilltop::usb_lab
