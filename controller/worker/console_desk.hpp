// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "boards/board_session.hpp"
#include "controller/console_use.hpp"
#include "controller/worker/console_port.hpp"

namespace hilltop::controller {

/// Who types at which console, and the ports at which consoles are served: for all boards of a worker.
/// Thread: the worker's.
class ConsoleDesk {
 public:
  /// `changed` is called with the board's name whenever writers or ports of it have changed.
  using Changed = std::function<void(const std::string& board)>;
  ConsoleDesk(asio::any_io_executor executor, Changed changed)
      : executor_(std::move(executor)), changed_(std::move(changed)) {}

  /// Makes `writer` the one who types, or does nothing where it is. With `take` whoever typed before is put out.
  /// Errors: busy (job) naming who types.
  Result<> claim(const std::string& board, ConsoleWriter writer, bool take);
  /// Lets others type, if it is `id` who does.
  void release(const std::string& board, const std::string& console, const std::string& id);
  /// Errors: busy (job) naming who types, unless that is `id` or nobody.
  [[nodiscard]] Result<> may_type(const std::string& board, const std::string& console, const std::string& id) const;
  [[nodiscard]] std::vector<ConsoleWriter> writers(const std::string& board) const;
  [[nodiscard]] std::vector<ConsolePortView> ports(const std::string& board) const;

  /// What a port is asked for.
  struct PortRequest {
    std::string console;  ///< as the session has it, not ""
    PortKind kind = PortKind::rfc2217;
    std::string address;
    std::uint16_t port = 0;
    std::string owner;
  };
  /// Serves a console at a TCP port until close_ports(). Value: where. Errors: those of ConsolePort::open; not_found
  /// (job); busy (job) for more than eight ports of a board.
  Result<std::string> open_port(std::shared_ptr<boards::BoardSession> session, PortRequest request,
                                std::function<bool()> is_open);
  /// Serves a console at a port of the lab's, for as long as the board is open. What its clients send goes nowhere
  /// until lend_lab_port(). Errors: those of ConsolePort::open; not_found (job).
  Result<> open_lab_port(std::shared_ptr<boards::BoardSession> session, PortRequest request,
                         std::function<bool()> is_open);
  /// Lets the clients of a console's port of the lab type in the name of `owner`, who holds the lease, until clear().
  /// Value: where; nothing where the lab has no such port.
  std::optional<std::string> lend_lab_port(const std::string& board, const std::string& console, PortKind kind,
                                           const std::string& owner);
  /// Closes the lab's ports of a board: it leaves, or they are to be others.
  static Task<> close_lab_ports(std::shared_ptr<ConsoleDesk> self, std::string board);
  /// Closes all ports of a board that a lease opened; those of the lab are for reading again.
  static Task<> close_ports(std::shared_ptr<ConsoleDesk> self, std::string board);
  /// The same, and forgets who typed: the lease is over.
  static Task<> clear(std::shared_ptr<ConsoleDesk> self, std::string board);
  static Task<> clear_all(std::shared_ptr<ConsoleDesk> self);

 private:
  struct OpenPort {
    ConsolePortView view;
    std::shared_ptr<ConsolePort> port;
    std::shared_ptr<std::string> lent_to = {};  ///< of the lab's: who may type, "" nobody; null for a lease's port
  };
  Result<std::shared_ptr<ConsolePort>> listen(std::shared_ptr<boards::BoardSession> session, const PortRequest& request,
                                              std::function<bool()> is_open, std::shared_ptr<std::string> lent_to);
  static Task<> close_those(std::shared_ptr<ConsoleDesk> self, std::string board, bool of_the_lab);
  using Key = std::pair<std::string, std::string>;  // board, console

  asio::any_io_executor executor_;
  Changed changed_;
  std::map<Key, ConsoleWriter> writers_;
  std::multimap<std::string, OpenPort> ports_;                                  // by board
  std::shared_ptr<ConsoleDesk*> alive_ = std::make_shared<ConsoleDesk*>(this);  // ports may outlive the desk
};

}  // namespace hilltop::controller
