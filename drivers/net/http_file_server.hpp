// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <functional>
#include <memory>

#include "drivers/net/served_files.hpp"

namespace hilltop::drivers {

/// Serves files to boards: GET and HEAD, with ranges. Files are looked up by the connection's peer; who has none is
/// answered 404. Thread: of its executor.
class HttpFileServer {
 public:
  /// The files of the board at `peer`; nullptr where there is none.
  using FilesOf = std::function<std::shared_ptr<ServedFiles>(Ipv4Address peer)>;

  /// Listens at `local` (port 0: any free one); its coroutines run in `scope`.
  /// Errors: unavailable (configuration) when the address or the port cannot be had.
  static Result<std::unique_ptr<HttpFileServer>> start(asio::any_io_executor executor, TaskScope& scope,
                                                       asio::ip::tcp::endpoint local, FilesOf files_of,
                                                       std::shared_ptr<Lane> lane);
  ~HttpFileServer();  ///< stops listening; what runs is ended by its lease or the scope
  [[nodiscard]] std::uint16_t port() const;

  struct State;

 private:
  explicit HttpFileServer(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

}  // namespace hilltop::drivers
