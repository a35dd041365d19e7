// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "drivers/protocol/dfu_session.hpp"
#include "drivers/protocol/image.hpp"

/// ST's extension of DFU: memory has addresses, and pages are erased.
/// Sources: ST AN3156 (USB DFU protocol used in the STM32 bootloader), sections "DNLOAD" and "UPLOAD" requests; ST
/// UM0424 (layout strings); ST UM0391 (DfuSe file format).
namespace hilltop::drivers::dfu {

/// Pages of one size, beside each other.
struct PageRun {
  std::uint64_t start = 0;
  std::uint64_t page_bytes = 0;
  std::uint64_t pages = 0;
  bool readable = false, erasable = false, writable = false;

  [[nodiscard]] std::uint64_t end() const { return start + page_bytes * pages; }
};

/// What an alternate setting's name says of its memory: "@Internal Flash  /0x08000000/04*016Kg,01*064Kg".
/// Errors: protocol (dut) where it is none. Source: UM0424, section 4.3.2.
Result<std::vector<PageRun>> read_layout(std::string_view name);

/// A DfuSe file's images by alternate setting.
struct DfuseTarget {
  std::uint8_t setting = 0;
  Image image = {};
};
[[nodiscard]] bool is_dfuse_file(std::string_view head);
/// Errors: bad_input (job) with what is wrong. Source: UM0391, section 2.
Result<std::vector<DfuseTarget>> read_dfuse_file(std::string_view bytes, std::string name);

struct DfuseOptions {
  std::uint16_t transfer_size = 2048;
  bool verify = true;  ///< read back where the memory is readable
};
/// What writes `image`: its pages erased, its bytes written and read back. Errors: bad_input (job) for bytes outside of
/// what can be written.
Result<std::vector<Operation>> plan_dfuse(const Image& image, const std::vector<PageRun>& layout,
                                          const DfuseOptions& options);
/// What starts the program at `address`: the device leaves the bus. Source: AN3156, "Leave DFU mode".
[[nodiscard]] std::vector<Operation> plan_leave(std::uint64_t address);

}  // namespace hilltop::drivers::dfu
