// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstring>
#include <deque>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "drivers/usb/usb_bus.hpp"

namespace hilltop::tests {

/// A board as a probe sees it: SW-DP, MEM-AP, flat memory, a Cortex-M's debug registers. Written from the documents
/// alone (CMSIS-DAP 2.1, IHI 0031, DDI 0403), apart from the driver's code.
struct FakeTarget {
  bool powered = true;
  bool connected = false;  // after a line reset, until it loses power
  int waits = 0;           // so many accesses to memory are answered by WAIT
  bool wired_reset = true;
  bool halted = false;
  int resets = 0;
  std::function<void()> on_reset = [] {};
  std::map<std::uint32_t, std::string> memory;  // stretches by address

  std::uint32_t select = 0, ctrl = 0, csw = 0, tar = 0;
  bool sticky = false, was_reset = true, line_low = false;

  void reset() {
    ++resets;
    was_reset = true;
    halted = false;
    on_reset();
  }
  void power(bool on) {
    powered = on;
    connected = false;
    ctrl = select = 0;
    sticky = false;
    if (on) reset();
  }
  char* at(std::uint32_t address) {
    auto found = memory.upper_bound(address);
    if (found == memory.begin()) return nullptr;
    --found;
    const auto offset = address - found->first;
    return offset < found->second.size() ? &found->second[offset] : nullptr;
  }
  bool access(bool reads, std::uint32_t& value) {
    const unsigned size = (csw & 7) == 2 ? 4 : 1;
    if ((csw & 7) != 2 && (csw & 7) != 0) return false;
    const auto address = tar;
    // No more than a kilobyte: what goes beyond begins anew, as the document lets it.
    if (((csw >> 4) & 3) == 1) tar = (tar & ~0x3ffu) | ((tar + size) & 0x3ffu);
    if (address == 0xe000edf0) {
      if (reads) value = (halted ? 1u << 17 : 0) | (std::exchange(was_reset, false) ? 1u << 25 : 0);
      if (!reads && value >> 16 == 0xa05f) halted = (value & 3) == 3;
      return true;
    }
    if (address == 0xe000ed0c && !reads) {
      if (value == 0x05fa0004) reset();
      return true;
    }
    if (address == 0xe000ed00 && reads) return value = 0x412fc231, true;
    if (reads) value = 0;
    for (unsigned i = 0; i < size; ++i) {
      auto* byte = at(address + i);
      if (byte == nullptr) return false;
      const auto lane = 8 * ((address + i) & 3u);
      if (reads) value |= std::uint32_t{static_cast<std::uint8_t>(*byte)} << lane;
      if (!reads) *byte = static_cast<char>(value >> lane);
    }
    return true;
  }
  /// One access; the acknowledge.
  unsigned transfer(std::uint8_t request, std::uint32_t& value) {
    const bool memory_port = (request & 1) != 0;
    const bool reads = (request & 2) != 0;
    const unsigned address = request & 0xc;
    if (!powered || !connected) return 7;
    if (!memory_port) {
      if (address == 0 && reads) value = 0x2ba01477;
      if (address == 0 && !reads && (value & 0x4) != 0) sticky = false;
      if (address == 4 && reads) value = (ctrl & 0x50000000) | (ctrl & 0x50000000) << 1 | (sticky ? 0x20u : 0);
      if (address == 4 && !reads) ctrl = value;
      if (address == 8 && !reads) select = value;
      if (address == 0xc && reads) return sticky ? 4 : 1;
      return 1;
    }
    if ((ctrl & 0x50000000) != 0x50000000 || sticky) return 4;
    if (select != 0) return 4;  // there is one access port, and one bank of interest
    if (address == 0) (reads ? value : csw) = reads ? csw : value;
    if (address == 4) (reads ? value : tar) = reads ? tar : value;
    if (address != 0xc) return 1;
    if (waits > 0) return --waits, 2;
    if (access(reads, value)) return 1;
    sticky = true;
    return reads ? 4 : 1;  // a write is posted
  }
};

/// A CMSIS-DAP probe over USB.
class FakeDap final : public drivers::UsbHandle {
 public:
  FakeDap(drivers::UsbDeviceInfo info, FakeTarget& target, std::uint16_t packet)
      : info_(std::move(info)), target_(target), packet_(packet) {}

  [[nodiscard]] const drivers::UsbDeviceInfo& info() const override { return info_; }
  Task<> claim(std::uint8_t number, Deadline) override { return finish(number == 3, "wrong interface"); }
  Task<> set_alternate(std::uint8_t, std::uint8_t, Deadline) override { return finish(false, "no setting"); }
  Task<std::string> control_in(drivers::UsbRequest, std::uint16_t, Deadline) override { return give(""); }
  Task<> control_out(drivers::UsbRequest request, std::string bytes, Deadline) override {
    EXPECT_EQ(request.type, 0x21);
    EXPECT_EQ(request.request, 9);
    return take(std::move(bytes));
  }
  Task<std::string> read(std::uint8_t endpoint, std::size_t size, Deadline) override {
    EXPECT_EQ(endpoint, 0x81);
    EXPECT_EQ(size, packet_);
    return give(next());
  }
  Task<> write(std::uint8_t endpoint, std::string bytes, Deadline) override {
    EXPECT_EQ(endpoint, 0x02);
    return take(std::move(bytes));
  }
  Task<> clear_halt(std::uint8_t, Deadline) override { return finish(true, ""); }
  Task<> reset(Deadline) override { return finish(true, ""); }

  void unplug() { gone_ = true; }
  void answer(std::string reply) { answers_.push_back(std::move(reply)); }
  int packets = 0;

 private:
  Task<> finish(bool good, std::string why) const {
    if (gone_) co_return Error(Errc::unavailable, Blame::infrastructure, "unplugged");
    if (!good) co_return Error(Errc::bad_input, Blame::bug, why);
    co_return ok();
  }
  Task<std::string> give(std::string bytes) const {
    if (gone_ || bytes.empty()) co_return Error(Errc::unavailable, Blame::infrastructure, "unplugged");
    co_return bytes;
  }
  Task<> take(std::string command) {
    ++packets;
    if (!gone_) {
      EXPECT_LE(command.size(), packet_);
      auto answer = run(command);
      if (packet_ == 64) answer.resize(packet_, '\0');  // all HID reports are as long
      answers_.push_back(std::move(answer));
    }
    return finish(true, "");
  }
  std::string next() {
    if (answers_.empty()) return "";
    auto out = std::move(answers_.front());
    answers_.pop_front();
    return out;
  }
  static std::uint32_t word(const std::string& bytes, std::size_t at) {
    std::uint32_t out = 0;
    for (int i = 3; i >= 0; --i) out = out << 8 | static_cast<std::uint8_t>(bytes.at(at + static_cast<unsigned>(i)));
    return out;
  }
  static void add(std::string& out, std::uint32_t value) {
    for (int i = 0; i < 4; ++i) out += static_cast<char>(value >> (8 * i));
  }
  std::string transfers(const std::string& command) {
    std::size_t at = 3;
    unsigned done = 0;
    unsigned ack = 1;
    std::string words;
    for (unsigned i = 0; i < static_cast<std::uint8_t>(command[2]); ++i) {
      const auto request = static_cast<std::uint8_t>(command.at(at++));
      std::uint32_t value = 0;
      if ((request & 2) == 0) value = word(command, at), at += 4;
      ack = target_.transfer(request, value);
      if (ack != 1) break;
      ++done;
      if ((request & 2) != 0) add(words, value);
    }
    return std::string{5, static_cast<char>(done), static_cast<char>(ack)} + words;
  }
  std::string block(const std::string& command) {
    const unsigned count = word(command + "\0\0\0\0", 2) & 0xffff;
    const auto request = static_cast<std::uint8_t>(command.at(4));
    unsigned done = 0;
    unsigned ack = 1;
    std::string words;
    for (; done < count; ++done) {
      std::uint32_t value = (request & 2) == 0 ? word(command, 5 + 4 * done) : 0;
      ack = target_.transfer(request, value);
      if (ack != 1) break;
      if ((request & 2) != 0) add(words, value);
    }
    return std::string{6, static_cast<char>(done), static_cast<char>(done >> 8), static_cast<char>(ack)} + words;
  }
  std::string pins(const std::string& command) {
    if ((command[2] & 0x80) != 0) {
      const bool low = (command[1] & 0x80) == 0;
      if (target_.line_low && !low && target_.wired_reset) target_.reset();
      target_.line_low = low;
    }
    return {0x10, static_cast<char>(target_.line_low ? 0 : 0x80)};
  }
  std::string sequence(const std::string& command) {
    if (command[1] == 56) target_.connected = target_.powered;  // a line reset
    return {0x12, 0};
  }
  std::string information(char id) const {
    if (id == 4) return std::string{0, 6} + "2.1.0" + '\0';
    if (id == '\xff') return {0, 2, static_cast<char>(packet_), static_cast<char>(packet_ >> 8)};
    return {0, 0};
  }
  std::string run(const std::string& command) {
    switch (command.at(0)) {
      case 0x00:
        return information(command.at(1));
      case 0x02:
        return {2, 1};
      case 0x05:
        return transfers(command);
      case 0x06:
        return block(command);
      case 0x08:
        target_.sticky = false;
        return {8, 0};
      case 0x10:
        return pins(command);
      case 0x12:
        return sequence(command);
      case 0x03:
      case 0x04:
      case 0x11:
      case 0x13:
        return {command[0], 0};
      default:
        return "\xff";
    }
  }

  drivers::UsbDeviceInfo info_;
  FakeTarget& target_;
  std::uint16_t packet_;
  std::deque<std::string> answers_;
  bool gone_ = false;
};

/// A bus with one probe, or none.
class FakeUsb final : public drivers::UsbBus {
 public:
  explicit FakeUsb(FakeTarget& target, bool hid = false) : target_(target) {
    info_.path = "1-1.2";
    info_.serial = "DAP0001";
    info_.name = "Fake CMSIS-DAP";
    drivers::UsbInterface interface;
    interface.number = 3;
    interface.device_class = hid ? 3 : 0xff;
    const auto kind = hid ? drivers::UsbEndpoint::Kind::interrupt : drivers::UsbEndpoint::Kind::bulk;
    if (!hid) interface.endpoints.push_back({0x02, kind, 512});
    interface.endpoints.push_back({0x81, kind, static_cast<std::uint16_t>(hid ? 64 : 512)});
    info_.interfaces = {drivers::UsbInterface{}, interface};
    packet_ = hid ? 64 : 512;
  }
  Result<std::vector<drivers::UsbDeviceInfo>> devices() override { return std::vector{info_}; }
  Task<std::shared_ptr<drivers::UsbHandle>> open(drivers::UsbMatch match, Deadline deadline) override {
    return open_one(std::move(match), deadline);
  }
  std::shared_ptr<void> on_change(Handler) override { return nullptr; }

  void unplug() {
    plugged = false;
    if (probe) probe->unplug();
  }
  bool plugged = true;
  int opened = 0;
  std::shared_ptr<FakeDap> probe;

 private:
  Task<std::shared_ptr<drivers::UsbHandle>> open_one(drivers::UsbMatch match, Deadline) {
    if (!plugged || match.serial != info_.serial)
      co_return Error(Errc::unavailable, Blame::infrastructure, "no device " + match.title());
    ++opened;
    probe = std::make_shared<FakeDap>(info_, target_, packet_);
    co_return probe;
  }
  FakeTarget& target_;
  drivers::UsbDeviceInfo info_;
  std::uint16_t packet_;
};

}  // namespace hilltop::tests
