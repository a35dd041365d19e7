// SPDX-License-Identifier: Apache-2.0
#include "web/ws/streams.hpp"

namespace hilltop::web {
namespace {

struct Ends {
  explicit Ends(asio::any_io_executor io) : changed(std::move(io)) {}
  Event changed;
  std::optional<Result<>> sent, received;
};

Task<> note_end(std::shared_ptr<Ends> ends, std::optional<Result<>> Ends::* which, Task<> task) {
  (*ends).*which = co_await std::move(task);
  ends->changed.notify();
  co_return ok();
}

std::string words_for(const Result<>& result) {
  if (result) return "end";
  return result.error().code == Errc::canceled ? "the server stops" : result.error().text;
}

}  // namespace

Task<> ignore_incoming(std::shared_ptr<WebSocket> socket) {
  for (;;) HILLTOP_CO_CHECK(co_await socket->read());
}

Task<> both_ways(std::shared_ptr<WebSocket> socket, asio::any_io_executor io, Task<> send, Task<> receive) {
  auto ends = std::make_shared<Ends>(io);
  TaskScope scope(io, "websocket");
  const auto sender = scope.spawn("send", note_end(ends, &Ends::sent, std::move(send)));
  scope.spawn("receive", note_end(ends, &Ends::received, std::move(receive)));
  bool canceled = false;
  while (!ends->sent && !ends->received && !canceled) canceled = !co_await ends->changed.wait(Deadline::never());
  co_await ignore_cancellation();
  scope.cancel(sender);
  while (!ends->sent) (void)co_await ends->changed.wait(Deadline::never());
  const bool client_stays = !ends->received || (!*ends->received && ends->received->error().code != Errc::unavailable);
  if (client_stays) {  // the receiver reads the client's goodbye
    const auto& cause = ends->received && !*ends->received ? *ends->received : *ends->sent;
    (void)co_await socket->close(canceled ? "the server stops" : words_for(cause));
  }
  socket->drop();
  co_await scope.join();
  if (ends->received && !*ends->received && ends->received->error().code != Errc::unavailable && !canceled)
    co_return std::move(*ends->received).error();
  co_return std::move(*ends->sent);
}

}  // namespace hilltop::web
