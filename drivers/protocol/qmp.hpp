// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "drivers/core/result.hpp"

namespace hilltop::drivers {

/// One message from QEMU. Source: QEMU 7.2, docs/interop/qmp-spec.txt, section 2.
struct QmpMessage {
  enum class Kind : std::uint8_t { greeting, reply, error, event };
  Kind kind = Kind::event;
  std::optional<std::uint64_t> id;  ///< of the command that a reply or error answers
  std::string name;                 ///< of an event ("SHUTDOWN"), or an error's class
  std::string text;                 ///< an error's description
  nlohmann::json data;              ///< what a reply returned, what an event carries, what the greeting says
};

/// Cuts what QEMU sends into messages: one JSON object a line. The same messages at any chunk size.
class QmpReader {
 public:
  /// Errors: protocol (infrastructure) for a line that is no QMP message, or one of more than 1 MiB. The reader is of
  /// no use then.
  Result<std::vector<QmpMessage>> feed(std::string_view bytes);

 private:
  std::string line_;
};

/// A command as it is sent: {"execute": name, "arguments": ..., "id": id} and a line end.
[[nodiscard]] std::string qmp_command(std::string_view name, const nlohmann::json& arguments, std::uint64_t id);

}  // namespace hilltop::drivers
