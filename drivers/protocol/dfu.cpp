// SPDX-License-Identifier: Apache-2.0
#include "drivers/protocol/dfu.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "drivers/protocol/byte_order.hpp"

namespace hilltop::drivers::dfu {
namespace {

constexpr std::uint8_t functional_descriptor = 0x21;  // DFU 1.1, table 4.2: bDescriptorType
constexpr std::size_t functional_bytes = 7;           // DFU 1.0 has no bcdDFUVersion; 1.1 has 9 bytes

// DFU 1.1, section 6.1.2, the table of bStatus.
constexpr auto status_names = std::to_array<std::string_view>(
    {"OK", "errTARGET: the file is not for this device", "errFILE: the file fails a check of the vendor's",
     "errWRITE: the memory cannot be written", "errERASE: the memory cannot be erased",
     "errCHECK_ERASED: the memory is not empty after its erasure", "errPROG: the memory cannot be programmed",
     "errVERIFY: the memory holds something else than was written", "errADDRESS: the address is out of range",
     "errNOTDONE: the file ended too early", "errFIRMWARE: the firmware is corrupt, and cannot be returned to",
     "errVENDOR: an error of the vendor's own", "errUSBR: an unexpected USB reset", "errPOR: an unexpected power-on",
     "errUNKNOWN: the device does not know what went wrong", "errSTALLEDPKT: a request came that was not expected"});

constexpr auto state_names = std::to_array<std::string_view>(
    {"appIDLE", "appDETACH", "dfuIDLE", "dfuDNLOAD-SYNC", "dfuDNBUSY", "dfuDNLOAD-IDLE", "dfuMANIFEST-SYNC",
     "dfuMANIFEST", "dfuMANIFEST-WAIT-RESET", "dfuUPLOAD-IDLE", "dfuERROR"});

Error wrong(std::string text) { return {Errc::protocol, Blame::dut, std::move(text)}; }

std::uint8_t at(std::string_view bytes, std::size_t index) { return static_cast<std::uint8_t>(bytes[index]); }

void take_facts(std::string_view descriptor, Function& function) {
  const auto attributes = at(descriptor, 2);
  function.can_download = (attributes & 1) != 0;
  function.can_upload = (attributes & 2) != 0;
  function.manifestation_tolerant = (attributes & 4) != 0;
  function.will_detach = (attributes & 8) != 0;
  function.detach_timeout = std::chrono::milliseconds(le16_at(descriptor, 3));
  function.transfer_size = le16_at(descriptor, 5);
  function.version = descriptor.size() >= functional_bytes + 2 ? le16_at(descriptor, 7) : 0x0100;
}

std::string listing(const Function& function) {
  std::string out;
  for (const auto& one : function.alternates)
    out += fmt::format("{}{}{}", out.empty() ? "" : ", ", one.setting, one.name.empty() ? "" : " '" + one.name + "'");
  return out;
}

/// "Internal Flash" of "@Internal Flash  /0x08000000/04*016Kg".
std::string_view short_name(std::string_view name) {
  if (!name.starts_with('@')) return name;
  name = name.substr(1, name.find('/') - 1);
  const auto last = name.find_last_not_of(' ');
  return last == std::string_view::npos ? std::string_view() : name.substr(0, last + 1);
}

}  // namespace

std::string_view to_string(State state) noexcept {
  const auto index = static_cast<std::size_t>(state);
  return index < state_names.size() ? state_names[index] : "an unknown state";
}

std::string Status::title() const {
  return status < status_names.size() ? std::string(status_names[status]) : fmt::format("status {:#04x}", status);
}

Result<Status> read_status(std::string_view bytes) {
  if (bytes.size() != status_bytes) return wrong(fmt::format("its status has {} bytes, and not 6", bytes.size()));
  Status out;
  out.status = at(bytes, 0);
  out.poll_timeout = std::chrono::milliseconds(le16_at(bytes, 1) | std::uint32_t{at(bytes, 3)} << 16);
  if (at(bytes, 4) > static_cast<std::uint8_t>(State::error))
    return wrong(fmt::format("state {} is none of DFU's", at(bytes, 4)));
  out.state = static_cast<State>(at(bytes, 4));
  return out;
}

Result<Function> read_functional(std::string_view descriptors) {
  while (!descriptors.empty()) {
    const std::size_t length = at(descriptors, 0);
    if (length < 2 || length > descriptors.size()) return wrong("its DFU descriptors end too early");
    if (at(descriptors, 1) == functional_descriptor && length >= functional_bytes) {
      Function out;
      take_facts(descriptors.substr(0, length), out);
      if (out.transfer_size == 0) return wrong("its DFU interface does not say how large a block may be");
      return out;
    }
    descriptors.remove_prefix(length);
  }
  return wrong("its DFU interface has no functional descriptor");
}

Result<Alternate> choose_alternate(const Function& function, std::string_view wanted) {
  unsigned number = 0;
  const auto [end, error] = std::from_chars(wanted.data(), wanted.data() + wanted.size(), number);
  const bool is_number = error == std::errc() && end == wanted.data() + wanted.size();
  std::vector<Alternate> found;
  for (const auto& one : function.alternates)
    if (wanted.empty() || (is_number && one.setting == number) || one.name == wanted || short_name(one.name) == wanted)
      found.push_back(one);
  if (found.size() == 1) return found.front();
  const auto why = wanted.empty()  ? "it has several alternate settings, and one must be named"
                   : found.empty() ? fmt::format("it has no alternate setting '{}'", wanted)
                                   : fmt::format("several of its alternate settings are called '{}'", wanted);
  return Error(Errc::bad_input, Blame::configuration, fmt::format("{}: it has {}", why, listing(function)));
}

}  // namespace hilltop::drivers::dfu
