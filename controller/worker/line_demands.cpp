// SPDX-License-Identifier: Apache-2.0
#include "controller/worker/line_demands.hpp"

namespace hilltop::controller {
namespace {

using drivers::Flow;
using drivers::LineSettings;
using drivers::Parity;
using drivers::StopBits;
using drivers::rfc2217::Demand;
namespace rfc = drivers::rfc2217;

template <class E>
std::uint32_t number(E value) {
  return static_cast<std::uint32_t>(value);
}

bool asks_control(std::uint32_t value) {
  return value == rfc::ask_flow || value == rfc::ask_break || value == rfc::ask_dtr || value == rfc::ask_rts ||
         value == rfc::ask_inbound_flow;
}

bool is_break(const Demand& demand) {
  return demand.code == rfc::set_control && (demand.value == rfc::break_on || demand.value == rfc::break_off);
}

/// Nothing of a transcript is thrown away: what is to be purged was sent, or is kept.
bool only_asks(const Demand& demand) {
  if (demand.code == rfc::purge_data) return true;
  return demand.code == rfc::set_control ? asks_control(demand.value) : demand.value == 0;
}

std::uint32_t present(const Demand& demand, const LineSettings& line) {
  switch (demand.code) {
    case rfc::set_baudrate:
      return line.baud;
    case rfc::set_datasize:
      return line.data_bits;
    case rfc::set_parity:
      return number(line.parity);
    case rfc::set_stopsize:
      return number(line.stop_bits);
    default:
      break;
  }
  const auto in = [&](std::uint32_t least, std::uint32_t most) {
    return demand.value >= least && demand.value <= most;
  };
  if (in(rfc::ask_break, rfc::break_off)) return rfc::break_off;
  if (in(rfc::ask_dtr, rfc::dtr_off)) return line.dtr.value_or(true) ? rfc::dtr_on : rfc::dtr_off;
  if (in(rfc::ask_rts, rfc::rts_off)) return line.rts.value_or(true) ? rfc::rts_on : rfc::rts_off;
  if (in(rfc::ask_inbound_flow, rfc::inbound_hardware))
    return rfc::inbound_none + number(line.flow) - number(Flow::none);
  return number(line.flow);
}

/// `line` as it shall be; false for a value that has no meaning.
bool apply(const Demand& demand, LineSettings& line) {
  const auto in = [&](std::uint32_t least, std::uint32_t most) {
    return demand.value >= least && demand.value <= most;
  };
  switch (demand.code) {
    case rfc::set_baudrate:
      line.baud = demand.value;
      return true;
    case rfc::set_datasize:
      line.data_bits = static_cast<std::uint8_t>(demand.value);
      return in(5, 8);
    case rfc::set_parity:
      line.parity = static_cast<Parity>(demand.value);
      return in(number(Parity::none), number(Parity::space));
    case rfc::set_stopsize:
      line.stop_bits = static_cast<StopBits>(demand.value);
      return in(number(StopBits::one), number(StopBits::one_and_a_half));
    default:
      break;
  }
  // XON and XOFF would be taken out of what the board says: such a wish is heard, and not followed.
  if (demand.value == rfc::flow_none || demand.value == rfc::flow_hardware) line.flow = static_cast<Flow>(demand.value);
  // A port that was opened has both on.
  const auto drive = [&](std::optional<bool>& wire, std::uint32_t on, std::uint32_t off) {
    if (demand.value != on && demand.value != off) return;
    if (wire.value_or(true) != (demand.value == on)) wire = demand.value == on;
  };
  drive(line.dtr, rfc::dtr_on, rfc::dtr_off);
  drive(line.rts, rfc::rts_on, rfc::rts_off);
  return true;
}

}  // namespace

std::uint32_t present_setting(const Demand& demand, const drivers::ByteStream* line) {
  const auto now = line == nullptr ? std::nullopt : line->line_settings();
  return present(demand, now.value_or(LineSettings{}));
}

bool drives_line(const Demand& demand, const drivers::ByteStream* line) {
  const auto now = line == nullptr ? std::nullopt : line->line_settings();
  if (!now || only_asks(demand)) return false;
  auto wanted = *now;
  return is_break(demand) || (apply(demand, wanted) && wanted != *now);
}

Result<std::uint32_t> meet_demand(const Demand& demand, drivers::ByteStream* line) {
  if (only_asks(demand)) return demand.code == rfc::purge_data ? demand.value : present_setting(demand, line);
  const auto now = line == nullptr ? std::nullopt : line->line_settings();
  if (!now) return demand.value;
  if (is_break(demand)) {
    HILLTOP_CHECK(line->hold_break(demand.value == rfc::break_on));
    return demand.value;
  }
  auto wanted = *now;
  if (!apply(demand, wanted)) return present(demand, *now);
  if (wanted == *now) return present(demand, *now);
  auto set = line->set_line(wanted);
  if (!set && set.error().code == Errc::unsupported) return present(demand, *now);
  if (!set) return std::move(set).error();
  return demand.value;
}

}  // namespace hilltop::controller
