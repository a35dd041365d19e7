// SPDX-License-Identifier: Apache-2.0
// Relays behind a serial port. Which port: `path:` or `usb:`, as drivers/usb/serial_address.hpp says.
// Driver `lcus-relay`: LCUS boards and their like, a CH340 (1a86:7523), 9600 baud.
//   driver: lcus-relay
//   usb: {path: 1-1.2}     # a CH340 has no serial number
//   outlet: 1              # 1 to 16
//   read_back: text        # optional: `text` where the board answers the query ff with lines "CH1: ON", `frame` where
//                          # it answers the command 05 with a frame; the boards of one relay mostly answer nothing
// Driver `numato-relay`: Numato's USB relay modules of 1 to 64 relays (2a19:*).
//   driver: numato-relay
//   usb: {serial: NLRL160101R0001}
//   relays: 16             # how many the module has: its commands depend on it
//   outlet: 1              # counted from 1 (Numato counts from 0)
#include "drivers/power/serial_relay.hpp"

#include "drivers/api/device.hpp"
#include "drivers/power/read_back.hpp"
#include "drivers/power/unit/wire.hpp"
#include "drivers/power/unit_turn.hpp"
#include "drivers/tables.hpp"
#include "drivers/usb/serial_address.hpp"

namespace hilltop::drivers {
namespace {

constexpr auto answer_limit = std::chrono::seconds(2);
constexpr auto most_time_to_appear = std::chrono::seconds(10);
constexpr auto most_time_busy = std::chrono::seconds(2);
constexpr auto between_tries = std::chrono::milliseconds(20);

struct SerialRelay {
  SerialAddress port = {};
  unsigned outlet = 1;
  unsigned relays = 1;
  bool read_back = false;
  bool normally_closed = false;
  std::uint32_t baud = 9600;
  Task<> (*set)(unit::WirePtr wire, SerialRelay relay, bool on, Deadline deadline) = nullptr;
  Task<bool> (*get)(unit::WirePtr wire, SerialRelay relay, Deadline deadline) = nullptr;
};

struct Use {
  UnitTurn turn = {};
  unit::WirePtr wire = {};
};

/// Reads until `over` says that the answer is whole.
Task<std::string> read_answer(unit::WirePtr wire, std::function<bool(std::string_view)> over, Deadline deadline) {
  std::string out;
  while (!over(out)) {
    auto more = co_await wire->read(deadline);
    if (!more && more.error().code == Errc::timeout && !out.empty())
      co_return Error(Errc::protocol, Blame::infrastructure, "it answers '" + out + "', and no more");
    if (!more) co_return std::move(more).error();
    if (more->empty()) co_return Error(Errc::unavailable, Blame::infrastructure, "the serial port has gone");
    out += *more;
  }
  co_return out;
}

Task<> set_lcus(unit::WirePtr wire, SerialRelay relay, bool on, Deadline deadline) {
  co_return co_await wire->write(lcus_order(relay.outlet, on), deadline.at_most(answer_limit));
}

Task<bool> get_lcus(unit::WirePtr wire, SerialRelay relay, Deadline deadline) {
  const auto until = deadline.at_most(answer_limit);
  HILLTOP_CO_CHECK(co_await wire->write("\xff", until));
  const auto whole = [&](std::string_view text) { return read_lcus_state(text, relay.outlet).has_value(); };
  HILLTOP_CO_TRY(const auto text, co_await read_answer(std::move(wire), whole, until));
  co_return *read_lcus_state(text, relay.outlet);
}

Task<bool> get_lcus_frame(unit::WirePtr wire, SerialRelay relay, Deadline deadline) {
  const auto until = deadline.at_most(answer_limit);
  HILLTOP_CO_CHECK(co_await wire->write(lcus_query(relay.outlet), until));
  const auto whole = [](std::string_view bytes) { return bytes.size() >= 4; };
  HILLTOP_CO_TRY(const auto frame, co_await read_answer(std::move(wire), whole, until));
  for (const bool on : {false, true})
    if (frame == lcus_order(relay.outlet, on)) co_return on;
  co_return Error(Errc::protocol, Blame::infrastructure, "its answer is no frame of this relay");
}

Task<std::string> numato_command(unit::WirePtr wire, std::string command, Deadline deadline) {
  const auto until = deadline.at_most(answer_limit);
  HILLTOP_CO_CHECK(co_await wire->write(command + "\r", until));
  const auto prompted = [](std::string_view text) { return text.ends_with('>'); };
  co_return co_await read_answer(std::move(wire), prompted, until);
}

Task<> set_numato(unit::WirePtr wire, SerialRelay relay, bool on, Deadline deadline) {
  auto order = "relay " + std::string(on ? "on " : "off ") + numato_name(relay.outlet, relay.relays);
  HILLTOP_CO_CHECK(co_await numato_command(std::move(wire), std::move(order), deadline));
  co_return ok();
}

Task<bool> get_numato(unit::WirePtr wire, SerialRelay relay, Deadline deadline) {
  auto order = "relay read " + numato_name(relay.outlet, relay.relays);
  HILLTOP_CO_TRY(const auto text, co_await numato_command(std::move(wire), std::move(order), deadline));
  co_return read_numato_state(text);
}

Task<Use> begin(Env env, SerialRelay relay, Deadline deadline) {
  Use use;
  HILLTOP_CO_TRY(auto node,
                 co_await find_serial_node(std::move(env), relay.port, deadline.at_most(most_time_to_appear)));
  HILLTOP_CO_TRY(use.turn, co_await take_turn("serial port " + node, deadline));
  // Who looks at each new port (ModemManager, our operation before) lets go of it soon.
  const auto until = deadline.at_most(most_time_busy);
  for (;;) {
    auto wire = co_await unit::open_tty(node, relay.baud);
    if (!wire && wire.error().code == Errc::busy && co_await sleep_for(between_tries, until)) continue;
    if (!wire) co_return std::move(wire).error();
    use.wire = *std::move(wire);
    co_return use;
  }
}

Task<PowerState> ask(Use use, SerialRelay relay, Deadline deadline) {
  if (!relay.read_back) co_return PowerState::unknown;
  HILLTOP_CO_TRY(const bool closed, co_await relay.get(use.wire, relay, deadline));
  co_return closed != relay.normally_closed ? PowerState::on : PowerState::off;
}

Task<PowerState> read_state(Env env, SerialRelay relay, Deadline deadline) {
  if (!relay.read_back) co_return PowerState::unknown;
  HILLTOP_CO_TRY(auto use, co_await begin(std::move(env), relay, deadline));
  auto state = co_await ask(std::move(use), relay, deadline);
  if (!state) co_return std::move(state).within(relay.port.title());
  co_return state;
}

Task<> switch_to(Env env, SerialRelay relay, PowerState wanted, Deadline deadline) {
  HILLTOP_CO_TRY(const auto use, co_await begin(std::move(env), relay, deadline));
  const auto set = [&](bool on) { return relay.set(use.wire, relay, on != relay.normally_closed, deadline); };
  const auto get = [&] { return ask(use, relay, deadline); };
  auto done = co_await switch_and_read_back(set, get, wanted, deadline);
  if (!done) co_return std::move(done).within(relay.port.title() + ": relay " + std::to_string(relay.outlet));
  co_return done;
}

class SerialRelayPower final : public Device, PowerPort {
 public:
  SerialRelayPower(Env env, SerialRelay relay) : env_(std::move(env)), relay_(std::move(relay)) {}
  PowerPort* power() override { return this; }
  Task<> shut_down(Deadline) override { co_return ok(); }

 private:
  Task<> set(PowerState wanted, Deadline deadline) override { return switch_to(env_, relay_, wanted, deadline); }
  Task<PowerState> state(Deadline deadline) override { return read_state(env_, relay_, deadline); }

  Env env_;
  SerialRelay relay_;
};

SerialRelay read_common(Fields& fields, Diagnostics& diagnostics, unsigned most) {
  SerialRelay out;
  (void)fields.text("driver");
  fields.require("outlet", "which relay, counted from 1");
  out.port = read_serial_address(fields, diagnostics);
  out.outlet = static_cast<unsigned>(fields.integer("outlet", 1, most).value_or(1));
  out.normally_closed = fields.flag("normally_closed").value_or(false);
  return out;
}

SerialRelay read_lcus(const Node& address, Diagnostics& diagnostics) {
  Fields fields(address, "lcus-relay", diagnostics);
  auto out = read_common(fields, diagnostics, 16);
  const auto way = fields.word("read_back", {"none", "text", "frame"}).value_or("none");
  out.read_back = way != "none";
  out.set = set_lcus;
  out.get = way == "frame" ? get_lcus_frame : get_lcus;
  fields.refuse_others();
  return out;
}

SerialRelay read_numato(const Node& address, Diagnostics& diagnostics) {
  Fields fields(address, "numato-relay", diagnostics);
  fields.require("relays", "how many relays the module has");
  const auto relays = static_cast<unsigned>(fields.integer("relays", 1, 64).value_or(1));
  auto out = read_common(fields, diagnostics, relays);
  out.relays = relays;
  out.read_back = true;
  out.baud = 115200;  // a CDC device: the rate means nothing to it
  out.set = set_numato;
  out.get = get_numato;
  fields.refuse_others();
  return out;
}

using Read = SerialRelay (*)(const Node&, Diagnostics&);

template <Read read>
void check(const Node& address, Diagnostics& diagnostics) {
  (void)read(address, diagnostics);
}

template <Read read>
Result<std::unique_ptr<Device>> make(const Env& env, const Node& address) {
  Diagnostics diagnostics;
  auto relay = read(address, diagnostics);
  if (diagnostics.has_errors()) return diagnostics.to_error(Blame::configuration);
  return std::unique_ptr<Device>(std::make_unique<SerialRelayPower>(env, std::move(relay)));
}

}  // namespace

std::string lcus_query(unsigned relay) {
  return {static_cast<char>(0xa0), static_cast<char>(relay), 5, static_cast<char>((0xa0 + relay + 5) & 0xff)};
}

std::string lcus_order(unsigned relay, bool on) {
  const unsigned sum = 0xa0 + relay + (on ? 1 : 0);
  return {static_cast<char>(0xa0), static_cast<char>(relay), static_cast<char>(on ? 1 : 0),
          static_cast<char>(sum & 0xff)};
}

std::optional<bool> read_lcus_state(std::string_view text, unsigned relay) {
  const auto mark = "CH" + std::to_string(relay) + ":";
  auto at = text.find(mark);
  if (at == std::string_view::npos) return std::nullopt;
  const auto end = text.find('\n', at);
  if (end == std::string_view::npos) return std::nullopt;  // the rest of the line is on its way
  const auto line = text.substr(at + mark.size(), end - at - mark.size());
  if (line.contains("OFF")) return false;
  if (line.contains("ON")) return true;
  return std::nullopt;
}

std::string numato_name(unsigned outlet, unsigned relays) {
  const auto index = outlet - 1;
  if (relays > 32) return {static_cast<char>('0' + index / 10), static_cast<char>('0' + index % 10)};
  return {static_cast<char>(index < 10 ? '0' + index : 'A' + (index - 10))};
}

Result<bool> read_numato_state(std::string_view answer) {
  // The command's echo comes first, then the word on a line of its own, then the prompt.
  const auto has_line = [&](std::string_view word) {
    for (std::size_t at = 0; (at = answer.find(word, at)) != std::string_view::npos; ++at)
      if (at > 0 && (answer[at - 1] == '\n' || answer[at - 1] == '\r') && at + word.size() < answer.size() &&
          (answer[at + word.size()] == '\n' || answer[at + word.size()] == '\r'))
        return true;
    return false;
  };
  const bool on = has_line("on");
  const bool off = has_line("off");
  if (on == off)
    return Error(Errc::protocol, Blame::infrastructure, "it says neither on nor off: '" + std::string(answer) + "'");
  return on;
}

constinit const DriverInfo lcus_relay{
    .name = "lcus-relay",
    .offers = "power",
    .summary = "LCUS relay boards behind a CH340 serial port",
    .source = "LC Technology's LCUS frame A0 n s sum, and its query FF; the query 05: sellers' documents",
    .verified = Verified::specification,
    .check = check<read_lcus>,
    .make = make<read_lcus>,
};

constinit const DriverInfo numato_relay{
    .name = "numato-relay",
    .offers = "power",
    .summary = "Numato USB relay modules, read back",
    .source = "Numato Lab's USB relay command set (relay on, off, read)",
    .verified = Verified::specification,
    .check = check<read_numato>,
    .make = make<read_numato>,
};

}  // namespace hilltop::drivers
