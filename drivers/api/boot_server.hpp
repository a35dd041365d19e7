// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "drivers/core/task.hpp"

namespace hilltop::drivers {

/// What a board did with the files that it was given: for a job's log and its boot-time measurements.
struct BootEvent {
  enum class Kind : std::uint8_t {
    address_given,  ///< DHCP or BOOTP answered; `name` is the boot file it was told
    sent,           ///< a file went out, whole (or the range that was asked for)
    not_found,      ///< the board asked for what is not served to it
    failed          ///< a transfer began and did not end: `text` says why
  };
  Kind kind = Kind::sent;
  std::string protocol;  ///< "tftp", "http", "dhcp"
  std::string name;      ///< as the board asked for it
  std::uint64_t bytes = 0;
  std::chrono::nanoseconds duration{0};
  std::string text;  ///< one line for people
};

/// Which board is served what. A file is asked for by its name in `files`, or else by its path under `folder`; a
/// leading
/// '/' counts in neither. Nothing else of the host can be reached.
struct BootRegistration {
  std::string address;  ///< the board's IPv4 address, "192.0.2.7": TFTP and HTTP serve requests from there. "" = none
  std::string mac;      ///< "52:54:00:aa:00:01": DHCP answers it, and gives it `address`. "" = no DHCP
  std::map<std::string, std::filesystem::path> files;
  std::filesystem::path folder;                                    ///< "" = none. Links that lead out of it are refused
  std::string boot_file;                                           ///< what DHCP tells the board to fetch; "" = nothing
  std::map<std::uint16_t, std::string> boot_file_by_architecture;  ///< by DHCP option 93
  std::string host_name;                                           ///< told by DHCP

  /// A port at the loopback address that serves HTTP for this registration alone: for emulated boards whose requests
  /// come from the emulator's own address (QEMU's guestfwd). Whoever can connect there may read.
  bool own_http_port = false;

  std::function<void(const BootEvent&)> on_event;
};

/// The files are served while this lives; then transfers that still run are ended.
class BootLease {
 public:
  virtual ~BootLease() = default;
  /// Of own_http_port, or 0.
  [[nodiscard]] virtual std::uint16_t own_http_port() const = 0;
};

/// Network boot: TFTP, HTTP and DHCP for the boards that were registered, and nobody else.
/// Thread: the worker's, the leases too. Lifetime: outlives its leases.
class BootServer {
 public:
  virtual ~BootServer() = default;

  /// Errors: bad_input (configuration) for an address that is none, or a registration that no board could use;
  /// busy (infrastructure) when the address is served already; unavailable (infrastructure) for a port that cannot be
  /// had.
  virtual Result<std::unique_ptr<BootLease>> serve(BootRegistration registration) = 0;

  /// What boards reach it by: for {SERVER_IP} in boot commands. "" where it has none but loopback.
  [[nodiscard]] virtual std::string server_address() const = 0;
  /// Where it listens; 0 = not at all.
  [[nodiscard]] virtual std::uint16_t tftp_port() const = 0;
  [[nodiscard]] virtual std::uint16_t http_port() const = 0;

  /// Whether it answers DHCP: then a registration may have a MAC address.
  [[nodiscard]] virtual bool gives_addresses() const = 0;

  /// Ends transfers and listeners. Must have ended before the object dies.
  virtual Task<> shut_down(Deadline deadline) = 0;
};

}  // namespace hilltop::drivers
