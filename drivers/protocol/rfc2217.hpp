// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "drivers/core/line_settings.hpp"
#include "drivers/protocol/telnet.hpp"

/// A serial port over telnet: both ends. Source: RFC 2217 ("Telnet Com Port Control Option").
namespace hilltop::drivers::rfc2217 {

/// Of the client; the server answers with the code plus 100. Source: RFC 2217, section 3.
enum Code : std::uint8_t {
  signature = 0,
  set_baudrate = 1,
  set_datasize = 2,
  set_parity = 3,
  set_stopsize = 4,
  set_control = 5,
  notify_linestate = 6,
  notify_modemstate = 7,
  flowcontrol_suspend = 8,
  flowcontrol_resume = 9,
  set_linestate_mask = 10,
  set_modemstate_mask = 11,
  purge_data = 12,
};
inline constexpr std::uint8_t server_offset = 100;

/// Values of set_control. Source: RFC 2217, section 3, SET-CONTROL.
enum Control : std::uint8_t {
  ask_flow = 0,
  flow_none = 1,
  flow_xon_xoff = 2,
  flow_hardware = 3,
  ask_break = 4,
  break_on = 5,
  break_off = 6,
  ask_dtr = 7,
  dtr_on = 8,
  dtr_off = 9,
  ask_rts = 10,
  rts_on = 11,
  rts_off = 12,
  ask_inbound_flow = 13,
  inbound_none = 14,
  inbound_xon_xoff = 15,
  inbound_hardware = 16,
};

/// Bits of a line state. Source: RFC 2217, section 3, NOTIFY-LINESTATE.
enum LineState : std::uint8_t { data_ready = 1, overrun = 2, parity_error = 4, framing_error = 8, break_detected = 16 };
/// Bits of a modem state. Source: RFC 2217, section 3, NOTIFY-MODEMSTATE.
enum ModemState : std::uint8_t { cts = 16, dsr = 32, ring = 64, carrier = 128 };

/// Values of purge_data.
enum Purge : std::uint8_t { purge_received = 1, purge_sent = 2, purge_both = 3 };

/// What a client hears beside the data.
struct Notice {
  enum class Kind : std::uint8_t {
    ready,        ///< the peer speaks RFC 2217; the line's settings were sent
    unsupported,  ///< the peer does not: its line is as it is
    settled,      ///< `code` was acknowledged with `value`
    refused,      ///< `code` was answered with `value`, which is not what was asked for
    line_state,   ///< `value` has LineState bits
    modem_state,  ///< `value` has ModemState bits
    signature     ///< `text` says who the peer is
  };
  Kind kind = Kind::ready;
  std::uint8_t code = 0;
  std::uint32_t value = 0;
  std::string text = {};
  bool operator==(const Notice&) const = default;
};

/// The client: sets the line as soon as the peer agrees to the option, and hears of its errors.
class Client final : public LineCodec {
 public:
  /// Asks for binary both ways, and for the option.
  explicit Client(LineSettings settings);

  std::size_t receive(std::span<char> wire) override;
  void send(std::string_view bytes, std::string& wire) override { telnet_.send(bytes, wire); }
  std::string take_output() override { return telnet_.take_output(); }
  [[nodiscard]] bool settling() const override { return telnet_.settling(); }
  [[nodiscard]] bool suspended() const override { return suspended_; }
  std::vector<Notice> take_notices();

  /// Changes the line; sent now when the peer has agreed to the option, else when it does.
  void set(LineSettings settings);
  void set_break(bool on) { control(on ? break_on : break_off); }
  void set_dtr(bool on) { control(on ? dtr_on : dtr_off); }
  void set_rts(bool on) { control(on ? rts_on : rts_off); }
  void purge(Purge what);
  /// Whether the peer has agreed to the option.
  [[nodiscard]] bool ready() const { return telnet_.ours(telnet::com_port); }
  /// Settings that were sent and are not answered yet.
  [[nodiscard]] std::size_t unanswered() const { return asked_.size(); }

 private:
  struct Asked {
    std::uint8_t code = 0;
    std::uint32_t value = 0;
  };
  void ask(std::uint8_t code, std::uint32_t value);
  void control(std::uint8_t value);
  void apply();
  void handle(const telnet::Event& event);
  void answered(std::uint8_t code, std::string_view payload);
  void settled(std::uint8_t code, std::uint32_t value);

  telnet::Telnet telnet_;
  LineSettings settings_;
  bool suspended_ = false;
  std::vector<Asked> asked_;
  std::vector<Notice> notices_;
};

/// What a client asks of the port. `value` 0 of the settings asks how they are. Each setting is to be answered.
struct Demand {
  std::uint8_t code = 0;  ///< set_baudrate to set_control, purge_data; telnet's break comes as set_control break_on
  std::uint32_t value = 0;
  bool operator==(const Demand&) const = default;
};

/// The server's end of one connection.
class Server final : public LineCodec {
 public:
  /// `name` is what it calls itself when it is asked for its signature. Offers binary both ways, to echo (the board
  /// does) and no go-aheads.
  explicit Server(std::string name);

  std::size_t receive(std::span<char> wire) override;
  void send(std::string_view bytes, std::string& wire) override { telnet_.send(bytes, wire); }
  std::string take_output() override { return telnet_.take_output(); }
  [[nodiscard]] bool settling() const override { return telnet_.settling(); }
  [[nodiscard]] bool suspended() const override { return suspended_; }
  std::vector<Demand> take_demands();

  /// Answers a demand: `value` is what the port now has.
  void answer(std::uint8_t code, std::uint32_t value);
  /// Tells of the port's state, as far as the client wants to hear it.
  void notify_line(std::uint8_t bits);
  void notify_modem(std::uint8_t bits);
  /// Whether the client has agreed to the option: else it is a plain telnet.
  [[nodiscard]] bool ready() const { return ready_; }

 private:
  void handle(const telnet::Event& event);
  void demand(std::uint8_t code, std::string_view payload);
  void say(std::uint8_t code, std::string_view payload);

  telnet::Telnet telnet_;
  std::string name_;
  bool ready_ = false;
  bool suspended_ = false;
  std::uint8_t line_mask_ = 0;
  std::uint8_t modem_mask_ = 255;  // as the RFC has it at the beginning
  std::uint8_t modem_ = carrier | dsr | cts;
  std::vector<Demand> demands_;
};

}  // namespace hilltop::drivers::rfc2217
