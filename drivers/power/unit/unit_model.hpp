// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "drivers/core/driver_info.hpp"
#include "drivers/core/node.hpp"
#include "drivers/power/unit/unit_template.hpp"

/// What is known of a kind of power unit: data (`drivers/power/units/*.yaml`), read and checked.
/// The keys of such a file are explained in drivers/power/unit/MODELS.md.
namespace hilltop::drivers::unit {

/// How one talks to it.
enum class Shape : std::uint8_t { http, snmp, telnet, tcp, serial, hid, command };
[[nodiscard]] std::string_view to_string(Shape shape) noexcept;

/// A refusal that a unit puts into words: what its reply matches, and what that means.
struct Refusal {
  Template match;
  Errc is = Errc::unavailable;  ///< unavailable, busy (somebody else has the unit) or denied (credentials)
  std::string says;             ///< for people
};

enum class Checksum : std::uint8_t { none, sum, bitwise_xor, modbus };  ///< the last: CRC-16, low byte first
enum class SnmpKind : std::uint8_t { get, set };

/// One thing that is sent and its reply. Which members count, the shape says.
struct Exchange {
  // http
  std::string method;
  Template path;
  std::vector<std::pair<std::string, Template>> headers;
  std::string content_type;
  // http and hid: the body or report; telnet, tcp and serial: what is sent; `is_hex`: written as hexadecimal digits
  Template send;
  bool sends = false;  ///< telnet: a line, even an empty one
  bool is_hex = false;
  Checksum checksum = Checksum::none;  ///< added behind
  std::optional<Template> until;       ///< the reply is over when it matches; telnet, tcp, serial
  std::size_t reply_bytes = 0;         ///< or when there are as many; hid: how many are asked for
  // snmp
  SnmpKind snmp = SnmpKind::get;
  Template oid;
  Template value;  ///< a number
  // hid
  Template report;  ///< its number; 0 where it has none
  // command
  std::vector<Template> argv;
  // all
  std::string only_with;           ///< left out where this variable is empty
  bool in_hex = false;             ///< patterns are looked for in the reply's hexadecimal digits (small letters)
  std::optional<Template> expect;  ///< a reply that does not match is wrong
  std::vector<Refusal> refusals;
  std::vector<std::pair<std::string, Template>>
      save;                            ///< a variable, and the pattern that finds its value in the reply
  std::chrono::milliseconds pause{0};  ///< before the next one

  /// Whether what is sent depends on which outlet is meant.
  [[nodiscard]] bool names(std::string_view variable) const;
};

/// What a reply says of an outlet: text is taken from it, step by step, and looked up.
struct Reading {
  bool is_hex = false;              ///< first: the bytes as hexadecimal digits
  std::optional<Template> json;     ///< then: what stands at this place (RFC 6901)
  std::optional<Template> pattern;  ///< then: what this finds (its group)
  std::optional<Template> field;    ///< then: this one of the texts between `separator`, counted from 0
  std::string separator;
  std::optional<Template> bit;        ///< then: of a number to this `base`, "1" or "0"
  std::optional<Template> character;  ///< or: this one of its characters, counted from 0
  int base = 16;
  std::vector<std::string> on, off, pending;  ///< what it can be; letters' case does not count
};

/// What an address may or must say beside the usual.
struct Parameter {
  std::string name, help;
  bool required = false;
  bool secret = false;
  std::optional<std::string> usual;  ///< where the address says nothing
};

struct UnitModel {
  std::string name, title, source;
  std::string meaning;  ///< all that the file says: models that mean the same are the same
  Verified verified = Verified::unproven;
  Shape shape = Shape::http;
  bool named_outlets = false;  ///< outlets have names, not numbers
  std::int64_t first_outlet = 1, last_outlet = 1;
  std::vector<Parameter> parameters;
  std::vector<std::string> quirks;  ///< for people

  std::uint16_t port = 0;
  bool tls = false;
  std::string auth;                   ///< http: "", basic, digest, bearer
  std::string end_of_line = "\r\n";   ///< telnet
  std::uint32_t baud = 9600;          ///< serial
  std::optional<std::string> usb_id;  ///< hid
  bool kasa = false;                  ///< tcp: messages have a length before them, and are veiled
  std::string snmp_version;           ///< "1", "2c", "3"

  std::map<std::string, std::string> words;  ///< on, off, cycle: what `${word}` is then
  std::vector<Exchange> begin, end, on, off, cycle, state;
  Reading reading;  ///< of the last reply of `state`

  std::chrono::milliseconds timeout{5000};  ///< of one exchange
  std::chrono::milliseconds settle{10000};  ///< how long a read-back may disagree
  std::chrono::milliseconds between{250};   ///< read-backs
  std::chrono::milliseconds gap{0};         ///< between two operations on the unit
  std::chrono::milliseconds delay{0};       ///< after switching, before anything else
  unsigned refuse_after = 3;                ///< failures in a row
  std::chrono::milliseconds refuse_for{30000};

  [[nodiscard]] bool can_read() const { return !state.empty(); }
  /// Whether one reply tells of all outlets.
  [[nodiscard]] bool reads_all() const;
  [[nodiscard]] const Parameter* find_parameter(std::string_view name) const;
};

/// Reads a model. Complaints go to `diagnostics`; nullptr when there are errors among them.
std::shared_ptr<const UnitModel> read_unit_model(const Node& file, Diagnostics& diagnostics);

/// The models that hilltop has, by name.
[[nodiscard]] const std::map<std::string, std::shared_ptr<const UnitModel>, std::less<>>& unit_models();

}  // namespace hilltop::drivers::unit
