// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/core/result.hpp"
#include "drivers/protocol/image.hpp"

/// OpenOCD's TCL server: commands and answers end with 0x1a. Source: OpenOCD User's Guide 0.12, "Tcl Scripting API",
/// "Tcl RPC server"; the answers' forms seen from Debian's OpenOCD 0.12.0.
namespace hilltop::drivers::openocd {

/// A word that Tcl takes as it is, whatever it holds.
[[nodiscard]] std::string tcl_word(std::string_view text);
/// What to send so that the answer says whether `command` succeeded.
[[nodiscard]] std::string request(std::string_view command);

/// The answer to a request.
struct Answer {
  bool good = false;
  std::string text = {};
};
/// Errors: protocol (infrastructure).
Result<Answer> parse_answer(std::string_view reply);

/// Cuts a connection's bytes into answers.
class ReplyReader {
 public:
  /// Errors: protocol (infrastructure) for an answer of more than 16 MiB.
  Result<std::vector<std::string>> feed(std::string_view bytes);

 private:
  std::string rest_;
};

/// The answer to `flash list`: one flash bank each. Banks that were not probed have size 0.
[[nodiscard]] std::vector<MemoryRange> flash_banks(std::string_view answer);
/// Commands that write `bytes` to memory, little-endian: whole words where they are, bytes before and behind them.
[[nodiscard]] std::vector<std::string> write_memory(std::uint64_t address, std::string_view bytes);
/// The answer to `read_memory ADDRESS width COUNT`. Nothing when it is not that many numbers.
[[nodiscard]] std::optional<std::string> memory_bytes(std::string_view answer, unsigned bytes_each, std::size_t count);

/// "Listening on port 41097 for tcl connections" in a log: the port of that service. The last one counts.
[[nodiscard]] std::optional<std::uint16_t> listening_port(std::string_view log, std::string_view service);

}  // namespace hilltop::drivers::openocd
