// SPDX-License-Identifier: Apache-2.0
// The formats that are about what boards hang on: labgrid's exporter and pdudaemon.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "web/cli/lab_import.hpp"

namespace hilltop::cli {
namespace {

/// What a labgrid resource matches by, of a USB device: its serial number or its place.
/// Source: labgrid, doc/configuration.rst, "udev Matching"; a leading @ asks the device's parents.
struct Match {
  std::string serial, id_path;
};

Match match_of(const Node& resource) {
  Match out;
  for (const auto& [key, value] : resource["match"].entries()) {
    auto name = key.text();
    if (name.starts_with('@')) name.erase(0, 1);
    if (name == "ID_SERIAL_SHORT") out.serial = value.text();
    if (name == "ID_PATH") out.id_path = value.text();
  }
  return out;
}

std::string text_of(const Node& resource, std::string_view key, std::string_view fallback = "") {
  return resource[key] && !resource[key].text().empty() ? resource[key].text() : std::string(fallback);
}

std::string speed_of(const Node& resource) {
  return resource["speed"] ? ", baud: " + yaml_number(resource["speed"]) : std::string();
}

/// The one line that a resource becomes; "" where it has no meaning here.
std::string usb_serial(const Node& resource) {
  const auto match = match_of(resource);
  if (!match.serial.empty())
    return fmt::format("console: {{driver: tty, usb: {{serial: {}}}{}}}", yaml_text(match.serial), speed_of(resource));
  if (match.id_path.empty()) return "";
  return fmt::format("console: {{driver: tty, path: {}{}}}", yaml_text("/dev/serial/by-path/" + match.id_path),
                     speed_of(resource));
}

std::string network_serial(const Node& resource) {
  const auto driver = text_of(resource, "protocol", "rfc2217") == "raw" ? "tcp" : "rfc2217";
  return fmt::format("console: {{driver: {}, host: {}, port: {}{}}}", driver, yaml_scalar(text_of(resource, "host")),
                     yaml_number(resource["port"]), std::string_view(driver) == "tcp" ? "" : speed_of(resource));
}

std::string raw_serial(const Node& resource) {
  const auto port = text_of(resource, "port");
  const bool unstable = port.starts_with("/dev/ttyUSB") || port.starts_with("/dev/ttyACM");
  return fmt::format("console: {{driver: tty, path: {}{}{}}}", yaml_scalar(port), speed_of(resource),
                     unstable ? ", allow_unstable: true" : "");
}

/// What is said of a server by a name or a URL: "http://ann:s3cret@pdu-3.lab:8080/x".
struct Server {
  std::string host, port, user, password;
};

Server server_of(std::string text) {
  Server out;
  if (const auto scheme = text.find("://"); scheme != text.npos) text.erase(0, scheme + 3);
  text = text.substr(0, text.find('/'));
  if (const auto at = text.rfind('@'); at != text.npos) {
    const auto colon = std::min(text.find(':'), at);
    out.user = text.substr(0, colon);
    if (colon < at) out.password = text.substr(colon + 1, at - colon - 1);
    text.erase(0, at + 1);
  }
  const auto bracket = text.find(']');  // [fe80::1]:8080
  const auto colon = text.find(':', bracket == text.npos ? 0 : bracket);
  out.host = text.substr(0, colon);
  if (colon != text.npos) out.port = text.substr(colon + 1);
  return out;
}

/// ", KEY: 'VALUE'", or nothing.
std::string key_with(std::string_view key, const std::string& value) {
  return value.empty() ? std::string() : fmt::format(", {}: {}", key, yaml_text(value));
}

std::string port_key(const std::string& port) {
  const bool number = !port.empty() && port.find_first_not_of("0123456789") == port.npos;
  return number ? ", port: " + port : key_with("port", port);
}

/// The port of a pdudaemon, where it is not the usual one.
std::string daemon_port(const std::string& port) { return port == "16421" ? std::string() : port_key(port); }

/// labgrid names a unit's module below labgrid/driver/power; the models here say which one they stand for.
struct UnitName {
  std::string_view theirs, ours;
};

constexpr auto units = std::to_array<UnitName>({
    {"apc", "apc"},
    {"digipower", "digipower"},
    {"digitalloggers_http", "digital-loggers"},
    {"digitalloggers_restapi", "digital-loggers-rest"},
    {"eaton", "eaton"},
    {"eg_pms2_network", "energenie-lan-web"},
    {"gude", "gude"},
    {"gude24", "gude24"},
    {"gude8031", "gude8031"},
    {"gude8225", "gude8225"},
    {"gude8316", "gude8316"},
    {"netio", "netio-tgi"},
    {"netio_kshell", "netio-kshell"},
    {"pe6216", "aten-pe6216"},
    {"poe_mib", "poe-mib"},
    {"raritan", "raritan"},
    {"rest", "rest"},
    {"sentry", "sentry3"},
    {"shelly_gen1", "shelly-gen1"},
    {"shelly_gen2", "shelly-gen2"},
    {"simplerest", "simple-rest"},
    {"tinycontrol", "tinycontrol"},
    {"tinycontrol_tcpdu", "tinycontrol-tcpdu"},
    {"ubus", "openwrt-poe"},
});

std::string network_power(const Node& resource) {
  const auto* unit = std::ranges::find(units, text_of(resource, "model"), &UnitName::theirs);
  if (unit == units.end()) return "";
  const auto server = server_of(text_of(resource, "host"));
  return fmt::format(
      "power: {{driver: power-unit, model: {}, host: {}{}, outlet: {}{}{}}}  # is the outlet counted alike?",
      unit->ours, yaml_scalar(server.host), port_key(server.port), yaml_number(resource["index"]),
      key_with("user", server.user), key_with("password", server.password));
}

std::string pdudaemon_port(const Node& resource) {
  const auto server = server_of(text_of(resource, "host"));
  return fmt::format("power: {{driver: pdudaemon, host: {}{}, pdu: {}, outlet: {}}}", yaml_scalar(server.host),
                     daemon_port(server.port), yaml_scalar(text_of(resource, "pdu")),
                     yaml_text(resource["index"].text()));
}

std::string ykush(const Node& resource) {
  return fmt::format("power: {{driver: ykush, serial: {}, outlet: {}}}", yaml_text(text_of(resource, "serial")),
                     yaml_number(resource["index"]));
}

std::string by_serial(const Node& resource, std::string_view role, std::string_view driver) {
  const auto match = match_of(resource);
  if (match.serial.empty()) return "";
  return fmt::format("{}: {{driver: {}, serial: {}}}", role, driver, yaml_text(match.serial));
}

std::string translated(const std::string& cls, const Node& resource) {
  if (cls == "USBSerialPort") return usb_serial(resource);
  if (cls == "RawSerialPort") return raw_serial(resource);
  if (cls == "NetworkSerialPort") return network_serial(resource);
  if (cls == "NetworkPowerPort") return network_power(resource);
  if (cls == "PDUDaemonPort") return pdudaemon_port(resource);
  if (cls == "YKUSHPowerPort") return ykush(resource);
  if (cls == "USBDebugger") return by_serial(resource, "probe", "openocd");
  if (cls == "USBSDMuxDevice") return by_serial(resource, "storage", "usb-sd-mux");
  if (cls == "USBSDWireDevice") return by_serial(resource, "storage", "sdwire");
  if (cls == "DFUDevice") return by_serial(resource, "flash", "dfu");
  return "";
}

std::string role_of(const std::string& line) { return line.substr(0, line.find(':')); }

ImportedBoard labgrid_group(const std::string& name, const Node& group) {
  ImportedBoard out;
  out.name = name;
  for (const auto& [key, resource] : group.entries()) {
    if (!resource.is_map()) {
      out.unknown.push_back(as_comment(key.text(), resource));
      continue;
    }
    const auto cls = text_of(resource, "cls", key.text());
    auto line = translated(cls, resource);
    const bool taken =
        std::ranges::any_of(out.lines, [&](const auto& other) { return role_of(other) == role_of(line); });
    if (line.empty() || taken)
      out.unknown.push_back(as_comment(cls, resource));
    else
      out.lines.push_back(std::move(line));
  }
  return out;
}

std::string outlet_line(const std::string& daemon, const Node& alias) {
  return fmt::format("power: {{driver: pdudaemon, host: {}, pdu: {}, outlet: {}}}", daemon,
                     yaml_scalar(alias["hostname"].text()), yaml_text(alias["port"].text()));
}

/// "HOST" or "HOST, port: N". A daemon that listens everywhere is reached at this machine.
std::string daemon_place(const Node& configuration) {
  const auto host = text_of(configuration["daemon"], "hostname", "localhost");
  const auto port = configuration["daemon"]["port"];
  return (host == "0.0.0.0" || host == "::" ? "localhost" : yaml_scalar(host)) + daemon_port(port.text());
}

}  // namespace

Imported import_labgrid(const Node& exporter) {
  Imported out{"a labgrid exporter's configuration", {}, {}};
  for (const auto& [key, group] : exporter.entries())
    if (group.is_map()) out.boards.push_back(labgrid_group(key.text(), group));
  return out;
}

Imported import_pdudaemon(const Node& configuration) {
  Imported out{"a pdudaemon configuration", {}, {}};
  const auto daemon = daemon_place(configuration);
  for (const auto& [name, alias] : configuration["aliases"].entries()) {
    ImportedBoard board;
    board.name = name.text();
    board.lines.push_back(outlet_line(daemon, alias));
    const auto& driver = configuration["pdus"][alias["hostname"].text()]["driver"].text();
    if (!driver.empty())
      board.unknown.push_back("console: it knows of power alone (the unit's driver there is " + driver + ")");
    out.boards.push_back(std::move(board));
  }
  for (const auto& [name, unit] : configuration["pdus"].entries())
    out.unknown.push_back("unit " + as_comment(name.text(), unit["driver"]) +
                          " (as it is: power: {driver: pdudaemon, host: " + daemon +
                          ", pdu: " + yaml_scalar(name.text()) + ", outlet: N})");
  return out;
}

}  // namespace hilltop::cli
