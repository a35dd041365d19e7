// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "drivers/core/deadline.hpp"
#include "drivers/core/result.hpp"

/// A blocking HTTP/1.1 and WebSocket client for the command line and for tests.
/// Thread: an object is used by one thread at a time; nothing runs behind the caller's back.
namespace hilltop::web {

using HeaderList = std::vector<std::pair<std::string, std::string>>;

struct HttpReply {
  unsigned status = 0;
  HeaderList headers;
  std::string body;
  /// The value of the header called `name` (any case), or "".
  [[nodiscard]] std::string header(std::string_view name) const;
  [[nodiscard]] bool success() const { return status >= 200 && status < 300; }
};

/// One part of a multipart/form-data upload, streamed from disk.
struct FilePart {
  std::string name;            ///< form field
  std::filesystem::path path;  ///< its last component is sent as the file's name
};

struct ClientOptions {
  std::string ca_file;                         ///< PEM; "" = the system's
  bool verify = true;                          ///< false: any certificate is taken
  HeaderList headers;                          ///< sent with every request, e.g. {"Authorization", "Bearer ..."}
  std::size_t body_limit = 256 * 1024 * 1024;  ///< of a reply that is kept in memory
};

/// Errors of all calls: unavailable (infrastructure) when the server cannot be reached or ends the connection; timeout;
/// protocol (infrastructure) for what is not HTTP; bad_input (configuration) for a malformed URL. A reply with status
/// 4xx or 5xx is no error here.
class HttpClient {
 public:
  /// `base` is "http://host:port" or "https://host[:port]", with or without a path prefix. IPv6 in brackets.
  static Result<std::unique_ptr<HttpClient>> make(std::string base, ClientOptions options = {});
  virtual ~HttpClient() = default;

  /// `target` is "/api/v1/...": appended to the base. The connection is kept and used again.
  virtual Result<HttpReply> request(std::string_view method, std::string_view target, const HeaderList& headers,
                                    std::string body, Deadline deadline) = 0;
  /// GET; a successful reply's body goes to `sink` piece by piece (false ends the download), others' to reply.body.
  virtual Result<HttpReply> download(std::string_view target, const std::function<bool(std::string_view)>& sink,
                                     Deadline deadline) = 0;
  /// POST multipart/form-data. `progress(done, total)` in bytes.
  virtual Result<HttpReply> upload(std::string_view target, const std::vector<FilePart>& parts,
                                   const std::function<void(std::uint64_t, std::uint64_t)>& progress,
                                   Deadline deadline) = 0;
};

struct WsMessage {
  enum class Kind : std::uint8_t {
    text,
    binary,
    closed,    ///< the server said goodbye: `data` is its reason. Nothing follows.
    timeout,   ///< the deadline passed; the connection stands
    readable,  ///< `also_fd` has input; the connection stands
  };
  Kind kind = Kind::closed;
  std::string data;
};

/// A WebSocket connection. Pings are answered while next() or send() runs.
class WsClient {
 public:
  /// `base` and `options` as above. Errors: those of HttpClient; a refusal is denied, not_found, busy or unavailable
  /// (job) with the server's own text.
  static Result<std::unique_ptr<WsClient>> connect(const std::string& base, std::string_view target,
                                                   const ClientOptions& options, Deadline deadline);
  virtual ~WsClient() = default;

  /// The next message, or what else happened first. With `also_fd` >= 0 it returns when that descriptor can be read,
  /// too (a terminal beside a console, in one thread). Errors: unavailable, protocol (infrastructure): the connection
  /// is over.
  virtual Result<WsMessage> next(Deadline deadline, int also_fd = -1) = 0;
  virtual Result<> send(std::string_view data, bool binary, Deadline deadline) = 0;
  /// Says goodbye and waits for the answer, at most until `deadline`.
  virtual void close(Deadline deadline) = 0;
};

}  // namespace hilltop::web
