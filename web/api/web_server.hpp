// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "controller/farm.hpp"
#include "drivers/core/driver_info.hpp"
#include "drivers/core/task.hpp"

namespace hilltop::web {

struct WebOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 8080;  ///< 0: any free one
  unsigned threads = 2;
  std::string tls_certificate, tls_key;  ///< PEM files; both or none
  std::filesystem::path upload_dir;  ///< for files on their way to a board; made when it is missing; "" = the system's
  bool allow_plain = false;          ///< listen beyond loopback without TLS
  drivers::DriverTable drivers;      ///< for /api/v1/drivers
  std::string version = "0.1.0";
};

/// Whether these options keep tokens off the network in the clear: asked by start(), and by who wants to know before
/// anything is opened. Errors: denied (configuration), naming hilltopd's options.
Result<> check_exposure(const WebOptions& options);

/// REST, WebSockets and the page over a farm.
class WebServer {
 public:
  /// Listens and serves. Call it on the control thread.
  /// Errors: configuration for an address, certificate or key that cannot be used; denied (configuration) for an
  /// address beyond loopback without TLS unless `allow_plain`; busy (configuration) when the port is taken.
  static Result<std::unique_ptr<WebServer>> start(WebOptions options, asio::any_io_executor control,
                                                  std::shared_ptr<controller::Farm> farm);
  virtual ~WebServer() = default;
  [[nodiscard]] virtual std::uint16_t port() const = 0;
  /// Lets requests that run end, at most until `deadline`; then ends everything and joins the threads.
  /// Thread: the control thread, before Farm::shut_down().
  virtual Task<> shut_down(Deadline deadline) = 0;
  /// Ends everything now and joins the I/O threads. What a request began on the control thread is canceled there.
  /// Thread: the control thread.
  virtual void stop() = 0;
};

}  // namespace hilltop::web
