// SPDX-License-Identifier: Apache-2.0
#include "drivers/net/telnet_stream.hpp"

#include <utility>

#include "drivers/core/log.hpp"
#include "drivers/protocol/rfc2217.hpp"

namespace hilltop::drivers {
namespace {

using rfc2217::Notice;

/// As LAVA's and others' telnet(1) does: takes what a console server offers, and echoes nothing.
std::unique_ptr<LineCodec> make_telnet() {
  telnet::Policy policy;
  policy.ours.set(telnet::binary).set(telnet::suppress_go_ahead);
  policy.theirs.set(telnet::binary).set(telnet::suppress_go_ahead).set(telnet::echo);
  auto out = std::make_unique<telnet::Telnet>(policy);
  out->enable_ours(telnet::binary);
  out->enable_theirs(telnet::binary);
  out->enable_theirs(telnet::suppress_go_ahead);
  return out;
}

std::string_view name_of(std::uint8_t code) {
  constexpr std::string_view names[] = {"signature", "baud",      "data_bits",
                                        "parity",    "stop_bits", "flow, dtr, rts or break"};
  return code < std::size(names) ? names[code] : "setting";
}

void count(LineErrors& errors, std::uint32_t bits) {
  if ((bits & rfc2217::overrun) != 0) ++errors.overruns;
  if ((bits & rfc2217::framing_error) != 0) ++errors.framing;
  if ((bits & rfc2217::parity_error) != 0) ++errors.parity;
  if ((bits & rfc2217::break_detected) != 0) ++errors.breaks;
}

Error no_com_port(const StreamAddress& address) {
  return {Errc::unsupported, Blame::configuration,
          address.to_string() + ": plain telnet does not control a line: use driver rfc2217 where the server can"};
}

}  // namespace

void TelnetStream::heard(State& state, const std::string& title, LineCodec& codec) {
  if (!state.options.com_port) {
    (void)static_cast<telnet::Telnet&>(codec).take_events();
    return;
  }
  for (const auto& notice : static_cast<rfc2217::Client&>(codec).take_notices()) {
    if (notice.kind == Notice::Kind::unsupported)
      log::warn("console at {}: the server does not speak RFC 2217: its line is driven as it says", title);
    if (notice.kind == Notice::Kind::refused)
      log::warn("console at {}: '{}' was refused: it is {}", title, name_of(notice.code), notice.value);
    if (notice.kind != Notice::Kind::line_state) continue;
    const std::lock_guard lock(state.mutex);
    count(state.errors, notice.value);
  }
}

Task<int> TelnetStream::connect(std::shared_ptr<State> state, Deadline deadline) {
  if (state->pump) co_return state->pump->console_end();
  HILLTOP_CO_TRY(const int wire, co_await connect_stream(state->options.address, deadline));
  auto codec = state->options.com_port ? std::make_unique<rfc2217::Client>(state->options.line) : make_telnet();
  // The pump is joined before the state goes.
  auto on_heard = [raw = state.get(), title = state->options.address.to_string()](LineCodec& heard_by) {
    heard(*raw, title, heard_by);
  };
  HILLTOP_CO_TRY(state->pump, CodecPump::start(wire, std::move(codec), std::move(on_heard)));
  co_return state->pump->console_end();
}

Result<LineSettings> TelnetStream::set_line(const LineSettings& settings) {
  if (!state_->options.com_port) return no_com_port(state_->options.address);
  state_->options.line = settings;
  if (state_->pump)
    state_->pump->with([settings](LineCodec& codec) { static_cast<rfc2217::Client&>(codec).set(settings); });
  return settings;
}

Result<> TelnetStream::hold_break(bool on) {
  if (!state_->options.com_port) return no_com_port(state_->options.address);
  if (!state_->pump)
    return Error(Errc::unavailable, Blame::infrastructure, state_->options.address.to_string() + ": is not connected");
  state_->pump->with([on](LineCodec& codec) { static_cast<rfc2217::Client&>(codec).set_break(on); });
  return ok();
}

LineErrors TelnetStream::take_errors() {
  const std::lock_guard lock(state_->mutex);
  return std::exchange(state_->errors, {});
}

}  // namespace hilltop::drivers
