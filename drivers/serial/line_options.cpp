// SPDX-License-Identifier: Apache-2.0
#include "drivers/serial/line_options.hpp"

#include <algorithm>
#include <array>

namespace hilltop::drivers {
namespace {

/// Source: termios(3), the B constants from 1200 on, without 38400's custom meaning.
constexpr std::array<std::int64_t, 20> usual_speeds{1200,    2400,    4800,    9600,    19200,   38400,  57600,
                                                    115200,  230400,  460800,  500000,  576000,  921600, 1000000,
                                                    1152000, 1500000, 2000000, 2500000, 3000000, 4000000};

/// The speed that was meant, perhaps.
std::string nearest_speed(std::int64_t baud) {
  const auto nearest = std::ranges::min_element(usual_speeds, {}, [&](auto usual) { return std::abs(usual - baud); });
  return "did you mean " + std::to_string(*nearest) + "? 115200 is the usual one";
}

Parity parity_from(std::string_view word) {
  if (word == "odd") return Parity::odd;
  if (word == "even") return Parity::even;
  if (word == "mark") return Parity::mark;
  return word == "space" ? Parity::space : Parity::none;
}

}  // namespace

bool is_usual_speed(std::int64_t baud) { return std::ranges::find(usual_speeds, baud) != usual_speeds.end(); }

LineSettings read_line_options(Fields& fields) {
  LineSettings out;
  if (const auto baud = fields.integer("baud", 1)) {
    if (!is_usual_speed(*baud))
      fields.error(fields.node()["baud"], "'baud': " + std::to_string(*baud) + " is no usual speed",
                   nearest_speed(*baud));
    out.baud = static_cast<std::uint32_t>(std::min<std::int64_t>(*baud, usual_speeds.back()));
  }
  out.data_bits = static_cast<std::uint8_t>(fields.integer("data_bits", 5, 8).value_or(8));
  out.parity = parity_from(fields.word("parity", {"none", "odd", "even", "mark", "space"}).value_or("none"));
  if (fields.integer("stop_bits", 1, 2).value_or(1) == 2) out.stop_bits = StopBits::two;
  const auto flow = fields.take("flow");
  if (flow.is_string() && flow.text().starts_with("x"))
    fields.error(flow, "'flow': XON and XOFF are bytes that boards send, too",
                 "none, or hardware where RTS and CTS are wired");
  else if (fields.word("flow", {"none", "hardware"}).value_or("none") == "hardware")
    out.flow = Flow::hardware;
  out.dtr = fields.flag("dtr");
  out.rts = fields.flag("rts");
  if (out.rts && out.flow == Flow::hardware)
    fields.error(fields.node()["rts"], "'rts' is driven by the port when 'flow' is hardware");
  return out;
}

}  // namespace hilltop::drivers
