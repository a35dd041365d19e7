// SPDX-License-Identifier: Apache-2.0
#include "tests/usb_lab/models/debug/gdb_target.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "tests/usb_lab/models/bytes.hpp"

namespace hilltop::usb_lab {
namespace {

constexpr int patience_ms = 3000;
constexpr std::size_t most_bytes = 512;  // a packet of the stub has 4 KiB

bool is_stop(const std::string& packet) { return packet.starts_with('T') || packet.starts_with('S'); }

bool is_peripheral(std::uint32_t address) { return address >= 0x40000000 && address < 0x60000000; }

bool from_hex(std::string_view text, std::span<std::uint8_t> bytes) {
  if (text.size() != bytes.size() * 2) return false;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto* first = text.data() + 2 * i;
    if (std::from_chars(first, first + 2, bytes[i], 16).ptr != first + 2) return false;
  }
  return true;
}

// QEMU's numbering: xPSR is 25.
unsigned stub_register(unsigned number) { return number == 16 ? 25 : number; }

}  // namespace

GdbTarget::GdbTarget(const Options& options)
    : power_(options), log_(options.text("state")), gdb_(options.text("gdb")), qmp_(options.text("qmp")) {}

bool GdbTarget::alive() {
  if (!power_.on()) {
    link_.close();
    return false;
  }
  if (link_.is_open()) return true;
  if (!link_.open(gdb_)) return false;
  // Without a look at the features the stub does not know of M-profile registers.
  (void)link_.ask("qSupported:multiprocess-;xmlRegisters=arm");
  (void)link_.ask("qXfer:features:read:target.xml:0,ffb");
  (void)link_.ask("qXfer:features:read:arm-core.xml:0,ffb");
  (void)link_.ask("?");
  mirrored_.clear();
  go();  // who connects to the stub stops the machine
  return link_.is_open();
}

void GdbTarget::go() {
  link_.send("c");
  running_ = true;
}

bool GdbTarget::pause() {
  notice_stop();
  if (!running_) return false;
  link_.interrupt();
  for (;;) {
    const auto packet = link_.receive(patience_ms);
    if (!packet || packet->empty() || is_stop(*packet)) break;
  }
  running_ = false;
  return true;
}

void GdbTarget::notice_stop() {
  while (running_) {
    const auto packet = link_.receive(0);
    if (!packet || packet->empty()) return;
    if (!is_stop(*packet)) continue;
    running_ = false;
    stopped_ = true;
  }
}

bool GdbTarget::take_stop() {
  notice_stop();
  return std::exchange(stopped_, false);
}

bool GdbTarget::read(std::uint32_t address, std::span<std::uint8_t> bytes) {
  const bool ran = pause();
  bool fine = true;
  while (fine && !bytes.empty()) {
    const auto part = bytes.first(std::min(bytes.size(), most_bytes));
    fine = from_hex(link_.ask(fmt::format("m{:x},{:x}", address, part.size())), part);
    address += static_cast<std::uint32_t>(part.size());
    bytes = bytes.subspan(part.size());
  }
  if (ran) go();
  return fine;
}

bool GdbTarget::write(std::uint32_t address, std::span<const std::uint8_t> bytes) {
  const bool ran = pause();
  const bool physical = is_peripheral(address);
  if (physical) (void)link_.ask("Qqemu.PhyMemMode:1");
  bool fine = true;
  while (fine && !bytes.empty()) {
    const auto part = bytes.first(std::min(bytes.size(), most_bytes));
    fine = link_.ask(fmt::format("M{:x},{:x}:{}", address, part.size(), to_hex(part))) == "OK";
    if (fine && !physical) mirror_breakpoints(address, part);
    address += static_cast<std::uint32_t>(part.size());
    bytes = bytes.subspan(part.size());
  }
  if (physical) (void)link_.ask("Qqemu.PhyMemMode:0");
  if (ran) go();
  return fine;
}

void GdbTarget::mirror_breakpoints(std::uint32_t address, std::span<const std::uint8_t> bytes) {
  for (std::size_t i = address & 1; i + 1 < bytes.size(); i += 2) {
    const auto where = static_cast<std::uint32_t>(address + i);
    const bool is = bytes[i + 1] == 0xbe;
    if (is == mirrored_.contains(where)) continue;
    (void)link_.ask(fmt::format("{}0,{:x},2", is ? 'Z' : 'z', where));
    if (is)
      mirrored_[where] = true;
    else
      mirrored_.erase(where);
  }
}

void GdbTarget::halt() {
  if (pause()) log_.put("core halted");
}

void GdbTarget::resume() {
  notice_stop();
  if (running_) return;
  go();
  log_.put("core running");
}

void GdbTarget::step() { (void)link_.ask("s"); }

std::optional<std::uint32_t> GdbTarget::core_register(unsigned number) {
  if (number > 16) return std::nullopt;
  const bool ran = pause();
  std::array<std::uint8_t, 4> bytes{};
  const bool fine = from_hex(link_.ask(fmt::format("p{:x}", stub_register(number))), bytes);
  if (ran) go();
  return fine ? std::optional(get32(bytes, 0)) : std::nullopt;
}

void GdbTarget::set_core_register(unsigned number, std::uint32_t value) {
  if (number > 16) return;
  const bool ran = pause();
  Bytes bytes;
  put32(bytes, value);
  (void)link_.ask(fmt::format("P{:x}={}", stub_register(number), to_hex(bytes)));
  if (ran) go();
}

void GdbTarget::set_breakpoint(std::uint32_t address, bool on) {
  const bool ran = pause();
  (void)link_.ask(fmt::format("{}1,{:x},2", on ? 'Z' : 'z', address));
  if (ran) go();
}

void GdbTarget::reset(bool halted) {
  pause();
  tell_qemu("system_reset");
  log_.put("core reset");
  if (!halted) go();
}

// Waits until QEMU has said that it is done: a paused machine resets at once, but in its own thread.
void GdbTarget::tell_qemu(const std::string& command) const {
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  qmp_.copy(address.sun_path, sizeof(address.sun_path) - 1);
  if (qmp_.empty() || fd < 0 || ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) {
    if (fd >= 0) ::close(fd);
    return;
  }
  const auto text = "{\"execute\":\"qmp_capabilities\"}\n{\"execute\":\"" + command + "\"}\n";
  (void)::send(fd, text.data(), text.size(), MSG_NOSIGNAL);
  std::string said;
  const auto wanted = command == "system_reset" ? std::string("\"RESET\"") : std::string("\"return\"");
  for (std::array<char, 4096> buffer{}; !said.contains(wanted);) {
    pollfd end{fd, POLLIN, 0};
    if (::poll(&end, 1, patience_ms) <= 0) break;
    const auto count = ::read(fd, buffer.data(), buffer.size());
    if (count <= 0) break;
    said.append(buffer.data(), static_cast<std::size_t>(count));
  }
  ::close(fd);
}

}  // namespace hilltop::usb_lab
