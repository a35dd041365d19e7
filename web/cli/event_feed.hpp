// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "web/cli/context.hpp"

namespace hilltop::cli {

/// Waits for something to happen on the server, and gets back to it after a lost connection.
/// A change is never missed: after every (re)connection the caller is told to look again at all that it watches.
/// Where the server has no event stream it looks twice a second.
class EventFeed {
 public:
  enum class Wake : unsigned char {
    look_again,  ///< (re)connected, or time to look: anything may have changed
    event,       ///< `events()` has some
    signal,      ///< `wake_fd` has input
    quiet,       ///< the deadline passed
  };

  /// `wake_fd`: a descriptor that ends any wait when it has input; -1 for none. `patience`: how long a lost server is
  /// waited for.
  EventFeed(Context& context, Api& api, int wake_fd, std::chrono::seconds patience);

  /// Errors: out of reach (after `patience`), what the server refuses.
  Result<Wake> wait(Deadline deadline);
  /// The events of the last wait.
  [[nodiscard]] const std::vector<Json>& events() const { return events_; }
  /// Asks for events from after this number on, so that none is lost over a reconnection; "" = from now.
  void start_after(std::string seq) { after_ = std::move(seq); }
  /// The caller's own request found the server gone: starts over.
  void lost(const Error& error);

 private:
  Result<Wake> connect(Deadline deadline);
  Wake pause(Deadline deadline);
  void take(const std::string& text);

  Context& context_;
  Api& api_;
  int wake_fd_;
  std::chrono::seconds patience_;
  std::unique_ptr<web::WsClient> socket_;
  std::vector<Json> events_;
  std::string after_;
  bool polls_ = false;
  bool was_lost_ = false;
  Deadline gives_up_ = Deadline::never();
  std::chrono::milliseconds backoff_{100};
};

}  // namespace hilltop::cli
