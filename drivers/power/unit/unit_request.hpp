// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "drivers/api/power_port.hpp"
#include "drivers/power/unit/unit_model.hpp"

namespace hilltop::drivers::unit {

/// An exchange with all holes filled: what a session sends.
struct Request {
  std::string method, path;  ///< http; hid: what is done with the report
  std::vector<std::pair<std::string, std::string>> headers;
  std::string content_type;
  std::string send;  ///< bytes; their checksum is behind them
  std::string until;
  bool in_hex = false;  ///< `until` and `stops` are looked for in the reply's hexadecimal digits
  std::size_t reply_bytes = 0;
  SnmpKind snmp = SnmpKind::get;
  std::string oid;
  std::int64_t value = 0;
  std::uint8_t report = 0;
  std::vector<std::string> argv;
  std::vector<std::string> stops;  ///< patterns that end a dialogue as `until` does: the unit refuses

  /// For people and logs: what is asked, without secrets.
  std::string title;
};

/// Fills the holes. Text from the address is made harmless for where it goes: percent-encoded in paths and forms,
/// escaped in JSON. Errors: those of Template; bad_input (configuration) for hexadecimal digits that are none.
Result<Request> render(const UnitModel& model, const Exchange& exchange, const Variables& variables);

/// Whether the reply is as the exchange expects; what is to be kept of it goes to `variables`.
/// Errors: as a refusal says (infrastructure); protocol (infrastructure) for a reply that is not as expected, with its
/// beginning.
Result<> take_reply(const Exchange& exchange, const std::string& reply, Variables& variables);

/// What the reply says of `${outlet}`; `unknown` while it is pending. Errors: protocol (infrastructure).
Result<PowerState> read_reply(const Reading& reading, const std::string& reply, const Variables& variables);

[[nodiscard]] std::string to_hex(std::string_view bytes);

/// The beginning of a text, on one line and printable.
[[nodiscard]] std::string shown(std::string_view text);

}  // namespace hilltop::drivers::unit
