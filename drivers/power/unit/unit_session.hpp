// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "drivers/core/env.hpp"
#include "drivers/core/line_settings.hpp"
#include "drivers/power/unit/unit_request.hpp"
#include "drivers/usb/usb_device.hpp"

namespace hilltop::drivers::unit {

/// Where a unit is, and what is needed to talk to it. Never changed once it is made.
struct UnitAddress {
  std::shared_ptr<const UnitModel> model;
  std::string host;
  std::uint16_t port = 0;
  std::string tty;                           ///< serial
  UsbMatch usb;                              ///< hid
  std::string certificate;                   ///< https: a PEM file that the unit's certificate must be signed with
  bool any_certificate = false;              ///< https: whatever it shows
  Variables parameters;                      ///< those of the model, and `host`
  std::map<std::string, std::string> files;  ///< of secrets: name, and the file whose first line it is

  /// Same unit, same text: what its queue is called. "10.0.0.7:161", "/dev/ttyUSB0".
  [[nodiscard]] std::string place() const;
  /// "apc at 10.0.0.7:161", for messages.
  [[nodiscard]] std::string title() const { return model->name + " at " + place(); }
  /// All parameters, secrets read from their files now. Errors: not_found, denied (configuration).
  [[nodiscard]] Result<Variables> variables() const;
};

/// A conversation with one unit. Thread: the worker's. One exchange at a time.
class UnitSession {
 public:
  virtual ~UnitSession() = default;
  /// Sends and takes the reply, which may be empty where none is expected.
  /// Errors, all infrastructure's: unavailable when nobody answers there, or hangs up; timeout; denied for credentials
  /// that are not taken; protocol for a reply that the transport does not understand.
  virtual Task<std::string> exchange(Request request, Deadline deadline) = 0;
  /// The same for several; at once where the transport can.
  virtual Task<std::vector<std::string>> exchange_all(std::vector<Request> requests, Deadline deadline);
  /// Whether the session may be used again after an operation that went well.
  [[nodiscard]] virtual bool stays_open() const { return false; }
};

using AddressPtr = std::shared_ptr<const UnitAddress>;
using SessionPtr = std::shared_ptr<UnitSession>;

/// Opens a conversation as the model's shape has it. `variables`: with the secrets. Errors: as exchange().
Task<SessionPtr> open_session(Env env, AddressPtr address, Variables variables, Deadline deadline);

// One a shape (telnet, tcp and serial share one).
Task<SessionPtr> open_http(Env env, AddressPtr address, Variables variables, Deadline deadline);
Task<SessionPtr> open_snmp(Env env, AddressPtr address, Variables variables, Deadline deadline);
Task<SessionPtr> open_stream(Env env, AddressPtr address, Variables variables, Deadline deadline);
Task<SessionPtr> open_hid(Env env, AddressPtr address, Variables variables, Deadline deadline);
Task<SessionPtr> open_command(Env env, AddressPtr address, Variables variables, Deadline deadline);

}  // namespace hilltop::drivers::unit
