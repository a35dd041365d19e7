// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "drivers/protocol/byte_order.hpp"
#include "drivers/usb/usb_bus.hpp"

namespace hilltop::tests {

/// A board in memory whose boot loader speaks DFU: what a test does to it, it remembers.
struct DfuBoard {
  // What it is.
  std::uint16_t runtime_vendor = 0x1209, runtime_product = 0x0001;
  std::uint16_t dfu_vendor = 0x1209, dfu_product = 0xdf00;
  std::string serial = "BOARD1", path = "1-1.4";
  bool in_dfu_mode = false, will_detach = false, tolerant = true, can_upload = true, dfuse = false;
  std::uint16_t transfer_size = 64;
  std::vector<std::string> alternates = {"firmware"};
  std::uint64_t dfuse_start = 0x08000000;
  std::uint64_t dfuse_page = 1024;
  // What goes wrong.
  int refuses_block = -1;           ///< DNLOAD of this block stalls, with errADDRESS
  std::size_t corrupts = SIZE_MAX;  ///< this byte is stored wrong
  bool gone_after_detach = false;
  int leaves_after_blocks = -1;   ///< unplugged in mid-transfer
  bool starts_by_itself = false;  ///< at the end of a download, though it says that it is manifestation tolerant
  bool refuses_firmware = false;  ///< and comes back in DFU mode
  // What it saw.
  std::map<int, std::string> memory;  ///< by alternate setting
  std::map<std::uint64_t, char> flash;
  std::vector<std::uint64_t> erased;
  std::vector<std::string> log;
  int resets = 0, downloads = 0, enumerations = 0;
  bool plugged = true;

  // Its state.
  std::uint8_t state = 0, status = 0;
  int alternate = 0, busy = 0;
  std::string taken;
  std::uint64_t pointer = 0;
  std::string pending;

  void to_dfu_mode() {
    in_dfu_mode = true;
    state = 2;
    log.emplace_back("dfu mode");
  }
  void to_application() {
    in_dfu_mode = false;
    state = 0;
    log.emplace_back("application");
  }
  void reset() {
    ++resets;
    if (!in_dfu_mode && state == 1 && !gone_after_detach) return to_dfu_mode();
    if (!in_dfu_mode && state == 1) plugged = false;
    if (in_dfu_mode) to_application();
  }

  [[nodiscard]] drivers::UsbDeviceInfo info() const {
    drivers::UsbDeviceInfo out;
    out.bus = 1, out.address = static_cast<std::uint8_t>((in_dfu_mode ? 8 : 7) + 2 * enumerations);
    out.path = path, out.serial = serial;
    out.vendor = in_dfu_mode ? dfu_vendor : runtime_vendor;
    out.product = in_dfu_mode ? dfu_product : runtime_product;
    std::string functional = "\x09\x21";
    functional += static_cast<char>(1 | (can_upload ? 2 : 0) | (tolerant ? 4 : 0) | (will_detach ? 8 : 0));
    drivers::append_le16(functional, 250);
    drivers::append_le16(functional, transfer_size);
    drivers::append_le16(functional, dfuse ? 0x011a : 0x0110);
    for (std::size_t i = 0; i < (in_dfu_mode ? alternates.size() : 1); ++i) {
      drivers::UsbInterface one;
      one.number = 2, one.alternate = static_cast<std::uint8_t>(i);
      one.device_class = 0xfe, one.subclass = 1, one.protocol = in_dfu_mode ? 2 : 1;
      one.name = alternates[i];
      if (i + 1 == (in_dfu_mode ? alternates.size() : 1)) one.extra = functional;
      out.interfaces.push_back(one);
    }
    return out;
  }

  // The class's requests. An empty optional is a stall.
  bool download(std::uint16_t block, const std::string& bytes) {
    if (state != 2 && state != 5) return fail(15);
    if (static_cast<int>(block) == refuses_block && !bytes.empty()) return fail(8);
    if (!bytes.empty()) ++downloads;
    if (leaves_after_blocks >= 0 && downloads > leaves_after_blocks) plugged = false;
    pending = bytes;
    if (bytes.empty()) {
      state = 6;
      log.emplace_back("manifest");
      return true;
    }
    state = 3, busy = 2;
    return dfuse ? addressed(block, bytes) : (taken += bytes, true);
  }
  bool addressed(std::uint16_t block, const std::string& bytes) {
    if (block != 0) {
      for (std::size_t i = 0; i < bytes.size(); ++i) flash[pointer + (block - 2u) * transfer_size + i] = bytes[i];
      return true;
    }
    const auto address = bytes.size() == 5 ? drivers::le32_at(bytes, 1) : 0;
    if (bytes[0] == 0x21) pointer = address;
    if (bytes[0] == 0x41) {
      erased.push_back(address);
      for (std::uint64_t i = 0; i < dfuse_page; ++i) flash[address + i] = '\xff';
    }
    return true;
  }
  bool fail(std::uint8_t why) {
    status = why;
    state = 10;
    return false;
  }
  std::string get_status() {
    if (state == 3)
      state = busy-- > 0 ? 4 : 5;
    else if (state == 4)
      state = 5;
    else if (state == 6)
      finish();
    std::string out;
    out += static_cast<char>(status);
    out += std::string("\x01\x00\x00", 3);
    out += static_cast<char>(state);
    out += '\0';
    return out;
  }
  void finish() {
    if (dfuse) {
      state = 7;
      plugged = true;
      to_application();
      return;
    }
    if (corrupts < taken.size()) taken[corrupts] ^= 1;
    memory[alternate] = taken;
    taken.clear();
    state = tolerant ? 2 : 7;
    if (starts_by_itself) to_application(), ++enumerations;
    if (refuses_firmware) to_dfu_mode(), ++enumerations;
  }
  std::string upload(std::uint16_t block, std::uint16_t size) {
    state = 9;
    if (!dfuse) {
      const auto& all = memory[alternate];
      const auto at = std::size_t{block} * transfer_size;
      return at < all.size() ? all.substr(at, size) : std::string();
    }
    std::string out;
    for (std::uint16_t i = 0; i < size; ++i) {
      const auto at = pointer + (block - 2u) * transfer_size + i;
      out += flash[at];
      if (at - dfuse_start == corrupts) out.back() ^= 1;
    }
    return out;
  }
};

class DfuHandle final : public drivers::UsbHandle {
 public:
  explicit DfuHandle(DfuBoard* board) : board_(board), info_(board->info()) {}
  [[nodiscard]] const drivers::UsbDeviceInfo& info() const override { return info_; }
  Task<> claim(std::uint8_t, Deadline) override { co_return ok(); }
  Task<> set_alternate(std::uint8_t, std::uint8_t setting, Deadline) override { return choose(board_, setting); }
  Task<std::string> control_in(drivers::UsbRequest request, std::uint16_t size, Deadline) override {
    return in(this, request, size);
  }
  Task<> control_out(drivers::UsbRequest request, std::string bytes, Deadline) override {
    return out(this, request, std::move(bytes));
  }
  Task<std::string> read(std::uint8_t, std::size_t, Deadline) override { co_return gone(); }
  Task<> write(std::uint8_t, std::string, Deadline) override { co_return gone(); }
  Task<> clear_halt(std::uint8_t, Deadline) override { co_return ok(); }
  Task<> reset(Deadline) override { return reset_board(board_); }

 private:
  static Error gone() { return {Errc::unavailable, Blame::infrastructure, "the device is gone"}; }
  static Error stall() { return {Errc::io, Blame::infrastructure, "the device stalled"}; }
  [[nodiscard]] bool is_over() const { return !board_->plugged || board_->info().address != info_.address; }
  static Task<> choose(DfuBoard* board, std::uint8_t setting) {
    board->alternate = setting;
    co_return ok();
  }
  static Task<> reset_board(DfuBoard* board) {
    board->reset();
    co_return gone();
  }
  static Task<std::string> in(DfuHandle* self, drivers::UsbRequest request, std::uint16_t size) {
    if (self->is_over()) co_return gone();
    if (request.type != 0xa1 || request.index != 2) co_return stall();
    if (request.request == 3) {
      auto status = self->board_->get_status();
      if (self->is_over()) co_return gone();
      co_return status;
    }
    if (request.request == 2) co_return self->board_->upload(request.value, size);
    co_return stall();
  }
  static Task<> out(DfuHandle* self, drivers::UsbRequest request, std::string bytes) {
    auto& board = *self->board_;
    if (self->is_over()) co_return gone();
    if (request.type != 0x21 || request.index != 2) co_return stall();
    if (request.request == 0) {
      board.state = 1;
      board.log.emplace_back("detach");
      if (board.will_detach) board.reset();
    } else if (request.request == 1) {
      if (!board.download(request.value, bytes)) co_return stall();
    } else if (request.request == 4) {
      board.state = 2, board.status = 0;
    } else if (request.request == 6) {
      board.state = 2;
    }
    if (!board.plugged) co_return gone();
    co_return ok();
  }

  DfuBoard* board_;
  drivers::UsbDeviceInfo info_;
};

/// A bus with the boards of a test. Boards outlive it.
class DfuBus final : public drivers::UsbBus {
 public:
  explicit DfuBus(std::vector<DfuBoard*> boards) : boards_(std::move(boards)) {}
  Result<std::vector<drivers::UsbDeviceInfo>> devices() override {
    std::vector<drivers::UsbDeviceInfo> out;
    for (const auto* board : boards_)
      if (board->plugged) out.push_back(board->info());
    return out;
  }
  Task<std::shared_ptr<drivers::UsbHandle>> open(drivers::UsbMatch match, Deadline) override {
    return open_board(this, std::move(match));
  }
  [[nodiscard]] std::shared_ptr<void> on_change(Handler) override { return nullptr; }

 private:
  static Task<std::shared_ptr<drivers::UsbHandle>> open_board(DfuBus* self, drivers::UsbMatch match) {
    const auto devices = self->devices().value();
    HILLTOP_CO_TRY(const auto found, drivers::find_usb_device(devices, match));
    for (auto* board : self->boards_)
      if (board->plugged && board->path == found.path)
        co_return std::shared_ptr<drivers::UsbHandle>(std::make_shared<DfuHandle>(board));
    co_return Error(Errc::unavailable, Blame::infrastructure, "no such device");
  }
  std::vector<DfuBoard*> boards_;
};

}  // namespace hilltop::tests
