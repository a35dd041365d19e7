// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/core/result.hpp"

/// The words of USB Device Class Specification for Device Firmware Upgrade 1.1 (2004): "DFU 1.1" below.
namespace hilltop::drivers::dfu {

/// bRequest of the class. DFU 1.1, table 3.2.
enum class Request : std::uint8_t {
  detach = 0,
  download = 1,
  upload = 2,
  get_status = 3,
  clear_status = 4,
  get_state = 5,
  abort = 6
};

/// bState. DFU 1.1, section 6.1.2, the table of bState.
enum class State : std::uint8_t {
  app_idle = 0,
  app_detach = 1,
  idle = 2,
  download_sync = 3,
  download_busy = 4,
  download_idle = 5,
  manifest_sync = 6,
  manifest = 7,
  manifest_wait_reset = 8,
  upload_idle = 9,
  error = 10
};
[[nodiscard]] std::string_view to_string(State state) noexcept;  ///< "dfuDNLOAD-IDLE"

/// What a device answers to GETSTATUS.
/// Shape: [bStatus:1][bwPollTimeout:3, ms, little-endian][bState:1][iString:1]. Source: DFU 1.1, section 6.1.2.
struct Status {
  std::uint8_t status = 0;  ///< 0: OK
  std::chrono::milliseconds poll_timeout{0};
  State state = State::idle;
  /// "errADDRESS: ...", for messages.
  [[nodiscard]] std::string title() const;
};
inline constexpr std::uint16_t status_bytes = 6;
/// Errors: protocol (dut) for another length or an unknown state.
Result<Status> read_status(std::string_view bytes);

/// One alternate setting of a device's DFU interface: a memory of its own.
struct Alternate {
  std::uint8_t setting = 0;
  std::string name = {};
};

/// A DFU interface, as its descriptors tell it.
struct Function {
  std::uint8_t interface = 0;
  bool runtime = false;  ///< bInterfaceProtocol 1: the application runs; 2: DFU mode
  bool can_download = false;
  bool can_upload = false;
  bool manifestation_tolerant = false;  ///< stays in DFU mode after manifestation
  bool will_detach = false;             ///< leaves the bus by itself after DETACH
  std::chrono::milliseconds detach_timeout{0};
  std::uint16_t transfer_size = 0;  ///< bytes of a block
  std::uint16_t version = 0;        ///< bcdDFUVersion: 0x0110, or 0x011a for DfuSe
  std::vector<Alternate> alternates = {};

  /// ST's extension, which has addresses. Source: ST UM0424, section 4.
  [[nodiscard]] bool is_dfuse() const { return version == 0x011a; }
};

inline constexpr std::uint8_t interface_class = 0xfe, interface_subclass = 0x01;  // DFU 1.1, tables 4.1 and 4.4
inline constexpr std::uint8_t runtime_protocol = 0x01;                            // DFU 1.1, table 4.1

/// The facts of a DFU interface from the class-specific descriptors behind it; the caller fills in the rest.
/// Errors: protocol (dut) where there is no functional descriptor, or a broken one.
/// Source: DFU 1.1, table 4.2.
Result<Function> read_functional(std::string_view descriptors);

/// The alternate setting that `wanted` names: its number, or its name, whole or as far as DfuSe's layout ("Internal
/// Flash" of "@Internal Flash /0x08000000/..."). "": the only one. Errors: bad_input (configuration) with all of them.
Result<Alternate> choose_alternate(const Function& function, std::string_view wanted);

}  // namespace hilltop::drivers::dfu
