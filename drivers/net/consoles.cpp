// SPDX-License-Identifier: Apache-2.0
// Consoles that somebody else serves. All connect again by themselves after the server has gone.
// Driver `tcp`: bytes as they are.
//   driver: tcp
//   host: ser2net.lab        # a name or an address
//   port: 2001
// Driver `unix`: the same at a unix socket of this machine.
//   driver: unix
//   path: /run/lab/board-7.sock
// Driver `telnet`: a telnet server, such as ser2net or a terminal server; the line is driven as the server says.
//   driver: telnet
//   host: ts-1.lab
//   port: 7003
// Driver `rfc2217`: a telnet server that lets the line be driven.
//   driver: rfc2217
//   host: ser2net.lab
//   port: 2001
//   baud: 115200             # and the other options of a line: drivers/serial/line_options.hpp
// Driver `rtt`: SEGGER RTT, as OpenOCD (`rtt server start`) and J-Link's programs serve it.
//   driver: rtt
//   host: localhost          # optional
//   port: 19021              # optional: J-Link's; OpenOCD has none of its own
//   banner: yes              # optional: take J-Link's banner off; OpenOCD sends none
//   channel: 0               # optional, of J-Link's server only: the up-channel, which OpenOCD chooses by its port
// Source: RFC 854, RFC 2217; OpenOCD User's Guide, "RTT"; SEGGER wiki, "RTT" and "J-Link RTT TELNET channel".
#include "drivers/core/fields.hpp"
#include "drivers/net/socket_stream.hpp"
#include "drivers/net/telnet_stream.hpp"
#include "drivers/serial/line_options.hpp"
#include "drivers/serial/stream_device.hpp"
#include "drivers/tables.hpp"

namespace hilltop::drivers {
namespace {

constexpr std::int64_t highest_port = 65535;
constexpr std::int64_t j_link_rtt_port = 19021;
constexpr std::int64_t most_channels = 15;

std::string read_host(Fields& fields) {
  auto host = fields.text("host").value_or("");
  if (host.find_first_of(" /") != std::string::npos || host.starts_with('-'))
    fields.error(fields.node()["host"], "'host': '" + host + "' is no name of a host",
                 "such as ser2net.lab or 192.0.2.7");
  if (host.find(':') != host.rfind(':') || !host.contains(':')) return host;  // an IPv6 address has several
  fields.error(fields.node()["host"], "'host' holds a port", "write 'port: " + host.substr(host.find(':') + 1) + "'");
  return host;
}

StreamAddress read_place(Fields& fields) {
  fields.require("host", "the server's name or address");
  fields.require("port", "the console's port at the server");
  StreamAddress out{read_host(fields), 0};
  out.port = static_cast<std::uint16_t>(fields.integer("port", 1, highest_port).value_or(0));
  return out;
}

SocketStream::Options read_tcp(const Node& address, Diagnostics& diagnostics) {
  Fields fields(address, "tcp", diagnostics);
  (void)fields.text("driver");
  SocketStream::Options out{read_place(fields), {}};
  fields.refuse_others();
  return out;
}

SocketStream::Options read_unix(const Node& address, Diagnostics& diagnostics) {
  constexpr std::size_t longest_path = 107;  // unix(7)
  Fields fields(address, "unix", diagnostics);
  (void)fields.text("driver");
  fields.require("path", "the socket's path");
  SocketStream::Options out{{"", 0, fields.text("path").value_or("")}, {}};
  const auto& path = out.address.path;
  if (!path.empty() && !path.starts_with('/')) fields.error(address["path"], "'path' must begin with '/'");
  if (path.size() > longest_path) fields.error(address["path"], "'path' has more than 107 characters");
  fields.refuse_others();
  return out;
}

SocketStream::Options read_rtt(const Node& address, Diagnostics& diagnostics) {
  Fields fields(address, "rtt", diagnostics);
  (void)fields.text("driver");
  SocketStream::Options out;
  out.address.host = read_host(fields);
  if (out.address.host.empty()) out.address.host = "localhost";
  out.address.port = static_cast<std::uint16_t>(fields.integer("port", 1, highest_port).value_or(j_link_rtt_port));
  const bool j_link = out.address.port == j_link_rtt_port;
  out.skip_banner = fields.flag("banner").value_or(j_link);
  if (const auto channel = fields.integer("channel", 0, most_channels)) {
    if (!out.skip_banner)
      fields.error(address["channel"], "'channel' is asked of a J-Link's server only",
                   "OpenOCD: 'rtt server start PORT CHANNEL', and 'port: PORT' here");
    if (*channel > 0) out.greeting = "$$SEGGER_TELNET_ConfigStr=RTTCh;" + std::to_string(*channel) + "$$";
  }
  fields.refuse_others();
  return out;
}

TelnetStream::Options read_telnet(const Node& address, Diagnostics& diagnostics) {
  Fields fields(address, "telnet", diagnostics);
  (void)fields.text("driver");
  TelnetStream::Options out;
  out.address = read_place(fields);
  if (const auto baud = fields.node()["baud"])
    fields.error(baud, "'baud' is the server's business", "driver rfc2217 sets it, where the server can");
  (void)fields.take("baud");
  fields.refuse_others();
  return out;
}

TelnetStream::Options read_rfc2217(const Node& address, Diagnostics& diagnostics) {
  Fields fields(address, "rfc2217", diagnostics);
  (void)fields.text("driver");
  TelnetStream::Options out;
  out.address = read_place(fields);
  out.com_port = true;
  out.line = read_line_options(fields);
  fields.refuse_others();
  return out;
}

template <auto read>
void check(const Node& address, Diagnostics& diagnostics) {
  (void)read(address, diagnostics);
}

template <class Stream, auto read>
Result<std::unique_ptr<Device>> make(const Env&, const Node& address) {
  Diagnostics diagnostics;
  auto options = read(address, diagnostics);
  if (diagnostics.has_errors()) return diagnostics.to_error(Blame::configuration);
  return make_stream_device<Stream>(std::move(options));
}

}  // namespace

constinit const DriverInfo tcp_console{
    .name = "tcp",
    .offers = "console",
    .summary = "a console served at a TCP port, byte for byte",
    .source = "RFC 793",
    .verified = Verified::independent_tool,
    .check = check<read_tcp>,
    .make = make<SocketStream, read_tcp>,
};

constinit const DriverInfo unix_console{
    .name = "unix",
    .offers = "console",
    .summary = "a console served at a unix socket, byte for byte",
    .source = "unix(7)",
    .verified = Verified::independent_tool,
    .check = check<read_unix>,
    .make = make<SocketStream, read_unix>,
};

constinit const DriverInfo telnet_console{
    .name = "telnet",
    .offers = "console",
    .summary = "a console behind a telnet server",
    .source = "RFC 854, RFC 855, RFC 856, RFC 1143",
    .verified = Verified::independent_tool,
    .check = check<read_telnet>,
    .make = make<TelnetStream, read_telnet>,
};

constinit const DriverInfo rfc2217_console{
    .name = "rfc2217",
    .offers = "console",
    .summary = "a serial port behind a telnet server that lets it be driven",
    .source = "RFC 2217",
    .verified = Verified::independent_tool,
    .check = check<read_rfc2217>,
    .make = make<TelnetStream, read_rfc2217>,
};

constinit const DriverInfo rtt_console{
    .name = "rtt",
    .offers = "console",
    .summary = "SEGGER RTT, as OpenOCD and J-Link serve it",
    .source = "OpenOCD User's Guide, \"RTT\"; SEGGER wiki, \"RTT\"",
    .verified = Verified::specification,
    .check = check<read_rtt>,
    .make = make<SocketStream, read_rtt>,
};

}  // namespace hilltop::drivers
