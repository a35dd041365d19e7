// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "drivers/core/task.hpp"

namespace hilltop::drivers {

/// A generic emulated board whose machine is chosen by each job (board type `qemu`): takes the argument vector for its
/// next power-on. Boards with a fixed machine do not offer it.
class ConfigurableMachine {
 public:
  virtual ~ConfigurableMachine() = default;

  /// LAVA's context (arch, cpu, machine, memory, ...), scalars as text.
  struct Setup {
    std::map<std::string, std::string> context;
    std::vector<std::string> image_args;      ///< one string an image, file names already substituted
    std::vector<std::string> extra_options;
    std::string job_dir;                      ///< the only folder whose files the arguments may name
  };

  /// Checks and keeps the set-up for the next power-on.
  /// Errors: denied (job) for a machine or option that is not allowed, a path outside of job_dir, a host device or network;
  /// bad_input (job) for an unknown arch.
  virtual Result<> configure(Setup setup) = 0;
  /// Forgets it: the board cannot be powered until it is configured again.
  virtual void reset_configuration() = 0;
};

/// What a job lends an emulated board for its next power-ons: files for its boot loader and drives, and ways to the
/// job's own servers. Nothing of it outlives the lease.
class BootFiles {
 public:
  virtual ~BootFiles() = default;

  /// A server of the job's that the board reaches: connections of the board to `guest_port` at Network::forward_ip come
  /// out at `host_port` of 127.0.0.1.
  struct Forward {
    std::uint16_t guest_port = 0;
    std::uint16_t host_port = 0;
  };
  /// A port of a virtual switch: datagram sockets by their paths, one frame each way in each datagram.
  struct Link {
    std::string local_path = {};
    std::string remote_path = {};
    std::string mac = {};  ///< "52:54:00:..."
  };
  struct Lent {
    std::string job_dir = {};                        ///< the only folder whose files the rest may name
    std::string tftp_dir = {};                       ///< what the board finds at Network::tftp_ip by TFTP; "": nothing
    std::vector<Forward> forwards = {};
    std::vector<Link> links = {};                    ///< further network cards, in this order
    std::map<std::string, std::string> drives = {};  ///< the job's image (raw or qcow2) by the name of the drive; written in place
    std::string kernel = {};                         ///< loaded by the emulator, without any boot loader; "": none of these
    std::string ramdisk = {};
    std::string dtb = {};
    std::string command_line = {};
  };
  /// Where the board sees the worker, in its own network. All empty: it has no network.
  struct Network {
    std::string tftp_ip = {};     ///< TFTP, DHCP and the router
    std::string forward_ip = {};  ///< Lent::forwards
    std::string board_ip = {};    ///< what DHCP gives
  };

  [[nodiscard]] virtual Network network() const = 0;
  /// The names of the drives that `Lent::drives` may replace.
  [[nodiscard]] virtual std::vector<std::string> drives() const = 0;
  /// Checks and keeps what is lent, for the next power-on and all after it; what was lent before is forgotten.
  /// Errors: denied (job) for a path outside of job_dir or an image that refers to another file; bad_input (job) for an
  /// unknown drive; unsupported (job) for a network or a kernel where the machine has none.
  virtual Result<> lend(Lent lent) = 0;
  /// Forgets it, and what the board wrote to its drives unless the lab keeps that for ever.
  virtual void take_back() = 0;
};

}  // namespace hilltop::drivers
