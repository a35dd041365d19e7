// SPDX-License-Identifier: Apache-2.0
#include "tests/usb_lab/models/debug/flat_target.hpp"

#include <algorithm>
#include <fstream>
#include <iterator>

namespace hilltop::usb_lab {
namespace {

constexpr std::uint32_t ram_base = 0x20000000;

Bytes filled(const std::string& path, std::size_t size, std::uint8_t rest) {
  Bytes bytes;
  if (!path.empty()) {
    std::ifstream file(path, std::ios::binary);
    if (!file) throw UsageError("cannot read " + path);
    bytes.assign(std::istreambuf_iterator<char>(file), {});
  }
  bytes.resize(size, rest);
  return bytes;
}

}  // namespace

FlatTarget::FlatTarget(const Options& options)
    : power_(options),
      log_(options.text("state")),
      ram_out_(options.text("ram_out")),
      flash_(filled(options.text("flash_image"), 256 * 1024, 0xff)),
      ram_(filled(options.text("ram"), 64 * 1024, 0)) {}

std::span<std::uint8_t> FlatTarget::at(std::uint32_t address, std::size_t size) {
  auto& memory = address < ram_base ? flash_ : ram_;
  const std::size_t offset = address < ram_base ? address : address - ram_base;
  if (offset > memory.size() || size > memory.size() - offset) return {};
  return std::span(memory).subspan(offset, size);
}

bool FlatTarget::read(std::uint32_t address, std::span<std::uint8_t> bytes) {
  const auto from = at(address, bytes.size());
  if (from.size() != bytes.size()) return false;
  std::ranges::copy(from, bytes.begin());
  return true;
}

bool FlatTarget::write(std::uint32_t address, std::span<const std::uint8_t> bytes) {
  const auto to = at(address, bytes.size());
  if (to.size() != bytes.size() || address < ram_base) return false;  // flash is not written like RAM
  std::ranges::copy(bytes, to.begin());
  if (!ram_out_.empty())
    std::ofstream(ram_out_, std::ios::binary)
        .write(reinterpret_cast<const char*>(ram_.data()), static_cast<std::streamsize>(ram_.size()));
  return true;
}

void FlatTarget::halt() {
  if (running_) log_.put("core halted");
  running_ = false;
}

void FlatTarget::resume() {
  if (!running_) log_.put("core running");
  running_ = true;
}

std::optional<std::uint32_t> FlatTarget::core_register(unsigned number) {
  return number < registers_.size() ? std::optional(registers_[number]) : std::nullopt;
}

void FlatTarget::set_core_register(unsigned number, std::uint32_t value) {
  if (number < registers_.size()) registers_[number] = value;
}

void FlatTarget::reset(bool halted) {
  registers_ = {};
  registers_[13] = get32(flash_, 0);
  registers_[15] = get32(flash_, 4) & ~1U;
  running_ = !halted;
  log_.put("core reset");
}

}  // namespace hilltop::usb_lab
