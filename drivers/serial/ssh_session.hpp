// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "drivers/core/env.hpp"
#include "drivers/core/process.hpp"
#include "drivers/fake/socket_line.hpp"

namespace hilltop::drivers {

/// Where a computer is reached, and what it must prove.
struct SshAddress {
  std::string host, user;
  std::uint16_t port = 22;
  std::filesystem::path identity_file;
  std::string host_key;  ///< "ssh-ed25519 AAAA...": any other one is refused
};

/// A login at a computer, by OpenSSH's client with a terminal at the far end. What the terminal says is the line; the
/// line stays when the session ends, and the next one speaks on it. Thread: of its executor.
/// Source: ssh(1), ssh_config(5) of OpenSSH 9.2.
class SshSession {
 public:
  SshSession(const Env& env, SshAddress address);
  ~SshSession();

  /// Logs in; returns when the host has accepted the key. Does nothing while a session is open.
  /// Errors: denied (configuration) for a host that is not the one, or one that refuses the key; unavailable
  /// (infrastructure) with ssh's last words; timeout (infrastructure); canceled; not_found (configuration) without ssh.
  static Task<> open(std::shared_ptr<SshSession> self, Deadline deadline);
  /// Hangs up, and waits until ssh is gone. Deaf to cancellation.
  static Task<> close(std::shared_ptr<SshSession> self, Deadline deadline);
  static Task<> shut_down(std::shared_ptr<SshSession> self, Deadline deadline);

  [[nodiscard]] bool is_open() const { return process_ != nullptr; }
  [[nodiscard]] SocketLine& line() { return line_; }
  /// Called when an open session ended by itself.
  void on_lost(std::function<void(std::string)> handler) { on_lost_ = std::move(handler); }
  /// For destructors: nothing is called any more.
  void abandon();

 private:
  static Task<> watch(std::shared_ptr<SshSession> self, std::shared_ptr<Process> process);
  Result<> start(Deadline deadline);
  [[nodiscard]] Error why_not() const;

  Env env_;
  SshAddress address_;
  SocketLine line_;
  std::shared_ptr<Process> process_;  // there while a session is open, or being opened
  std::string said_;                  // by ssh itself, not by the host's terminal
  Event changed_;
  std::function<void(std::string)> on_lost_;
  bool accepted_ = false;  // the host took the key
  bool wanted_ = false;    // nobody asked for its end
  TaskScope scope_;
};

}  // namespace hilltop::drivers
